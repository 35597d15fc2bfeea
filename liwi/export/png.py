"""PNG for exports: fast to write, checked before it is decoded.

`liwi.imaging.io.encode_png` makes the smaller file; here a 12-megapixel layer takes a second rather than five, by run-length
compression, which is also what layers that are mostly empty like best.
"""

import io
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from liwi.errors import InputError
from liwi.types import UInt8

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Key = TypeVar("Key")

HEADER_BYTES = 33
"""Signature and IHDR chunk: what `check_header` needs."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {"L": 0, "RGB": 2, "RGBA": 6}
_SRGB_CHUNK = struct.pack(">I", 1) + b"sRGB\x00" + struct.pack(">I", zlib.crc32(b"sRGB\x00"))


def encode(pixels: Pixels) -> bytes:
    """Encode (H, W), (H, W, 3) or (H, W, 4), uint8 or uint16, as PNG; 8-bit colour is marked sRGB."""
    ordered = np.ascontiguousarray(pixels)
    if pixels.ndim == 3:
        ordered = cv2.cvtColor(ordered, cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR)
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 4, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    written, data = cv2.imencode(".png", ordered, settings)
    assert written
    plain = data.tobytes()
    if pixels.dtype != np.uint8 or pixels.ndim == 2:
        return plain
    return plain[:HEADER_BYTES] + _SRGB_CHUNK + plain[HEADER_BYTES:]


def encode_all(pictures: Iterable[tuple[Key, Pixels]]) -> Iterator[tuple[Key, bytes]]:
    """Encode pictures on a few threads, in order, a few ahead and no more, to bound the memory; their keys come with them."""
    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[tuple[Key, Future[bytes]]] = deque()
        for key, pixels in pictures:
            ahead.append((key, pool.submit(encode, pixels)))
            if len(ahead) > workers:
                first, data = ahead.popleft()
                yield first, data.result()
        while ahead:
            first, data = ahead.popleft()
            yield first, data.result()


def check_header(data: bytes, name: str, mode: str, size: tuple[int, int], bits: int = 8) -> None:
    """Refuse a PNG that is not what its manifest promises, by its first `HEADER_BYTES`, before any pixel is decoded.

    Args:
        data: the start of the file.
        name: the file's name, for the message.
        mode: ``"L"``, ``"RGB"`` or ``"RGBA"``.
        size: ``(width, height)``.
        bits: per channel.

    Raises:
        InputError: not a PNG, or of another size, depth or kind.
    """
    if len(data) < HEADER_BYTES or data[:8] != _SIGNATURE or data[12:16] != b"IHDR":
        raise InputError(f"{name} is not a PNG file. Export again.")
    width, height, depth, colour_type = struct.unpack(">IIBB", data[16:26])
    if (width, height) != size:
        raise InputError(f"{name} has {width} x {height} pixels, but the manifest says {size[0]} x {size[1]}. Export again.")
    if (depth, colour_type) != (bits, _COLOUR_TYPES[mode]):
        raise InputError(f"{name} should be a PNG with {bits}-bit {mode} pixels. Export again, or save it so.")


def decode(data: bytes, name: str, mode: str, size: tuple[int, int]) -> UInt8:
    """Decode an 8-bit PNG of known size.

    Returns:
        (H, W), (H, W, 3) or (H, W, 4) uint8 for the modes ``"L"``, ``"RGB"``, ``"RGBA"``.

    Raises:
        InputError: as `check_header`, or the file is damaged.
    """
    check_header(data, name, mode, size)
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:  # unlike OpenCV, Pillow refuses truncated data
            image.load()
            pixels = np.array(image)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise InputError(f"{name} is damaged or incomplete. Export again.") from error
    if pixels.shape[:2] != (size[1], size[0]) or image.mode != mode:  # an animation's first frame may be smaller
        raise InputError(f"{name} should have {size[0]} x {size[1]} {mode} pixels. Export again.")
    return pixels
