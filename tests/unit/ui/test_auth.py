"""Where accounts are needed, where a login may lead, and which language it speaks."""

import dataclasses
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from liwi.accounts import set_password
from liwi.errors import InputError
from liwi.settings import OpenIdClient, Settings
from liwi.ui.auth import Access, open_access
from liwi.ui.auth_pages import TEXTS, language_of, safe_target

SPACE = {
    "SPACE_ID": "somebody/something",
    "SPACE_HOST": "somebody-something.hf.space,own.example",
    "SPACE_AUTHOR_NAME": "somebody",
    "OAUTH_CLIENT_ID": "id",
    "OAUTH_CLIENT_SECRET": "very secret",
    "OPENID_PROVIDER_URL": "https://huggingface.co",
}


def opened(settings: Settings, tmp_path: Path) -> Access:
    return open_access(dataclasses.replace(settings, data=tmp_path), "local", lambda _: None)


def request(access: Access, **headers: str) -> int:
    """The status with which a request with these headers is refused; 200 if it is not."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    refused = access.refusal(Request({"type": "http", "method": "POST", "path": "/", "headers": pairs}))
    return refused.status_code if refused is not None else 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_on_loopback_nobody_logs_in(tmp_path: Path, host: str) -> None:
    assert not opened(Settings(host=host), tmp_path).needs_login


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.0.2", "example.org", "localhost.example.org", "0"])
def test_beyond_loopback_accounts_are_needed(tmp_path: Path, host: str) -> None:
    with pytest.raises(InputError, match="there are no accounts"):
        opened(Settings(host=host), tmp_path)
    set_password(tmp_path / "p", "anna", "correct horse battery")
    assert opened(Settings(host=host, passwords=tmp_path / "p"), tmp_path).needs_login


def test_a_password_file_turns_the_login_on_for_a_proxy_on_the_same_machine_too(tmp_path: Path) -> None:
    set_password(tmp_path / "p", "anna", "correct horse battery")
    access = opened(Settings(passwords=tmp_path / "p"), tmp_path)
    assert access.needs_login
    assert request(access, host="studio.example.org", origin="https://studio.example.org") == 200
    assert request(access, host="127.0.0.1:7860", origin="https://studio.example.org", x_forwarded_host="studio.example.org") == 200
    assert request(access, host="studio.example.org", origin="https://evil.example.org") == 403


def test_a_space_needs_oauth_and_its_owner_is_an_admin(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hf_oauth: true"):
        opened(Settings.from_environment({"SPACE_ID": "somebody/something"}), tmp_path)
    with pytest.raises(InputError, match="there are no accounts"):
        opened(Settings.from_environment({**SPACE, "OAUTH_CLIENT_SECRET": ""}), tmp_path)
    settings = Settings.from_environment({**SPACE, "LIWI_ADMINS": "a, b"})
    assert (settings.host, settings.admins) == ("0.0.0.0", ("a", "b", "somebody"))
    assert settings.space_hosts == ("somebody-something.hf.space", "own.example")
    access = opened(settings, tmp_path)
    assert access.needs_login
    cookie = access.middleware[0].kwargs
    assert (cookie["https_only"], cookie["same_site"]) == (True, "none")
    assert request(access, host="10.0.0.1", origin="https://somebody-something.hf.space") == 200
    assert request(access, host="10.0.0.1", origin="https://huggingface.co") == 403


def test_the_owner_of_a_space_counts_only_on_a_space() -> None:
    assert Settings.from_environment({"SPACE_AUTHOR_NAME": "somebody", "SPACE_HOST": "evil.example"}) == Settings()


def test_two_kinds_of_accounts_are_refused(tmp_path: Path) -> None:
    set_password(tmp_path / "p", "anna", "correct horse battery")
    both = Settings(passwords=tmp_path / "p", openid=OpenIdClient("https://x", "id", "secret"))
    with pytest.raises(InputError, match="Choose one"):
        opened(both, tmp_path)


def test_secrets_are_in_no_message() -> None:
    settings = Settings.from_environment({**SPACE, "LIWI_SECRET": "s" * 40, "LIWI_DATABASE": "postgresql://u:hidden@h/n"})
    assert "very secret" not in repr(settings)
    assert "s" * 40 not in repr(settings)
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "localhost:7860"}, 200),
        ({"host": "[::1]:7860"}, 200),
        ({"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:7860"}, 200),
        ({"host": "evil.example:7860"}, 421),
        ({"host": ""}, 421),
        ({"host": "localhost:7860", "origin": "http://localhost:3000"}, 403),
        ({"host": "localhost:7860", "origin": "http://evil.example"}, 403),
        ({"host": "localhost:7860", "origin": "null"}, 403),
        ({"host": "localhost:7860", "sec_fetch_site": "cross-site"}, 403),
        ({"host": "localhost:7860", "sec_fetch_site": "same-origin"}, 200),
    ],
)
def test_alone_only_this_machines_own_pages_are_answered(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    assert request(opened(Settings(), tmp_path), **headers) == status


@given(st.text(max_size=60) | st.text("/\\.:@?#ahtpevil\t\n ", max_size=20).map(lambda end: f"/{end}"))
def test_a_login_leads_nowhere_else(wanted: str) -> None:
    target = safe_target(wanted)
    assert target.startswith("/")
    whole = urlsplit(urljoin("https://studio.example", target))
    assert (whole.scheme, whole.netloc) == ("https", "studio.example")
    assert "\\" not in target
    assert not target.startswith("//")


def test_a_place_inside_the_app_is_kept() -> None:
    assert safe_target("/?view=annotate&pass=3#x") == "/?view=annotate&pass=3#x"
    assert safe_target("/login?next=/login") == "/"


@pytest.mark.parametrize(
    ("wished", "language"),
    [
        ("", "en"),
        ("ja", "ja"),
        ("zh-TW", "zh"),
        ("fr, zh;q=0.2, ja;q=0.8", "ja"),
        ("zh;q=0", "en"),
        (";;q=,,", "en"),
        ("ja;q=nan", "en"),
        ("x" * 9999, "en"),
    ],
)
def test_the_language_is_the_one_that_is_liked_best(wished: str, language: str) -> None:
    assert language_of(wished) == language


def test_every_text_is_there_in_every_language() -> None:
    assert {frozenset(texts) for texts in TEXTS.values()} == {frozenset(TEXTS["en"])}
