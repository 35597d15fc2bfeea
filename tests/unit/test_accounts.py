"""Password file, session secret, and the brake against guessing."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from liwi.__main__ import app
from liwi.accounts import Brake, PasswordFile, session_secret, set_password
from liwi.errors import InputError

PASSWORD = "correct horse battery"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    set_password(tmp_path / "passwords.txt", "anna", PASSWORD)
    return tmp_path / "passwords.txt"


def test_only_the_right_password_of_a_known_name_fits(path: Path) -> None:
    people = PasswordFile(path)
    assert people.check("anna", PASSWORD)
    for name, password in (
        ("anna", PASSWORD + " "),
        ("anna", ""),
        ("ben", PASSWORD),
        ("", ""),
        ("anna:", PASSWORD),
        ("anna", "x" * 100_000),
    ):
        assert not people.check(name, password)


def test_the_file_holds_no_password_and_is_its_owners_alone(path: Path) -> None:
    assert PASSWORD not in path.read_text()
    assert path.read_text().startswith("anna:$argon2id$")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_changed_file_counts_at_once_and_changes_the_proof(path: Path) -> None:
    people = PasswordFile(path)
    before = people.proof("anna")
    set_password(path, "ben", "another long one")
    set_password(path, "anna", "a new password")
    assert people.check("ben", "another long one")
    assert not people.check("anna", PASSWORD)
    assert people.check("anna", "a new password")
    assert people.proof("anna") not in (None, before)
    assert len(path.read_text().splitlines()) == 2
    path.write_text(path.read_text().splitlines()[0] + "\n# a comment\n\n")
    assert (people.proof("anna"), people.proof("nobody")) == (None, None)


def test_the_same_password_typed_on_another_keyboard_fits(tmp_path: Path) -> None:
    set_password(tmp_path / "p", "u\u0308ber", "Schlu\u0308ssel-lang")
    assert PasswordFile(tmp_path / "p").check("über", "Schlüssel-lang")


@pytest.mark.parametrize("name", ["", " a", "a:b", "a\nb", "#a", "x" * 201, "a\0b"])
def test_names_that_would_break_the_file_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="A name has"):
        set_password(tmp_path / "p", name, PASSWORD)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("password", ["", "short", "x" * 1001])
def test_passwords_have_a_length(tmp_path: Path, password: str) -> None:
    with pytest.raises(InputError, match="10 to 1000"):
        set_password(tmp_path / "p", "anna", password)


@pytest.mark.parametrize("content", [b"", b"# nobody\n", b"anna\n", b"anna:secret\n", b"\xff\xfe", None])
def test_a_file_that_lets_nobody_in_or_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "p").write_bytes(content)
    with pytest.raises(InputError, match=r"python -m liwi password|cannot be read"):
        PasswordFile(tmp_path / "p")


def test_the_command_asks_twice_and_never_says_the_password(tmp_path: Path) -> None:
    asked = ["password", "anna", "--file", str(tmp_path / "p")]
    done = CliRunner().invoke(app, asked, input=f"{PASSWORD}\nsomething else\n{PASSWORD}\n{PASSWORD}\n")
    assert (done.exit_code, PASSWORD in done.output) == (0, False), done.output
    assert PasswordFile(tmp_path / "p").check("anna", PASSWORD)
    assert CliRunner().invoke(app, [*asked, "--password", PASSWORD]).exit_code == 2
    assert isinstance(CliRunner().invoke(app, asked, input="short\nshort\n").exception, InputError)


def test_the_secret_is_kept_and_private(tmp_path: Path) -> None:
    first = session_secret("", tmp_path / "data")
    assert len(first) >= 64
    assert session_secret("", tmp_path / "data") == first
    assert session_secret("", tmp_path / "other") != first
    assert (tmp_path / "data" / "session_secret").stat().st_mode & 0o777 == 0o600
    assert session_secret("g" * 32, tmp_path) == "g" * 32


def test_a_short_or_damaged_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="32 characters"):
        session_secret("short", tmp_path)
    (tmp_path / "session_secret").write_text("x")
    with pytest.raises(InputError, match="damaged"):
        session_secret("", tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="LIWI_SECRET"):
        session_secret("", tmp_path / "file")


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["fail", "succeed", "wait"]), max_size=30), st.integers(1, 5))
def test_the_pause_doubles_with_each_failure_and_ends_with_a_success(acts: list[str], free_tries: int) -> None:
    now = [0.0]
    brake, failures = Brake(free_tries=free_tries, clock=lambda: now[0]), 0
    for act in acts:
        if act == "fail":
            brake.failed("a")
            failures += 1
            assert brake.wait("a") == (0.0 if failures < free_tries else min(900.0, 2.0 * 2.0 ** (failures - free_tries)))
        elif act == "succeed":
            brake.succeeded("a")
            failures = 0
            assert brake.wait("a") == 0.0
        now[0] += brake.wait("a")
        assert brake.wait("a") == 0.0
        assert brake.wait("b") == 0.0


def test_an_hour_without_a_failure_forgets_them_and_memory_is_bounded() -> None:
    now = [0.0]
    brake = Brake(free_tries=1, clock=lambda: now[0])
    for _ in range(9):
        brake.failed("a")
    now[0] += 3601
    brake.failed("a")
    assert brake.wait("a") == 2.0
    for number in range(30_000):
        brake.failed(str(number))
    assert brake.wait("a") == 0.0
    assert brake.wait("29999") == 2.0
