"""Who may log in with a password: the password file, the secret that signs sessions, and a brake against guessing. No web here.

The file has one person per line, ``name:hash``, with Argon2id hashes; ``python -m liwi password NAME`` writes it. It is read again
whenever it changes: a line that is removed or replaced ends that person's sessions at their next request.
"""

import contextlib
import hashlib
import os
import secrets
import tempfile
import threading
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

from liwi.errors import InputError

MIN_PASSWORD, MAX_PASSWORD = 10, 1000
"""Allowed lengths, in characters."""
MAX_NAME = 200

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 900.0
_MAX_KEYS = 20_000


class PasswordFile:
    """The people who may log in. Safe for several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._hashes: dict[str, str] = {}
        if not self._current():
            raise InputError(f"The password file {path.name!r} names nobody. Add people: python -m liwi password NAME --file {path}")

    def check(self, name: str, password: str) -> bool:
        """Whether this is the person's password; takes as long for a name that is not there."""
        from argon2 import PasswordHasher
        from argon2.exceptions import Argon2Error, InvalidHashError

        known = self._current().get(name)
        try:
            return PasswordHasher().verify(known or _NOBODY, composed(password[: MAX_PASSWORD + 1])) and known is not None
        except (Argon2Error, InvalidHashError):
            return False

    def proof(self, name: str) -> str | None:
        """What a session keeps to show that the password is still the one it began with; None for nobody."""
        known = self._current().get(name)
        return None if known is None else hashlib.sha256(known.encode()).hexdigest()[:32]

    def _current(self) -> dict[str, str]:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            with self._lock:
                if stamp != self._stamp:
                    self._hashes, self._stamp = _parse(self._path), stamp
                return self._hashes
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"The password file {self._path.name!r} cannot be read ({error}). "
                f"Make one: python -m liwi password NAME --file {self._path}"
            ) from error


def set_password(path: Path, name: str, password: str) -> None:
    """Write a person's line into a password file, made if there is none, readable by its owner alone; replaces what stood there.

    Raises:
        InputError: the name or the password cannot be used, or the file cannot be written.
    """
    from argon2 import PasswordHasher

    name, password = composed(name), composed(password)
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or ":" in name or name != name.strip() or name.startswith("#"):
        raise InputError(f"A name has 1 to {MAX_NAME} printable characters, no colon, no # or space at its start; got {name[:60]!r}.")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InputError(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters, this one has {len(password)}.")
    try:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if line.partition(":")[0] != name]
        _write_private(path, "\n".join([*kept, f"{name}:{PasswordHasher().hash(password)}"]) + "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The password file {path.name!r} cannot be written ({error}).") from error


def session_secret(given: str, folder: Path) -> str:
    """The secret that signs session cookies: the given one, or a random one kept in ``folder`` so that sessions survive a restart.

    Raises:
        InputError: the given one is too short to be secret, or the folder cannot be written.
    """
    if given:
        if len(given) < 32:
            raise InputError(
                "LIWI_SECRET must have at least 32 characters. Make one: python -c 'import secrets; print(secrets.token_hex())'"
            )
        return given
    path = folder / "session_secret"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        kept = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The secret of the sessions cannot be kept in {folder.name!r} ({error}). Set LIWI_SECRET.") from error
    if len(kept) < 32:
        raise InputError(f"{path.name!r} in {folder.name!r} is damaged. Delete it: a new one is made, and everybody logs in again.")
    return kept


def composed(text: str) -> str:
    """The text in Unicode's normal form C: keyboards differ in how they write the same character."""
    return unicodedata.normalize("NFC", text)


class Brake:
    """Slows guessing: after a few failures a key has to wait, twice as long after each further one."""

    def __init__(self, *, free_tries: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._free_tries = free_tries
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[int, float]] = {}

    def wait(self, key: str) -> float:
        """Seconds until the key may try again; 0 for now."""
        with self._lock:
            count, last = self._failures.get(key, (0, 0.0))
        return max(0.0, last + self._pause(count) - self._clock())

    def failed(self, key: str) -> None:
        """Count a failure; an hour without one forgets them all."""
        now = self._clock()
        with self._lock:
            count, last = self._failures.pop(key, (0, now))
            self._failures[key] = (count + 1 if now - last < 3600 else 1, now)
            while len(self._failures) > _MAX_KEYS:
                del self._failures[next(iter(self._failures))]

    def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        with self._lock:
            self._failures.pop(key, None)

    def _pause(self, count: int) -> float:
        over = count - self._free_tries
        return 0.0 if over < 0 else min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(over, 20))


def _parse(path: Path) -> dict[str, str]:
    hashes: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, value = line.partition(":")
        if not colon or not value.startswith("$argon2"):
            raise InputError(f"Line {number} of {path.name!r} is not 'name:argon2 hash'. Write it with: python -m liwi password NAME")
        hashes[name] = value.strip()
    return hashes


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # 0600 from the start
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$bm9ib2R5bm9ib2R5bm8$8Fq0qFT2X3J0Sxq2rWqz3y0mY3lX8V6k0mXH0zjv1xY"
"""A hash that no password has, with the parameters of real ones."""
