"""What the JSON routes of all tabs share: who asks comes first, bodies are bounded, and errors are answered in words for a person."""

import json
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from liwi.errors import InputError, LiwiError

MAX_BODY_BYTES = 16_000_000
NO_STORE = {"Cache-Control": "no-store"}


class NoJson(InputError):
    """A body that does not say that it is JSON."""


Handler = Callable[[str, Request], Awaitable[Response]]


def refusal(kind: str, message: str, status: int, **data: object) -> JSONResponse:
    """An answer that says what went wrong."""
    return JSONResponse({"error": {"kind": kind, "message": message, **data}}, status, NO_STORE)


def guarded(
    handler: Handler, person_of: Callable[[Request], str | None], error_answer: Callable[[LiwiError], Response]
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a route: calls the handler with the person's name, refuses nobody's requests, and answers with errors.

    Args:
        handler: takes the name and the request.
        person_of: names who sent a request; None for nobody.
        error_answer: the answer to an error meant for a person; any other is logged, and answered without its text.
    """

    async def handle(request: Request) -> Response:
        person = person_of(request)
        if person is None:
            return refusal("login", "You are not logged in. Log in and try again.", 401)
        try:
            return await handler(person, request)
        except NoJson as error:
            return refusal("input", str(error), 415)
        except LiwiError as error:
            return error_answer(error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return refusal("internal", "Something went wrong in the server; its log says what. Try again.", 500)

    return handle


async def read_json(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object and say that it is JSON: so no form of another site can send it.

    Raises:
        NoJson: it does not say so.
        InputError: it is none, or too large.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NoJson("Send JSON, and say so in Content-Type.")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY_BYTES:
            raise InputError(f"The request has more than {MAX_BODY_BYTES // 10**6} MB. Change fewer things at a time.")
    try:
        body = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError("The request is no JSON.") from error
    if not isinstance(body, dict):
        raise InputError("The request must be a JSON object.")
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
