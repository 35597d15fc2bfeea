"""Picture files in and out: upright, sRGB, 8 bit, within bounds.

`load_picture` is the only way a file enters: it applies EXIF orientation, converts colour profiles to sRGB, brings 16-bit, CMYK,
palette and grey pictures to 8-bit RGB, takes the first frame of an animation, and keeps alpha apart. Its checks read the header
before any pixel is decoded, so that a decompression bomb costs nothing.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError

from liwi.errors import PictureError
from liwi.types import MAX_SIDE

MAX_FILE_BYTES = 200 * 2**20
"""Largest file that is read, in bytes."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF")
"""Formats that are decoded; everything else Pillow knows (EPS, PSD previews, ...) is refused."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture ready for an engine.

    Attributes:
        rgb: (H, W, 3) uint8, sRGB, upright.
        alpha: (H, W) uint8, or None where the picture is opaque.
        notes: what was changed on the way in, in words for a person.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()


def load_picture(source: str | Path | bytes | BinaryIO | Image.Image | NDArray[np.generic]) -> Picture:
    """Read a picture from a path, bytes, an open file, a Pillow image or an array.

    Raises:
        PictureError: not a picture, truncated, of an unknown kind, or larger than 8192 px a side.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        return _from_pillow(source)
    if isinstance(source, bytes):
        return _decode(io.BytesIO(source))
    if isinstance(source, str | Path):
        path = Path(source)
        if not path.is_file():
            raise PictureError(f"There is no file {path.name!r}.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PictureError(f"The file has {path.stat().st_size / 2**20:.0f} MB; at most {MAX_FILE_BYTES // 2**20} MB are read.")
        with path.open("rb") as file:
            return _decode(file)
    return _decode(source)


def _decode(file: BinaryIO) -> Picture:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below, before decoding
            warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
            image = Image.open(file, formats=FORMATS)
            return _from_pillow(image)
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise PictureError("This file is not a picture that can be read. Use PNG, JPEG, WebP, TIFF, BMP, GIF or AVIF.") from error
    except Image.DecompressionBombError as error:
        raise PictureError(f"The picture is too large: at most {MAX_SIDE} x {MAX_SIDE} pixels are read.") from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, OverflowError) as error:
        raise PictureError(f"The picture file is damaged or incomplete ({error}). Save it again and retry.") from error


def _from_pillow(image: Image.Image) -> Picture:
    _check_size(image.size)
    notes = []
    if getattr(image, "n_frames", 1) > 1:
        image.seek(0)
        notes.append("The picture is animated; its first frame is used.")
    image = ImageOps.exif_transpose(image)
    profile = image.info.get("icc_profile")
    alpha = _alpha_of(image)
    image = _to_sixteen_or_eight_bit(image)
    rgb = _convert_profile(image, profile, notes) if profile else image.convert("RGB")
    return _finish(np.asarray(rgb), alpha, notes)


def _alpha_of(image: Image.Image) -> NDArray[np.uint8] | None:
    if image.mode == "PA" or "transparency" in image.info:
        return np.asarray(image.convert("RGBA"))[..., 3]
    if image.mode in ("RGBA", "LA", "RGBa", "La"):
        return np.asarray(image.convert("RGBA" if image.mode in ("RGBA", "RGBa") else "LA"))[..., -1]
    return None


def _to_sixteen_or_eight_bit(image: Image.Image) -> Image.Image:
    """Bring 16-bit and float grey to 8 bit by scaling; Pillow's own conversion clips instead."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        values = np.nan_to_num(np.asarray(image, dtype=np.float64))
        top = 65535.0 if image.mode == "I" else max(1.0, float(values.max(initial=0)))
        return Image.fromarray(np.clip(np.rint(values / top * 255), 0, 255).astype(np.uint8))
    return image


def _convert_profile(image: Image.Image, profile: bytes, notes: list[str]) -> Image.Image:
    if image.mode in ("P", "PA", "RGBA", "RGBa", "LA", "La", "1"):
        image = image.convert("L" if image.mode in ("LA", "La", "1") else "RGB")
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        notes.append("The colour profile could not be read; the colours are taken as sRGB.")
        return image.convert("RGB")
    assert converted is not None  # inPlace is False
    return converted


def _from_array(array: NDArray[np.generic]) -> Picture:
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4):
        raise PictureError(f"An array picture is (H, W), (H, W, 3) or (H, W, 4), got {array.shape}.")
    if array.dtype == np.uint16:
        array = (array // 256).astype(np.uint8)
    elif np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all() or array.min(initial=0) < 0 or array.max(initial=0) > 1:
            raise PictureError("A float picture has finite values in [0, 1].")
        array = np.rint(array * 255).astype(np.uint8)
    elif array.dtype != np.uint8:
        raise PictureError(f"An array picture is uint8, uint16 or float in [0, 1], got {array.dtype}.")
    _check_size((array.shape[1], array.shape[0]))
    return _finish(array[..., :3], array[..., 3] if array.shape[2] == 4 else None, [])


def _finish(rgb: NDArray[np.generic], alpha: NDArray[np.generic] | None, notes: list[str]) -> Picture:
    rgb8 = np.ascontiguousarray(rgb, dtype=np.uint8)
    if alpha is None or int(alpha.min()) == 255:
        return Picture(rgb8, None, tuple(notes))
    notes.append("The picture has transparency; it is kept as the outermost mask.")
    return Picture(rgb8, np.ascontiguousarray(alpha, dtype=np.uint8), tuple(notes))


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if max(width, height) > MAX_SIDE:
        raise PictureError(f"The picture has {width} x {height} pixels; at most {MAX_SIDE} a side are read. Make it smaller and retry.")
    if min(width, height) < 2:
        raise PictureError(f"The picture has {width} x {height} pixels; there is nothing to take apart in it.")


def encode_png(pixels: NDArray[np.generic], compress_level: int = 4) -> bytes:
    """Encode (H, W), (H, W, 3) or (H, W, 4) uint8, or (H, W, 3) uint16, as PNG; 8-bit colour carries the sRGB chunk.

    Raises:
        ValueError: another shape or type.
    """
    if pixels.dtype == np.uint16 and pixels.ndim == 3 and pixels.shape[2] == 3:  # Pillow writes no 16-bit RGB
        written, data = cv2.imencode(".png", pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, compress_level])
        assert written
        return data.tobytes()
    if pixels.dtype != np.uint8:
        raise ValueError(f"encode_png takes uint8, or (H, W, 3) uint16, got {pixels.shape} {pixels.dtype}")
    info = PngImagePlugin.PngInfo()
    info.add(b"sRGB", b"\x00")
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", pnginfo=info, compress_level=compress_level)
    return file.getvalue()


def decode_png(data: bytes) -> NDArray[np.generic]:
    """Decode what `encode_png` wrote, same shape and type."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise PictureError("The PNG data is damaged.")
    if pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)
