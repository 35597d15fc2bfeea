"""Pictures as people have them: rotated, in other colour spaces, broken, enormous, and hostile."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from liwi.errors import PictureError
from liwi.imaging.io import decode_png, encode_png, load_picture


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def gradient(size: tuple[int, int] = (40, 30)) -> Image.Image:
    rows, columns = np.mgrid[: size[1], : size[0]]
    return Image.fromarray(np.dstack([columns * 6, rows * 8, np.full_like(rows, 90)]).astype(np.uint8))


def header_only_png(width: int, height: int) -> bytes:
    """A PNG that claims to be huge and holds a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(30000, 30000), (100000, 2), (8193, 10)])
def test_a_decompression_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(PictureError, match=r"8192|too large"):
        load_picture(header_only_png(*size))


@pytest.mark.parametrize("data", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_what_is_no_picture_is_named_as_such(data: bytes) -> None:
    with pytest.raises(PictureError, match=r"not a picture|damaged"):
        load_picture(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
def test_a_truncated_file_is_named_as_such(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    with pytest.raises(PictureError, match=r"damaged|not a picture"):
        load_picture(data[: len(data) // 2])


def test_a_single_pixel_is_refused() -> None:
    with pytest.raises(PictureError, match="1 x 1"):
        load_picture(encoded(Image.new("RGB", (1, 1)), "PNG"))


def test_exif_orientation_is_applied() -> None:
    image = gradient()
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by a quarter turn
    picture = load_picture(encoded(image, "PNG", exif=exif))
    np.testing.assert_array_equal(picture.rgb, np.rot90(np.asarray(image), -1))


def test_a_colour_profile_is_converted_to_srgb() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    in_lab = ImageCms.profileToProfile(gradient(), srgb, lab, outputMode="LAB")
    data = encoded(in_lab, "TIFF", icc_profile=ImageCms.ImageCmsProfile(lab).tobytes())
    assert np.abs(load_picture(data).rgb.astype(int) - np.asarray(gradient())).mean() < 2  # 8-bit Lab is coarse
    data = encoded(gradient(), "PNG", icc_profile=ImageCms.ImageCmsProfile(srgb).tobytes())
    assert np.abs(load_picture(data).rgb.astype(int) - np.asarray(gradient())).max() <= 1


def test_a_broken_colour_profile_is_noted_and_ignored() -> None:
    picture = load_picture(encoded(gradient(), "PNG", icc_profile=b"not a profile" * 20))
    np.testing.assert_array_equal(picture.rgb, np.asarray(gradient()))
    assert any("profile" in note for note in picture.notes)


def test_sixteen_bit_grey_keeps_its_range() -> None:
    values = np.linspace(0, 65535, 256 * 4).reshape(4, 256).astype(np.uint16)
    picture = load_picture(encoded(Image.fromarray(values), "PNG"))
    np.testing.assert_array_equal(picture.rgb[..., 0], values >> 8)


def test_sixteen_bit_rgb_is_read() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (9, 11, 3)).astype(np.uint16)
    picture = load_picture(encode_png(values))
    assert np.abs(picture.rgb.astype(int) - values // 256).max() <= 1


def test_cmyk_becomes_rgb() -> None:
    picture = load_picture(encoded(gradient().convert("CMYK"), "JPEG", quality=95))
    assert picture.rgb.shape == (30, 40, 3)
    assert np.abs(picture.rgb.astype(int) - np.asarray(gradient())).mean() < 8


def test_a_palette_with_transparency_gives_a_mask() -> None:
    image = Image.new("P", (8, 4), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(0, (0, 0, 4, 4))
    picture = load_picture(encoded(image, "PNG", transparency=0))
    assert picture.alpha is not None
    assert (picture.alpha[:, :4] == 0).all()
    assert (picture.alpha[:, 4:] == 255).all()
    assert tuple(picture.rgb[0, 6]) == (0, 255, 0)


def test_an_animation_gives_its_first_frame_and_says_so() -> None:
    frames = [Image.new("RGB", (10, 10), color) for color in ("red", "blue")]
    picture = load_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert tuple(picture.rgb[5, 5]) == (255, 0, 0)
    assert any("animated" in note for note in picture.notes)


def test_alpha_in_the_input_becomes_a_mask_and_opaque_alpha_does_not() -> None:
    rgba = np.dstack([np.asarray(gradient()), np.full((30, 40), 255, np.uint8)])
    assert load_picture(encode_png(rgba)).alpha is None
    rgba[3, 4, 3] = 7
    alpha = load_picture(encode_png(rgba)).alpha
    assert alpha is not None
    assert alpha[3, 4] == 7


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 4, 2), np.uint8), "array picture is"),
        (np.full((4, 4, 3), np.nan), "finite"),
        (np.full((4, 4, 3), 255.0), "finite"),
        (np.zeros((4, 4, 3), np.int64), "uint8"),
        (np.zeros((9000, 4, 3), np.uint8), "8192"),
    ],
)
def test_an_array_that_is_no_picture_says_what_was_expected(array: np.ndarray, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        load_picture(array)


def test_png_round_trip() -> None:
    rng = np.random.default_rng(0)
    for pixels in (
        rng.integers(0, 256, (5, 7, 4), dtype=np.uint8),
        rng.integers(0, 256, (5, 7, 3), dtype=np.uint8),
        rng.integers(0, 256, (5, 7), dtype=np.uint8),
        rng.integers(0, 65536, (5, 7, 3)).astype(np.uint16),
    ):
        np.testing.assert_array_equal(decode_png(encode_png(pixels)), pixels)


def test_a_missing_file_is_named(tmp_path: object) -> None:
    with pytest.raises(PictureError, match="no file"):
        load_picture(f"{tmp_path}/nothing.png")
