"""A small OpenID provider on loopback, with signed tokens, PKCE and one person who always says yes."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "liwi-studio", "a secret between two"


@dataclass
class Provider:
    """What the provider knows, and what it does wrong if a test wants that.

    Attributes:
        address: of itself.
        name: of the person who logs in.
        wrong: "nonce", "key", "audience" or "refuse"; empty for a good provider.
    """

    address: str
    name: str = "momo"
    wrong: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "1"}))

    def routes(self) -> list[Route]:
        """Discovery, authorization, token and keys."""
        return [
            Route("/.well-known/openid-configuration", self._configuration),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/keys", self._keys),
            Route("/userinfo", self._userinfo),
        ]

    def _configuration(self, _: Request) -> Response:
        own = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
            "userinfo_endpoint": "userinfo",
        }
        places = {name: f"{self.address}/{path}" for name, path in own.items()}
        return JSONResponse({"issuer": self.address, **places, "id_token_signing_alg_values_supported": ["RS256"]})

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        if self.wrong == "refuse":
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked['state']})}")
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form["code"])  # once only
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode() == f"{CLIENT}:{SECRET}"
        now = int(time.time())
        claims = {
            "iss": self.address,
            "sub": "1",
            "aud": "somebody else" if self.wrong == "audience" else CLIENT,
            "iat": now,
            "exp": now + 600,
            "nonce": "another" if self.wrong == "nonce" else asked["nonce"],
            "preferred_username": self.name,
        }
        key = RSAKey.generate_key(2048, parameters={"kid": "1"}) if self.wrong == "key" else self.key
        token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _keys(self, _: Request) -> Response:
        keys: dict[str, Any] = dict(KeySet([self.key]).as_dict(private=False))
        return JSONResponse(keys)

    def _userinfo(self, _: Request) -> Response:
        return JSONResponse({"sub": "1", "preferred_username": self.name})
