"""Login with name and password."""

from typing import cast
from urllib.parse import parse_qs

import anyio
from anyio import to_thread
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from liwi.accounts import Brake, PasswordFile, composed
from liwi.ui.auth_pages import TEXTS, language_of, password_page, safe_target

_MAX_FORM_BYTES = 16_384
_FREE_TRIES, _FREE_TRIES_PER_ADDRESS, _FREE_TRIES_PER_NAME = 5, 30, 100


class PasswordLogin:
    """People are known by the password file.

    Guessing is braked three times: by name and address together, so that nobody can lock somebody else out from elsewhere; by address, for
    those who try many names; by name, for those who have many addresses.
    """

    session_seconds = 14 * 24 * 60 * 60

    def __init__(self, people: PasswordFile, *, reserved: str) -> None:
        self._people, self._reserved = people, reserved
        self._brakes = (Brake(free_tries=_FREE_TRIES), Brake(free_tries=_FREE_TRIES_PER_ADDRESS), Brake(free_tries=_FREE_TRIES_PER_NAME))
        self._hashing = anyio.Semaphore(2)  # each check takes 64 MiB

    def routes(self) -> list[BaseRoute]:
        """The login page and what it sends."""
        return [Route("/login", self._show, methods=["GET"]), Route("/login", self._log_in, methods=["POST"])]

    def person_of(self, request: HTTPConnection) -> str | None:
        """Whoever logged in, as long as the password file has the same password for them."""
        name, proof = request.session.get("person"), request.session.get("proof")
        if not isinstance(name, str) or not isinstance(proof, str) or name == self._reserved:
            return None
        return name if self._people.proof(name) == proof else None

    async def _show(self, request: Request) -> Response:
        target = safe_target(request.query_params.get("next", "/"))
        if self.person_of(request) is not None:
            return RedirectResponse(target, 303)
        return password_page(_language(request), target)

    async def _log_in(self, request: Request) -> Response:
        form = await _read_form(request)
        language, target = _language(request), safe_target(form.get("next", "/"))
        name, password = composed(form.get("name", "").strip()), form.get("password", "")
        address = request.client.host if request.client else ""
        keys = tuple(zip(self._brakes, (f"{address} {name}", address, name), strict=True))
        async with self._hashing:
            seconds = max(brake.wait(key) for brake, key in keys)
            if seconds:
                wait = int(seconds) + 1
                return password_page(language, target, name=name, problem=_wait(language, wait), status=429, retry=wait)
            right = name != self._reserved and await to_thread.run_sync(self._people.check, name, password)
            for brake, key in keys:
                (brake.succeeded if right else brake.failed)(key)
        if not right:
            return password_page(language, target, name=name, problem=TEXTS[language]["wrong"], status=401)
        request.session.clear()
        request.session.update(person=name, proof=cast(str, self._people.proof(name)))
        return RedirectResponse(target, 303)


async def _read_form(request: Request) -> dict[str, str]:
    """The fields of a form, the first value of each; nothing where it is larger than a login can be."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM_BYTES:
            return {}
    try:
        return {key: values[0] for key, values in parse_qs(body.decode("ascii"), max_num_fields=10).items()}
    except ValueError:
        return {}


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language", ""))


def _wait(language: str, seconds: int) -> str:
    return TEXTS[language]["wait"].format(seconds=seconds)
