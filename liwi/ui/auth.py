"""Who is at the page. `open_access` decides how people are known, `Access.person_of` says who sent a request; every route of ours asks it.

*Alone*: the app listens on loopback and nothing else is set up. There is one person and no login; requests for another host name (DNS
rebinding) or from another site's pages are refused. *Accounts*: a password file or an OpenID provider is set up. Nothing but the login
page answers a person who has not logged in. What a person may then do is not decided here but by roles, at each act.

A session is a signed cookie. Pages of other sites cannot use it: every request that names a foreign origin is refused.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from liwi.accounts import PasswordFile, session_secret
from liwi.errors import InputError, LiwiError
from liwi.settings import Settings
from liwi.ui.auth_openid import OpenIdLogin
from liwi.ui.auth_password import PasswordLogin

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
OPEN_PATHS = ("/login", "/login/openid", "/login/callback", "/gradio_api/startup-events", "/robots.txt", "/favicon.ico")
"""What answers before the login; Gradio asks for the fourth when it starts."""

_TRY_AGAIN_SECONDS = 60


class Login(Protocol):
    """A way to log in.

    Attributes:
        session_seconds: how long a session lasts.
    """

    session_seconds: int

    def routes(self) -> list[BaseRoute]:
        """The pages of the login."""

    def person_of(self, request: HTTPConnection) -> str | None:
        """Who is logged in."""


class Access:
    """How people are known. `open_access` makes one.

    Attributes:
        middleware, routes: for ``launch(app_kwargs=...)``.
    """

    def __init__(self, settings: Settings, local_user: str, login: Login | None, secret: str, welcome: Callable[[str], object]) -> None:
        self._local_user, self._login = local_user, login
        self._own_host, self._framed = settings.host.lower(), settings.space
        self._space_hosts = {host.lower() for host in settings.space_hosts}
        self._welcome, self._welcomed = welcome, dict[str, float]()
        self._lock = threading.Lock()
        self.middleware = [Middleware(_Guard, access=self)]
        self.routes: list[BaseRoute] = [Route("/account", self._account)]
        if login is not None:
            cookie = Middleware(
                SessionMiddleware,
                secret_key=secret,
                session_cookie="liwi_session",
                max_age=login.session_seconds,
                same_site="none" if settings.space else "lax",
                https_only=settings.space,
            )
            self.middleware = [cookie, *self.middleware]
            self.routes = [*self.routes, *login.routes(), Route("/logout", self._logout, methods=["POST"])]

    @property
    def needs_login(self) -> bool:
        """Whether people have accounts."""
        return self._login is not None

    def person_of(self, request: HTTPConnection) -> str | None:
        """The name of the person who sent a request; None if nobody is logged in."""
        return self._local_user if self._login is None else self._login.person_of(request)

    def refusal(self, request: HTTPConnection) -> Response | None:
        """The answer to a request that is not for this app or comes from another site's page; None if it is fine."""
        host = request.headers.get("host", "").lower()
        if self._login is None and _without_port(host) not in (*LOCAL_HOSTS, self._own_host):
            return PlainTextResponse(
                f"This app answers only to localhost, not to {host[:100]!r}. To open it to others, set up accounts: LIWI_PASSWORDS.", 421
            )
        origin = request.headers.get("origin")
        own = {host, request.headers.get("x-forwarded-host", "").lower(), *self._space_hosts} - {""}  # no page can forge that header
        foreign = origin is not None and urlsplit(origin.lower()).netloc not in own
        if foreign or (request.scope["method"] not in ("GET", "HEAD") and request.headers.get("sec-fetch-site") == "cross-site"):
            return PlainTextResponse("This request came from a page of another site.", 403)
        return None

    def knows(self, person: str) -> bool:
        """Whether the rest of the app has been told of a person."""
        return self._welcomed.get(person, 0.0) > time.monotonic()

    def greet(self, person: str) -> None:
        """Tell the rest of the app of a person, once. A failure is reported, stops nothing, and is tried again a minute later."""
        with self._lock:
            if self.knows(person):
                return
            self._welcomed[person] = time.monotonic() + _TRY_AGAIN_SECONDS
        try:
            self._welcome(person)
        except LiwiError as error:
            print(error, file=sys.stderr)
        else:
            self._welcomed[person] = float("inf")

    def secure(self, headers: MutableHeaders) -> None:
        """Add what keeps browsers from guessing types, and other sites from framing the page or learning its addresses."""
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        if not self._framed:  # a Space is a frame in a page of Hugging Face
            headers.setdefault("Content-Security-Policy", "frame-ancestors 'self'")

    def _account(self, request: Request) -> Response:
        return JSONResponse({"name": self.person_of(request), "login": self.needs_login}, headers={"Cache-Control": "no-store"})

    async def _logout(self, request: Request) -> Response:
        request.session.clear()
        return RedirectResponse("/login", 303)


def open_access(settings: Settings, local_user: str, welcome: Callable[[str], object]) -> Access:
    """Decide how people are known.

    Args:
        settings: where the app listens, and what accounts are set up.
        local_user: the name of the person alone on their own machine; nobody else may have it.
        welcome: called once for each person, before their first request is answered.

    Raises:
        InputError: others could reach the app and no accounts are set up, or two kinds of them; or what is set up cannot be used.
    """
    if settings.passwords is not None and settings.openid is not None:
        raise InputError("Both a password file and OAuth are set up, and a name could mean two people. Choose one.")
    login: Login | None = None
    if settings.passwords is not None:
        login = PasswordLogin(PasswordFile(settings.passwords), reserved=local_user)
    elif settings.openid is not None:
        login = OpenIdLogin(settings.openid, reserved=local_user, public_hosts=settings.space_hosts)
    elif settings.reachable_by_others:
        raise InputError(
            f"Others could reach the app at {settings.host}, and there are no accounts. Make a password file "
            "(python -m liwi password NAME --file FILE) and name it with --passwords FILE or LIWI_PASSWORDS; or, on a Space, write "
            "'hf_oauth: true' into its README; or listen on 127.0.0.1."
        )
    return Access(settings, local_user, login, session_secret(settings.secret, settings.data) if login else "", welcome)


class _Guard:
    """The door: refuses what other sites send, and answers nobody but the people who are known."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":

            async def send_secured(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self._access.secure(MutableHeaders(scope=message))
                await send(message)

            answer = await self._answer(Request(scope))
            await (self._app if answer is None else answer)(scope, receive, send_secured)
        else:  # there are no web sockets here
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, request: Request) -> Response | None:
        """What to say instead of letting the request in; None lets it in."""
        refused = self._access.refusal(request)
        if refused is not None:
            return refused
        person, path = self._access.person_of(request), request.url.path
        if person is not None:
            if not self._access.knows(person):
                await run_in_threadpool(self._access.greet, person)
            return None
        if path in OPEN_PATHS:
            return None
        if request.method in ("GET", "HEAD") and (path == "/" or "text/html" in request.headers.get("accept", "")):
            target = path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse("/login" if target == "/" else f"/login?next={quote(target, safe='')}", 303)
        return JSONResponse({"error": {"kind": "login", "message": "You are not logged in. Log in and try again."}}, 401)


def _without_port(host: str) -> str:
    return host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
