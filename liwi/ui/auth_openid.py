"""Login with Hugging Face, or any other OpenID provider: authorization code with PKCE, by Authlib.

Gradio has such routes too, but they exist only on a Space, keep the whole token in the cookie, and protect no route of ours.
"""

from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from liwi.accounts import MAX_NAME
from liwi.settings import OpenIdClient
from liwi.ui.auth_pages import TEXTS, language_of, openid_page, safe_target


class OpenIdLogin:
    """People are known by an OpenID provider; their name is its ``preferred_username``."""

    session_seconds = 8 * 60 * 60  # as long as a login with Hugging Face lasts

    def __init__(self, client: OpenIdClient, *, reserved: str, public_hosts: tuple[str, ...] = ()) -> None:
        from authlib.integrations.starlette_client import OAuth

        self._reserved, self._public_hosts = reserved, public_hosts
        self._huggingface = (urlsplit(client.provider).hostname or "") == "huggingface.co"
        self._provider: Any = OAuth().register(
            name="openid",
            client_id=client.client_id,
            client_secret=client.client_secret,
            server_metadata_url=f"{client.provider}/.well-known/openid-configuration",
            client_kwargs={"scope": client.scopes, "code_challenge_method": "S256", "timeout": 10},
        )

    def routes(self) -> list[BaseRoute]:
        """The login page, the way to the provider, and the way back."""
        return [
            Route("/login", self._show),
            Route("/login/openid", self._start),
            Route("/login/callback", self._finish, name="openid_callback"),
        ]

    def person_of(self, request: HTTPConnection) -> str | None:
        """Whoever the provider named."""
        name = request.session.get("openid_person")
        return name if isinstance(name, str) and name != self._reserved else None

    async def _show(self, request: Request) -> Response:
        target = safe_target(request.query_params.get("next", "/"))
        return RedirectResponse(target, 303) if self.person_of(request) is not None else self._page(request, target)

    async def _start(self, request: Request) -> Response:
        import httpx
        from authlib.integrations.base_client import OAuthError

        target = safe_target(request.query_params.get("next", "/"))
        request.session.clear()  # attempts that were broken off would fill the cookie
        back = f"https://{self._public_hosts[0]}/login/callback" if self._public_hosts else str(request.url_for("openid_callback"))
        try:
            response: Response = await self._provider.authorize_redirect(request, back)
        except (OAuthError, httpx.HTTPError, ValueError):
            return self._page(request, target, "unreachable", 502)
        request.session["next"] = target
        return response

    async def _finish(self, request: Request) -> Response:
        import httpx
        from authlib.integrations.base_client import OAuthError
        from authlib.integrations.base_client.errors import MismatchingStateError
        from joserfc.errors import JoseError

        target = safe_target(request.session.get("next", "/"))
        try:
            token = await self._provider.authorize_access_token(request)
            told = token.get("userinfo") or {}
            if "preferred_username" not in told:
                told = await self._provider.userinfo(token=token)
        except MismatchingStateError:
            return self._page(request, target, "expired", 400)
        except (httpx.HTTPError, ValueError):
            return self._page(request, target, "unreachable", 502)
        except (OAuthError, JoseError):
            return self._page(request, target, "refused", 403)
        request.session.clear()
        name = told.get("preferred_username")
        if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
            return self._page(request, target, "unnamed", 403)
        if name == self._reserved:
            return self._page(request, target, "reserved", 403)
        request.session["openid_person"] = name
        return RedirectResponse(target, 303)

    def _page(self, request: Request, target: str, problem: str = "", status: int = 200) -> Response:
        language = language_of(request.headers.get("accept-language", ""))
        message = TEXTS[language]["denied"].format(reason=TEXTS[language][problem]) if problem else ""
        href = "/login/openid" if target == "/" else f"/login/openid?next={quote(target, safe='')}"
        framed = bool(self._public_hosts)
        return openid_page(language, href, huggingface=self._huggingface, framed=framed, problem=message, status=status)
