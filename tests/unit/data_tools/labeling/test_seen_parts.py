"""What a part segmenter sees of ArtMeshes, and how that is weighed against the rules."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from data_tools.labeling.combining import COMBINED, SEGMENTER, combine
from data_tools.labeling.files import check_folder
from data_tools.labeling.labeler import PartPrediction
from data_tools.labeling.seen_parts import SeenParts, look_at_parts
from data_tools.live2d.reader import OpenedModel, open_model
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart, Side
from tests.unit.data_tools.live2d.models import BLUE, COLORS, GREY, NOTHING, RED, WHITE, square, write_model

SHOWN = {RED: CoarseBodyPart.HAIR, WHITE: CoarseBodyPart.FACE, BLUE: CoarseBodyPart.EYES, GREY: CoarseBodyPart.HANDWEAR}
MESHES = (
    square("a", (20, 20, 180, 180), RED, part="PartArmA"),
    square("b", (90, 60, 110, 80), GREY, part="PartArmA"),
    square("c", (50, 50, 150, 150), WHITE),
    square("d", (55, 80, 85, 110), WHITE),
    square("e", (60, 90, 80, 100), BLUE, clipped_by=("d",)),
    square("f", (50, 40, 150, 70), RED),
    square("g", (150, 150, 190, 190), GREY, opacities=np.zeros(1, np.float32)),
    square("h", (0, 0, 5, 5), NOTHING, part="PartArmB"),
    square("hit", (0, 0, 200, 200), GREY, opacities=np.zeros(1, np.float32)),
)
"""Hair behind, a hidden arm, a face, the white and the iris of an eye, a fringe, an arm that is not shown at rest, what nobody sees."""


class ColorSegmenter:
    """`liwi.protocols.PartSegmenter` that knows what the colours of the squares stand for, and how sure it is."""

    def __init__(self, probability: float = 1.0) -> None:
        self.probability, self.num_calls = probability, 0

    def segment_parts(self, rgba: np.ndarray) -> np.ndarray:
        self.num_calls += 1
        answer = np.zeros((len(CoarseBodyPart), *rgba.shape[:2]), np.float32)
        for cell, part in SHOWN.items():
            near = np.abs(rgba[..., :3].astype(int) - COLORS[cell][:3]).max(axis=2) < 40
            answer[part.class_index][near & (rgba[..., 3] > 0)] = self.probability
        return answer


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenedModel]:
    with open_model(write_model(tmp_path_factory.mktemp("model"), MESHES)) as character:
        yield character


@pytest.fixture(scope="module")
def seen(opened: OpenedModel) -> SeenParts:
    return look_at_parts(opened, ColorSegmenter())


def nothing_known(opened: OpenedModel) -> list[PartPrediction]:
    return [PartPrediction(mesh.id, None, None, 0.0, "nothing known") for mesh in opened.model.art_meshes]


def test_pixels_vote_and_what_is_hidden_or_not_shown_at_rest_is_found_below(opened: OpenedModel, seen: SeenParts) -> None:
    names = [mesh.id for mesh in opened.model.art_meshes]
    parts = {name: list(CoarseBodyPart)[row.argmax()] for name, row, known in zip(names, seen.shares, seen.known, strict=True) if known}
    hair, face, eyes, arm = (SHOWN[cell] for cell in (RED, WHITE, BLUE, GREY))
    assert parts == {"a": hair, "b": arm, "c": face, "d": face, "e": eyes, "f": hair, "g": arm}
    assert seen.seen[names.index("b")] == 0
    assert seen.seen[names.index("f")] > 0.9
    np.testing.assert_allclose(seen.shares[seen.known].sum(axis=1), 1)


def test_a_character_that_shows_all_is_drawn_once(tmp_path: Path) -> None:
    with open_model(write_model(tmp_path, [MESHES[0], MESHES[5]])) as character:
        segmenter = ColorSegmenter()
        look_at_parts(character, segmenter)
    assert segmenter.num_calls == 1


def test_hair_and_eyes_are_cut_further_and_neighbours_speak_for_what_nobody_sees(opened: OpenedModel, seen: SeenParts) -> None:
    alone, both = combine(opened.model, nothing_known(opened), seen)
    found = {guess.art_mesh: (guess.part, guess.side) for guess in both}
    assert found["a"] == (BodyPart.BACK_HAIR, None)
    assert found["f"] == (BodyPart.FRONT_HAIR, None)
    assert found["e"] == (BodyPart.IRIDES, Side.RIGHT)
    assert found["b"][0] == found["g"][0] == BodyPart.HANDWEAR
    assert found["g"][1] == Side.LEFT
    assert "h" in found, "the part tree has labelled ArtMeshes"
    assert {guess.art_mesh for guess in alone} == set("abcdefg")
    assert {guess.source for guess in alone} == {SEGMENTER}
    assert {guess.source for guess in both} == {COMBINED}
    assert all(0 < guess.score <= 1 for guess in (*alone, *both))


def test_a_name_outweighs_a_doubtful_look_and_a_clear_look_outweighs_a_vote(opened: OpenedModel, seen: SeenParts) -> None:
    def best(rule: PartPrediction, look: SeenParts) -> BodyPart | None:
        rules = [rule if guess.art_mesh == "c" else guess for guess in nothing_known(opened)]
        return next(guess.part for guess in combine(opened.model, rules, look)[1] if guess.art_mesh == "c")

    unsure = SeenParts(0.7 * seen.shares + 0.3 / len(CoarseBodyPart), seen.seen, seen.known)
    assert best(PartPrediction("c", BodyPart.HEADWEAR, None, 0.98, "name rule 'hat'"), unsure) is BodyPart.HEADWEAR
    assert best(PartPrediction("c", BodyPart.HEADWEAR, None, 0.3, "parent vote 1/1"), seen) is BodyPart.FACE
    assert best(PartPrediction("c", BodyPart.FACE, None, 0.9, "place"), seen) is BodyPart.FACE


def test_a_folder_is_measured_with_what_the_segmenter_sees(tmp_path: Path) -> None:
    write_model(tmp_path, MESHES, name="one")
    truth = {"a": "back hair", "b": "handwear", "c": "face", "d": "face", "e": "irides", "f": "front hair", "g": "handwear"}
    entries = {name: {"part": part, "side": None} for name, part in truth.items()}
    (tmp_path / "labels.json").write_text(json.dumps({"version": 1, "taxonomy": "v3", "art_meshes": entries}))
    rules, both = check_folder(tmp_path), check_folder(tmp_path, ColorSegmenter())
    assert rules.num_meshes == both.num_meshes == len(truth)
    assert both.share_right > rules.share_right
    assert {kind for kind, _ in both.sources} == {"combined"}
