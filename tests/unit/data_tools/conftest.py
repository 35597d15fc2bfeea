"""Tiny packages made on the spot: drawn cut-outs and noise for backgrounds, in real .deb archives."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_tools.sources import locate_packages, package_names

STAMPS = "usr/share/tuxpaint/stamps"
RESERVED_STAMPS = ("animals/birds/owl.png", "animals/mammals/dogs/fox.png", "vehicles/garbagetruck.png")
OPEN_STAMPS = ("animals/birds/duck.png", "animals/mammals/dogs/dog.png", "vehicles/auto/sedan.png", "food/nuts/walnut.png")
RESERVED_PHOTO = "usr/share/backgrounds/mate/nature/Dune.jpg"
OPEN_PHOTO = "usr/share/wallpapers/Path/contents/images/2560x1600.jpg"


def encode(pixels: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def blob(seed: int, size: tuple[int, int] = (180, 220)) -> bytes:
    """A cut-out: an ellipse of coloured noise with a soft edge."""
    rng = np.random.default_rng(seed)
    height, width = size
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((x - width / 2) / (width / 2 - 6), (y - height / 2) / (height / 2 - 6))
    alpha = np.clip((1 - distance) * 20, 0, 1) * 255
    rgb = rng.integers(0, 256, 3) + rng.integers(-20, 21, (height, width, 3))
    return encode(np.dstack([np.clip(rgb, 0, 255), alpha]).astype(np.uint8), "PNG")


def photo(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(60, 220, (9, 12, 3), dtype=np.uint8))
    return encode(np.asarray(coarse.resize((400, 300), Image.Resampling.BICUBIC)), "JPEG")


def make_deb(path: Path, files: dict[str, bytes]) -> Path:
    """Write a Debian package as dpkg-deb does: an ar archive of a version, a control tar and a data tar."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": data.getvalue()}
    with path.open("wb") as file:
        file.write(b"!<arch>\n")
        for name, content in members.items():
            file.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode())
            file.write(content + b"\n" * (len(content) % 2))
    return path


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one .deb per package that composites draw on."""
    folder = tmp_path_factory.mktemp("packages")
    contents: dict[str, dict[str, bytes]] = {name: {} for name in package_names() if name != "scikit-image"}
    stamps = contents["tuxpaint-stamps-default"]
    for seed, name in enumerate(RESERVED_STAMPS + OPEN_STAMPS):
        stamps[f"{STAMPS}/{name}"] = blob(seed)
    stamps[f"{STAMPS}/animals/birds/owl_again.png"] = blob(0)  # the bytes of a reserved file under another name
    stamps[f"{STAMPS}/animals/birds/cartoon/duck.png"] = blob(50)
    contents["mate-backgrounds"][RESERVED_PHOTO] = photo(100)
    contents["plasma-workspace-wallpapers"][OPEN_PHOTO] = photo(101)
    for name, files in contents.items():
        make_deb(folder / f"{name}_1.0_all.deb", files)
    return folder


@pytest.fixture(scope="session")
def roots(packages: Path) -> dict[str, Path]:
    """The packages, unpacked, without those of the Python environment."""
    return {name: root for name, root in locate_packages(packages).items() if name != "scikit-image"}
