"""All pictures of a model in one answer: asking for 300 small files one by one takes longer than all the rest of opening a model.

A package is the length of a list (4 bytes, little-endian, unsigned), the list as JSON, ``[[hash, length in bytes], ...]``, and then the
files one after the other.
"""

import json
import struct

from annotator.database import Database
from annotator.errors import NotFound
from annotator.pictures import PictureStore
from annotator.queries import pictures_of


def picture_package(database: Database, pictures: PictureStore, actor: str, pass_id: int) -> bytes:
    """The pictures of a pass's fragments in one file. A picture that is lost is left out; the page then says so.

    Raises:
        NotFound: there is no such pass.
        AccessDenied: the person may not look.
    """
    entries: list[tuple[str, int]] = []
    contents: list[bytes] = []
    for sha256 in pictures_of(database, actor, pass_id):
        try:
            content = pictures.path(sha256).read_bytes()
        except (NotFound, OSError):
            continue
        entries.append((sha256, len(content)))
        contents.append(content)
    listing = json.dumps(entries, separators=(",", ":")).encode()
    return struct.pack("<I", len(listing)) + listing + b"".join(contents)
