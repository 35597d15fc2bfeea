"""Messages between a program and its worker process: a JSON header and byte strings, over a pipe.

Nothing is unpickled: a worker that a hostile file has taken over can send wrong numbers, but no code. A message is 4 bytes with the
header's length (little-endian), the header, and the blobs whose lengths the header lists.
"""

import json
import struct
from typing import IO, Any

MAX_HEADER_BYTES = 32 * 2**20
"""Ids and names of the largest model."""

MAX_BLOB_BYTES = 512 * 2**20
"""All blobs of one message together."""


class BrokenMessage(Exception):
    """The other side ended, or what it sent is no message."""


def send(stream: IO[bytes], header: dict[str, Any], blobs: dict[str, bytes] | None = None) -> None:
    """Write one message and flush it."""
    blobs = blobs or {}
    text = json.dumps({**header, "blobs": [[name, len(blob)] for name, blob in blobs.items()]}).encode()
    stream.write(struct.pack("<I", len(text)) + text + b"".join(blobs.values()))
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read one message.

    Raises:
        BrokenMessage: the stream ended, or holds something else.
    """
    (length,) = struct.unpack("<I", _exactly(stream, 4))
    if length > MAX_HEADER_BYTES:
        raise BrokenMessage(f"a header of {length} bytes")
    try:
        header = json.loads(_exactly(stream, length))
        sizes = [(str(name), int(size)) for name, size in header.pop("blobs")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenMessage(f"an unreadable header ({error})") from error
    if any(size < 0 for _, size in sizes) or sum(size for _, size in sizes) > MAX_BLOB_BYTES:
        raise BrokenMessage("blobs of impossible size")
    return header, {name: _exactly(stream, size) for name, size in sizes}


def _exactly(stream: IO[bytes], count: int) -> bytes:
    pieces = []
    while count:
        piece = stream.read(min(count, 2**20))
        if not piece:
            raise BrokenMessage("the other side has ended")
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
