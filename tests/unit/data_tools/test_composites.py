"""Composites: exact, repeatable, inside the canvas, from the files of their split alone."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_tools.composites import BOX_JITTER, TooFewSources, generate, quotas, read_cutout
from data_tools.dataset import read_manifest, read_sample
from data_tools.samples import LayeredSample
from data_tools.sources import Kind, SourceFile, Split, gather, reserved_files
from liwi.imaging.compositing import to_float, to_uint8
from liwi.types import BoundingBox
from tests.unit.data_tools.conftest import blob, encode

SIZE = (192, 144)


def make(roots: dict[str, Path], split: Split = Split.DEVELOPMENT, count: int = 4, seed: int = 0) -> list[LayeredSample]:
    return list(generate(gather(split, roots), split, count=count, seed=seed, size=SIZE))


def test_the_same_seed_gives_the_same_pixels_and_another_gives_others(roots: dict[str, Path]) -> None:
    first, again, other = make(roots), make(roots), make(roots, seed=1)
    for one, two in zip(first, again, strict=True):
        assert np.array_equal(one.source, two.source) and one.boxes == two.boxes and one.facts == two.facts
    assert not any(np.array_equal(one.source, two.source) for one, two in zip(first, other, strict=True))


def test_the_source_is_the_layers_over_the_shadowed_background_rounded(roots: dict[str, Path]) -> None:
    for sample in make(roots):
        alpha = to_float(sample.foregrounds[0][..., 3:])
        shadowed = to_float(sample.background) * (sample.shadow_factor / np.float32(65535))
        expected = to_float(sample.foregrounds[0][..., :3]) * alpha + shadowed * (1 - alpha)
        assert np.abs(sample.source / 255 - expected).max() <= 0.5 / 255 + 1e-6


def test_the_shadow_adds_what_the_layers_lack(roots: dict[str, Path]) -> None:
    for sample in make(roots):
        alpha = to_float(sample.foregrounds[0][..., 3:])
        composed = to_float(sample.foregrounds[0][..., :3]) * alpha + to_float(sample.background) * (1 - alpha)
        assert np.array_equal(to_uint8(composed + sample.shadow), sample.source)
        assert sample.shadow.max() <= 1 / 255  # a shadow only darkens, up to rounding


def test_objects_lie_inside_and_boxes_around_them_within_the_jitter(roots: dict[str, Path]) -> None:
    for seed in range(4):
        for sample in make(roots, seed=seed):
            extent, box = BoundingBox.around(sample.foregrounds[0][..., 3]), sample.boxes[0]
            assert extent is not None and extent.union(box) == box and box.intersect(BoundingBox.of_size(SIZE)) == box
            assert box.width <= extent.width * (1 + 2 * BOX_JITTER) + 2 and box.height <= extent.height * (1 + 2 * BOX_JITTER) + 2
            assert 0.3 * SIZE[1] <= extent.height <= 0.86 * SIZE[1]


@pytest.mark.parametrize("split", list(Split))
def test_no_sample_uses_a_file_of_the_other_split(roots: dict[str, Path], split: Split) -> None:
    samples = make(roots, split, count=3)
    used = {(each["package"], each["path"]) for sample in samples for each in (*sample.facts["cutouts"], sample.facts["background"])}
    assert used and all((key in reserved_files()) == (split is Split.TEST) for key in used)
    assert all(each["licence"] for sample in samples for each in sample.facts["cutouts"])


def test_too_few_cutouts_are_an_error_that_counts_them(roots: dict[str, Path]) -> None:
    with pytest.raises(TooFewSources, match="the packages hold 4"):
        make(roots, count=5)


def test_quotas_follow_the_shares_and_pass_on_what_a_kind_lacks() -> None:
    plenty = dict.fromkeys(Kind, 1000)
    assert quotas(64, plenty) == {Kind.PHOTO: 26, Kind.PAINTED: 18, Kind.ANIME: 14, Kind.CLIP_ART: 6}
    without = quotas(96, plenty | {Kind.ANIME: 0})
    assert without[Kind.ANIME] == 0 and sum(without.values()) == 96
    assert without[Kind.PHOTO] == pytest.approx(96 * 26 / 50, abs=1) and without[Kind.CLIP_ART] == pytest.approx(96 * 6 / 50, abs=1)


def unfit() -> dict[str, bytes]:
    opaque = np.full((200, 200, 4), 200, np.uint8)
    opaque[..., 3] = 255
    tile = opaque.copy()
    tile[:, :4, 3] = 0
    faint = np.asarray(Image.open(io.BytesIO(blob(1)))).copy()
    faint[..., 3] //= 2
    return {
        "opaque": encode(opaque, "PNG"),
        "tile": encode(tile, "PNG"),
        "tiny": blob(2, (40, 60)),
        "faint": encode(faint, "PNG"),
        "no": b"no",
    }


@pytest.mark.parametrize("name", sorted(unfit()))
def test_cutouts_that_are_tiles_tiny_see_through_or_damaged_are_left_out(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.png").write_bytes(unfit()[name])
    pools = gather(Split.TEST, {"tuxpaint-stamps-default": tmp_path})
    assert read_cutout(SourceFile("tuxpaint-stamps-default", "a.png", "GPL-2"), pools) is None
    (tmp_path / "a.png").write_bytes(blob(3))
    assert read_cutout(SourceFile("tuxpaint-stamps-default", "a.png", "GPL-2"), pools) is not None


def test_the_command_writes_a_dataset(packages: Path, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from data_tools.__main__ import app

    arguments = ["composites", str(tmp_path / "out"), "--count", "2", "--packages", str(packages)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert read_manifest(tmp_path / "out")["split"] == "test"
    assert read_sample(tmp_path / "out", "test_000").size == (768, 576)
    assert CliRunner().invoke(app, ["verify", str(tmp_path / "out")]).exit_code == 0
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 1 and "not empty" in again.output and "Traceback" not in again.output
