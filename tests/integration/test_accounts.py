"""Who gets in: the whole app, started as a person starts it, asked over real HTTP."""

import base64
import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import itsdangerous
import pytest
from sqlalchemy import text

from annotator.database import open_database
from liwi.accounts import set_password
from tests.integration.openid_provider import CLIENT, SECRET, Provider
from tests.integration.serving import ROOT, free_port, refusal, running_app, served

ANNA, BEN = ("anna", "correct horse battery"), ("本", "もっと長いパスワード")
PAGE = {"Accept": "text/html"}
CLOSED = (
    "/config",
    "/gradio_api/info",
    "/gradio_api/queue/data",
    "/gradio_api/file=/etc/passwd",
    "/tiles/x/y.webp",
    "/exports/x/y.psd",
    "/workbench/pictures/" + "0" * 64 + ".webp",
    "/workbench/downloads/x",
    "/workbench/passes/1/pictures",
    "/account",
    "/assets/none.js",
    "/docs",
    "/openapi.json",
)


def data_of(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "data" / "annotations.db")


def roles(folder: Path) -> dict[str, str]:
    with contextlib.closing(data_of(folder)) as connection:
        return dict(connection.execute("SELECT name, role FROM user"))


def log_in(client: httpx.Client, name: str, password: str, target: str = "/") -> httpx.Response:
    return client.post("/login", data={"name": name, "password": password, "next": target})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("accounts")


@pytest.fixture(scope="module")
def passwords(folder: Path) -> Path:
    for name, password in (ANNA, BEN):
        set_password(folder / "passwords.txt", name, password)
    return folder / "passwords.txt"


@pytest.fixture(scope="module")
def address(folder: Path, passwords: Path) -> Iterator[str]:
    """The app, open to others, with a password file."""
    environment = {"LIWI_ADMINS": "anna"}
    with running_app(folder, "--host", "0.0.0.0", "--passwords", str(passwords), environment=environment) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    """A browser without a login."""
    with httpx.Client(base_url=address, timeout=30) as client:
        yield client


@pytest.fixture
def anna(client: httpx.Client) -> httpx.Client:
    assert log_in(client, *ANNA).status_code == 303
    return client


def test_the_app_refuses_to_start_where_it_would_be_open_to_all(tmp_path: Path) -> None:
    said = refusal(tmp_path, "--port", str(free_port()), "--host", "0.0.0.0")
    assert "there are no accounts" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("damage", ["newer", "read-only"])
def test_the_app_does_not_start_on_a_database_that_it_cannot_keep_whole(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "data" / "annotations.db"
    with contextlib.closing(open_database(file)) as database, database.write() as session:
        if damage == "newer":
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with contextlib.closing(sqlite3.connect(file)) as connection:
        before = list(connection.iterdump())
    url = f"sqlite:///file:{file}?mode=ro&uri=true" if damage == "read-only" else f"sqlite:///{file}"
    said = refusal(tmp_path, "--port", str(free_port()), "--database", url)
    assert ("newer version of this program" if damage == "newer" else "may only be read") in said
    assert "Traceback" not in said
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert list(connection.iterdump()) == before


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_is_shown_without_a_login(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 401
    assert answer.json()["error"]["kind"] == "login"


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/component_server", "/gradio_api/queue/join", "/gradio_api/upload", "/gradio_api/run/predict", "/workbench/api/session",
     "/workbench/api/set_role", "/workbench/uploads", "/logout"],
)  # fmt: skip
def test_nothing_is_done_without_a_login(client: httpx.Client, path: str) -> None:
    assert client.post(path, json={}).status_code == 401


def test_the_page_leads_to_the_login_and_back_to_where_one_wanted_to_go(client: httpx.Client) -> None:
    answer = client.get("/?view=annotate&pass=3", headers=PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F%3Fview%3Dannotate%26pass%3D3")
    assert client.head("/").headers["location"] == "/login"
    page = client.get(answer.headers["location"]).text
    assert 'value="/?view=annotate&amp;pass=3"' in page
    assert log_in(client, *ANNA, target="/?view=annotate&pass=3").headers["location"] == "/?view=annotate&pass=3"


@pytest.mark.parametrize(
    ("wished", "words"), [("zh-CN,zh;q=0.9", "用户名"), ("ja", "ユーザー名"), ("fr,de", "Name"), ("de;q=x, ja;q=0.5", "ユーザー名")]
)
def test_the_login_speaks_the_language_of_the_browser(client: httpx.Client, wished: str, words: str) -> None:
    answer = client.get("/login", headers={"Accept-Language": wished})
    assert words in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.text.count("<script") == 1  # the page's own, whose hash the policy names


@pytest.mark.parametrize("name_and_password", [ANNA, BEN])
def test_a_person_logs_in_and_out(client: httpx.Client, name_and_password: tuple[str, str]) -> None:
    answer = log_in(client, *name_and_password)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/account").json() == {"name": name_and_password[0], "login": True}
    assert client.get("/config").json()["username"] == name_and_password[0]
    assert client.get("/", headers=PAGE).status_code == 200
    assert client.get("/logout").status_code == 302  # Gradio's own: a link or a picture of another site logs nobody out
    assert client.get("/account").status_code == 200
    assert client.post("/logout").headers["location"] == "/login"
    assert client.get("/account").status_code == 401


def test_whoever_logs_in_becomes_a_user_with_their_role(anna: httpx.Client, folder: Path, address: str) -> None:
    assert anna.post("/workbench/api/session", json={}).json()["role"] == "admin"
    with httpx.Client(base_url=address) as other:
        log_in(other, *BEN)
        assert other.post("/workbench/api/session", json={}).json() | {"projects": []} == {
            "user": BEN[0],
            "role": "viewer",
            "may": {"annotate": False, "review": False, "administer": False},
            "login": True,
            "projects": [],
            "languages": ["en", "zh", "ja"],
            "max_upload_mb": 500,
        }
        assert {name: role for name, role in roles(folder).items() if name in (ANNA[0], BEN[0])} == {ANNA[0]: "admin", BEN[0]: "viewer"}
        assert other.post("/workbench/api/create_project", json={"name": "x"}).status_code == 403
        anna.post("/workbench/api/set_role", json={"name": BEN[0], "role": "annotator"})
        assert other.post("/workbench/api/create_project", json={"name": "x"}).status_code == 200
        anna.post("/workbench/api/set_role", json={"name": BEN[0], "role": "viewer"})
        assert other.post("/workbench/api/create_project", json={"name": "y"}).status_code == 403


@pytest.mark.parametrize(
    ("name", "password"),
    [(ANNA[0], "wrong"), (ANNA[0], ""), ("", ""), ("nobody", ANNA[1]), ("local", ANNA[1]), ("<script>", "x"), (ANNA[0], ANNA[1] + " "),
     ("' OR 1=1 --", "x"), (ANNA[0].upper(), ANNA[1]), (ANNA[0] + "\0", ANNA[1]), ("x" * 20_000, "x")],
)  # fmt: skip
def test_a_wrong_name_or_password_is_refused_in_the_same_words(client: httpx.Client, name: str, password: str) -> None:
    answer = log_in(client, name, password)
    assert answer.status_code == 401
    assert "do not fit together" in answer.text
    assert answer.text.count("<script") == 1  # the page's own, whose hash the policy names
    assert "set-cookie" not in answer.headers
    assert client.get("/account").status_code == 401


def test_guessing_is_slowed_down_for_the_guesser_alone(client: httpx.Client, address: str) -> None:
    answers = [log_in(client, "guessed", f"guess number {number}") for number in range(7)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    with httpx.Client(base_url=address) as other:
        assert log_in(other, *ANNA).status_code == 303


@pytest.mark.parametrize(
    "target",
    ["//evil.com", "https://evil.com", "/\\evil.com", "\\\\evil.com", "javascript:alert(1)", "/\t/evil.com", "///evil.com", "evil", ""],
)
def test_no_login_leads_to_another_site(client: httpx.Client, target: str) -> None:
    assert log_in(client, *ANNA, target=target).headers["location"] == "/"
    assert client.get("/login", params={"next": target}).headers["location"] == "/"


def forged(secret: str, **session: str) -> dict[str, str]:
    content = base64.b64encode(json.dumps(session).encode())
    return {"liwi_session": itsdangerous.TimestampSigner(secret).sign(content).decode()}


def test_a_forged_cookie_opens_nothing(client: httpx.Client, folder: Path) -> None:
    secret = (folder / "data" / "session_secret").read_text()
    cookies = [
        forged("", person="anna"),
        forged("x" * 64, person="anna", proof="x"),
        forged(secret, person="anna", proof="0" * 32),  # even with the secret: the session names a password that is not hers
        forged(secret, openid_person="anna"),
        forged(secret, person="local", proof=""),
        {"liwi_session": "null"},
        {"liwi_session": "a.b.c"},
        {"liwi_session": "é\udcff"},
    ]
    for cookie in cookies:
        header = "; ".join(f"{name}={value}" for name, value in cookie.items()).encode("utf-8", "surrogateescape")
        assert client.get("/account", headers={b"Cookie": header}).status_code == 401, cookie


def test_a_changed_cookie_opens_nothing(anna: httpx.Client) -> None:
    cookie = anna.cookies["liwi_session"]
    for place in (3, len(cookie) // 2, len(cookie) - 3):
        changed = cookie[:place] + ("A" if cookie[place] != "A" else "B") + cookie[place + 1 :]
        assert httpx.get(f"{anna.base_url}/account", headers={"Cookie": f"liwi_session={changed}"}).status_code == 401


def test_a_page_of_another_site_cannot_act_for_a_person(anna: httpx.Client) -> None:
    for headers in ({"Origin": "https://evil.com"}, {"Origin": "null"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"}):
        for path in ("/logout", "/workbench/api/session", "/gradio_api/component_server", "/login"):
            assert anna.post(path, json={}, headers=headers).status_code == 403, (path, headers)
    assert anna.get("/account", headers={"Origin": "https://evil.com"}).status_code == 403
    assert anna.post("/workbench/api/session", json={}, headers={"Origin": str(anna.base_url)}).status_code == 200
    assert "frame-ancestors 'self'" in anna.get("/account").headers["content-security-policy"]


def test_a_new_password_ends_the_sessions_of_the_old_one(client: httpx.Client, passwords: Path) -> None:
    set_password(passwords, "carla", "a first password")
    assert log_in(client, "carla", "a first password").status_code == 303
    assert client.get("/account").json()["name"] == "carla"
    set_password(passwords, "carla", "a second password")
    assert client.get("/account").status_code == 401
    assert log_in(client, "carla", "a first password").status_code == 401
    assert log_in(client, "carla", "a second password").status_code == 303
    passwords.write_text("".join(line for line in passwords.read_text().splitlines(keepends=True) if not line.startswith("carla:")))
    assert client.get("/account").status_code == 401


def test_files_with_secrets_are_for_their_owner_alone(address: str, folder: Path, passwords: Path) -> None:
    assert address
    for path in (passwords, folder / "data" / "session_secret"):
        assert path.stat().st_mode & 0o077 == 0


def test_gradio_hands_out_no_secret_to_people_who_are_logged_in(anna: httpx.Client, folder: Path, passwords: Path) -> None:
    data = folder / "data"
    for path in (passwords, data / "session_secret", data / "annotations.db", folder / "app.log", ROOT / "app.py", Path("/etc/passwd")):
        assert path.is_file()
        for asked in (path, f"{data}/../data/{path.name}", path.relative_to("/")):
            assert anna.get(f"/gradio_api/file={asked}").status_code in (403, 404), asked


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as a person starts it on their own machine."""
    with running_app(tmp_path_factory.mktemp("alone")) as address:
        yield address


def test_alone_there_is_no_login_and_the_person_may_do_everything(alone: str) -> None:
    assert httpx.get(f"{alone}/", headers=PAGE).status_code == 200
    assert httpx.get(f"{alone}/account").json() == {"name": "local", "login": False}
    said = httpx.post(f"{alone}/workbench/api/session", json={}).json()
    assert (said["role"], said["login"]) == ("admin", False)
    assert httpx.get(f"{alone}/tiles/x/y.webp").status_code == 404
    assert httpx.get(alone.replace("127.0.0.1", "localhost") + "/account").status_code == 200


def test_alone_the_app_answers_to_no_other_name_and_no_other_site(alone: str) -> None:
    port = alone.rpartition(":")[2]
    for host in ("evil.com", f"evil.com:{port}", "127.0.0.1.evil.com", f"localhost.evil.com:{port}", "", "[::1]evil.com", "10.0.0.1"):
        for path in ("/", "/config", "/account", "/tiles/x/y.webp"):
            assert httpx.get(f"{alone}{path}", headers={"Host": host}).status_code in (400, 421), (host, path)
    for origin in ("http://evil.com", "null", "http://localhost:1", f"http://evil.com:{port}"):
        assert httpx.post(f"{alone}/workbench/api/session", json={}, headers={"Origin": origin}).status_code == 403
    assert httpx.post(f"{alone}/workbench/api/session", json={}, headers={"Origin": alone}).status_code == 200


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    port = free_port()
    provider = Provider(f"http://127.0.0.1:{port}")
    with served(provider.routes(), port=port):
        yield provider


@pytest.fixture(scope="module")
def openid(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[tuple[str, Path]]:
    """The app with an OpenID provider, and its folder."""
    folder = tmp_path_factory.mktemp("openid")
    environment = {
        "OPENID_PROVIDER_URL": provider.address,
        "OAUTH_CLIENT_ID": CLIENT,
        "OAUTH_CLIENT_SECRET": SECRET,
        "OAUTH_SCOPES": "openid profile",
        "LIWI_ADMINS": "momo, other",
        "LIWI_DEFAULT_ROLE": "annotator",
        "LIWI_HOST": "0.0.0.0",
    }
    with running_app(folder, environment=environment) as address:
        yield address, folder


@pytest.fixture
def visitor(openid: tuple[str, Path], provider: Provider) -> Iterator[httpx.Client]:
    """A browser without a login; the provider is good again."""
    provider.wrong, provider.name = "", "momo"
    with httpx.Client(base_url=openid[0], timeout=30) as client:
        yield client


def test_an_openid_login_goes_to_the_provider_and_back(visitor: httpx.Client, openid: tuple[str, Path], provider: Provider) -> None:
    assert visitor.get("/config").status_code == 401
    assert 'href="/login/openid?next=%2F%3Fpass%3D1"' in visitor.get("/login?next=/?pass=1").text
    answer = visitor.get("/login/openid?next=/?pass=1")
    assert answer.headers["location"].startswith(f"{provider.address}/authorize?")
    back = httpx.get(answer.headers["location"]).headers["location"]
    assert back.startswith(f"{visitor.base_url}/login/callback?".replace("//login", "/login"))
    answer = visitor.get(back)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?pass=1")
    assert len(visitor.cookies["liwi_session"]) < 500  # no token in it
    assert visitor.post("/workbench/api/session", json={}).json()["role"] == "admin"
    assert visitor.get(back).status_code == 400  # a code works once
    provider.name = "nina"
    with httpx.Client(base_url=openid[0], follow_redirects=True, timeout=30) as other:
        assert other.get("/login/openid").status_code == 200
        assert other.get("/account").json()["name"] == "nina"
    assert roles(openid[1]) == {"momo": "admin", "nina": "annotator"}


@pytest.mark.parametrize("wrong", ["nonce", "key", "audience", "refuse"])
def test_what_a_provider_says_is_believed_only_if_it_is_signed_and_meant_for_us(
    visitor: httpx.Client, provider: Provider, wrong: str
) -> None:
    provider.wrong = wrong
    back = httpx.get(visitor.get("/login/openid").headers["location"]).headers["location"]
    answer = visitor.get(back)
    assert answer.status_code == 403, answer.text[-300:]
    assert "did not work" in answer.text
    assert visitor.get("/account").status_code == 401


@pytest.mark.parametrize("name", ["local", "", "a\nb", "x" * 201, " momo"])
def test_names_that_could_be_taken_for_others_are_refused(visitor: httpx.Client, provider: Provider, name: str) -> None:
    provider.name = name
    back = httpx.get(visitor.get("/login/openid").headers["location"]).headers["location"]
    assert visitor.get(back).status_code == 403
    assert visitor.get("/account").status_code == 401


def test_a_login_that_began_in_another_browser_ends_there(visitor: httpx.Client, openid: tuple[str, Path]) -> None:
    back = httpx.get(visitor.get("/login/openid").headers["location"]).headers["location"]
    with httpx.Client(base_url=openid[0]) as victim:
        assert victim.get(back).status_code == 400
        assert victim.get("/account").status_code == 401
    assert visitor.get("/login/callback").status_code == 400
    assert visitor.get("/login/callback?code=x&state=y").status_code == 400


def test_sessions_survive_a_restart(tmp_path: Path, passwords: Path) -> None:
    port = free_port()
    for start in range(2):
        with running_app(tmp_path, "--passwords", str(passwords), port=port) as address, httpx.Client(base_url=address) as client:
            if start == 0:
                assert log_in(client, *ANNA).status_code == 303
                kept = client.cookies["liwi_session"]
            else:
                assert client.get("/account", headers={"Cookie": f"liwi_session={kept}"}).json()["name"] == "anna"


def test_on_a_space_the_owner_logs_in_through_the_public_address(tmp_path: Path, provider: Provider) -> None:
    public = "somebody-something.hf.space"
    provider.wrong, provider.name = "", "momo"
    environment = {
        "SPACE_ID": "somebody/something",
        "SPACE_HOST": public,
        "SPACE_AUTHOR_NAME": "momo",
        "OPENID_PROVIDER_URL": provider.address,
        "OAUTH_CLIENT_ID": CLIENT,
        "OAUTH_CLIENT_SECRET": SECRET,
    }
    through_proxy = {"Host": public, "X-Forwarded-Proto": "https"}
    with running_app(tmp_path, environment=environment) as address, httpx.Client(base_url=address, headers=through_proxy) as client:
        assert 'target="_blank"' in client.get("/login").text  # the provider refuses to be shown in a frame
        answer = client.get("/login/openid")
        assert "samesite=none; secure" in answer.headers["set-cookie"].lower()
        back = httpx.get(answer.headers["location"]).headers["location"]
        assert back.startswith(f"https://{public}/login/callback?")
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}  # it is for https alone, which ends at the proxy
        answer = client.get(back.replace(f"https://{public}", address), headers=cookie)
        cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
        session = {**cookie, "Origin": f"https://{public}"}
        assert client.post("/workbench/api/session", json={}, headers=session).json()["role"] == "admin"
        assert client.post("/workbench/api/session", json={}, headers={**cookie, "Origin": "https://huggingface.co"}).status_code == 403
        assert client.get("/config", headers=cookie).json()["username"] == "momo"
