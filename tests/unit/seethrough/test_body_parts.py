"""Laws of the two taxonomies."""

import subprocess
import sys

import pytest

from liwi.errors import InputError
from liwi.seethrough.body_parts import (
    COARSE_OF,
    FINE_OF,
    FRAME_GROUPS,
    HEAD,
    HEAD_UNION,
    TAXONOMIES,
    BodyPart,
    CoarseBodyPart,
    FrameGroup,
    TaxonomyVersion,
    parse_body_part,
)


def test_indices_are_those_that_checkpoints_and_masks_were_made_with() -> None:
    coarse = (
        "hair headwear face eyes eyewear ears earwear nose mouth neck neckwear topwear handwear "
        "bottomwear legwear footwear tail wings objects"
    )
    assert TAXONOMIES[TaxonomyVersion.V2] == tuple(coarse.split())
    assert [(part.class_index, part.value) for part in (BodyPart.FRONT_HAIR, BodyPart.EYEWEAR, BodyPart.OBJECTS)] == [
        (0, "front hair"),
        (8, "eyewear"),
        (22, "objects"),
    ]
    assert CoarseBodyPart.OBJECTS.class_index == 18
    assert len(TAXONOMIES[TaxonomyVersion.V3]) == 23


def test_every_fine_class_belongs_to_exactly_one_coarse_class() -> None:
    assert set(COARSE_OF) == set(BodyPart)
    assert sorted(part for fines in FINE_OF.values() for part in fines) == sorted(BodyPart)
    for part in BodyPart:
        assert part in FINE_OF[part.coarse]


def test_refinement_keeps_the_order_of_the_coarse_classes() -> None:
    order = [part.coarse.class_index for part in BodyPart]
    assert order == sorted(order)


def test_the_two_frame_groups_together_show_every_class_once() -> None:
    body, head = FRAME_GROUPS[FrameGroup.BODY], FRAME_GROUPS[FrameGroup.HEAD]
    assert (len(body), len(head)) == (13, 11)
    assert sorted([*body, *head]) == sorted([*BodyPart, HEAD])
    assert body[2] == HEAD
    assert set(head) - HEAD_UNION == {BodyPart.HEADWEAR, BodyPart.EARWEAR}


@pytest.mark.parametrize(
    ("name", "part"), [("hairf", BodyPart.FRONT_HAIR), ("Front_Hair", BodyPart.FRONT_HAIR), (" eyebg ", BodyPart.EYEWHITE)]
)
def test_names_of_older_files_are_understood(name: str, part: BodyPart) -> None:
    assert parse_body_part(name) is part


@pytest.mark.parametrize("name", ["hair", "eyes", "", "head"])
def test_a_name_that_is_no_fine_class_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(InputError, match="front hair, back hair"):
        parse_body_part(name)


def test_labels_can_be_read_without_torch() -> None:
    code = "import sys, liwi.seethrough.body_parts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
