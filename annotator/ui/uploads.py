"""Receives dropped files: a multipart form is written to a folder while it arrives, file by file, and never held in memory.

Nothing that is sent is trusted: names lead nowhere outside the folder, and number and size of the files are bounded while they arrive.
"""

import errno
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from annotator.errors import DatabaseUnusable
from liwi.errors import InputError

MAX_FILES = 10_000
MAX_FIELD_BYTES = 8192
MAX_FIELDS = 20
MAX_HEADER_BYTES = 8192
MAX_NAME_BYTES = 200
MAX_DEPTH = 20

KEPT_ENDINGS = (".json", ".moc3", ".png", ".jpg", ".jpeg", ".webp", ".zip")
"""What belongs to a model; everything else is let pass by."""


async def receive_form(chunks: AsyncIterator[bytes], content_type: str, folder: Path, max_bytes: int) -> dict[str, str]:
    """Write the files of a form below a folder, under their relative names.

    Args:
        chunks: the body of the request.
        content_type: of the request; says where a part ends.
        folder: exists and is empty.
        max_bytes: of the whole body.

    Returns:
        The fields that are no files.

    Raises:
        InputError: it is no form, too large, broken off, or a name leads outside the folder.
        DatabaseUnusable: the disk is full.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InputError("Send the files as a form (multipart/form-data).")
    received = 0
    with _Receiver(folder, boundary) as receiver:
        try:
            async for chunk in chunks:
                received += len(chunk)
                if received > max_bytes:
                    raise InputError(f"These files have more than {max_bytes // 10**6} MB together. Send fewer at a time.")
                await run_in_threadpool(receiver.write, chunk)
            return await run_in_threadpool(receiver.finish)
        except FormParserError as error:
            raise InputError("The form is damaged. Send the files again.") from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DatabaseUnusable("There is no room for these files: the disk is full. Nothing was imported.") from error
            raise InputError(f"A file cannot be kept ({error.strerror}). Nothing was imported.") from error


def safe_place(folder: Path, name: str) -> Path:
    """Where a file goes that calls itself so.

    Raises:
        InputError: the name is empty, absolute, too long or too deep, or leads outside the folder.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    bad = not parts or len(parts) > MAX_DEPTH or name.startswith(("/", "\\")) or name[1:2] == ":" or ".." in parts
    if bad or not name.isprintable() or any(len(part.encode("utf-8", "replace")) > MAX_NAME_BYTES for part in parts):
        raise InputError(f"A file calls itself {name[:80]!r}; a short relative name is expected. Nothing was imported.")
    return folder.joinpath(*parts)


class _Receiver(AbstractContextManager["_Receiver"]):
    """Writes the parts of a form as they come."""

    def __init__(self, folder: Path, boundary: bytes) -> None:
        self._folder = folder
        self._fields: dict[str, str] = {}
        self._num_parts = 0
        self._header_name, self._header_value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self._field: tuple[str, bytearray] | None = None
        self._file: IO[bytes] | None = None
        self._whole = False
        callbacks = {
            "on_part_begin": self._begin,
            "on_header_field": self._take_header_name,
            "on_header_value": self._take_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open,
            "on_part_data": self._take,
            "on_part_end": self._end,
            "on_end": self._end_form,
        }
        self._parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]  # it wants a TypedDict of exactly these

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            with suppress(OSError):  # what could not be written is tried again, and a full disk would say so in place of the error
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def write(self, chunk: bytes) -> None:
        self._parser.write(chunk)

    def finish(self) -> dict[str, str]:
        self._parser.finalize()
        if not self._whole:
            raise InputError("The files did not arrive whole. Send them again.")
        return self._fields

    def _begin(self) -> None:
        self._num_parts += 1
        self._headers = {}
        if self._num_parts > MAX_FILES + MAX_FIELDS:
            raise InputError(f"These are more than {MAX_FILES} files. Send fewer at a time.")

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        _check_length(self._header_name, MAX_HEADER_BYTES)

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]
        _check_length(self._header_value, MAX_HEADER_BYTES)

    def _end_header(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name, self._header_value = b"", b""

    def _open(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            if len(self._fields) >= MAX_FIELDS:
                raise InputError("The form has too many fields.")
            self._field = (name, bytearray())
            return
        filename = options[b"filename"].decode("utf-8", "replace").replace("%22", '"')
        place = safe_place(self._folder, filename)
        if place.suffix.lower() not in KEPT_ENDINGS:
            return
        if place.exists():
            raise InputError(f"Two files call themselves {filename[:80]!r}. Nothing was imported.")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._file = place.open("xb")
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise InputError(f"{filename[:80]!r} is a file and a folder at once. Nothing was imported.") from error

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
        elif self._field is not None:
            self._field[1].extend(data[start:end])
            _check_length(self._field[1], MAX_FIELD_BYTES)

    def _end(self) -> None:
        if self._file is not None:
            self._file.close()
        elif self._field is not None:
            self._fields[self._field[0]] = self._field[1].decode("utf-8", "replace")
        self._file = self._field = None

    def _end_form(self) -> None:
        self._whole = True


def _check_length(data: bytes | bytearray, most: int) -> None:
    if len(data) > most:
        raise InputError("A field of the form is too long.")
