"""Cohen's kappa against the definition and a worked example, and what of a fragment in pieces is compared with what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.agreement import compared, measure_agreement
from annotator.values import LabelKind, LabelValue
from data_tools.live2d.pieces import Piece
from liwi.seethrough.body_parts import BodyPart

PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40)


def test_the_textbook_example_of_two_readers_of_fifty_proposals() -> None:
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = measure_agreement(pairs)
    assert (found.num_pairs, found.observed) == (50, 0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.confusion == {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}


def test_kappa_is_undefined_without_a_choice() -> None:
    assert measure_agreement([]).kappa is None
    assert measure_agreement([("a", "a")] * 3).kappa is None


@given(PAIRS)
def test_kappa_is_symmetric_at_most_one_and_one_for_equal_labels(pairs: list[tuple[str, str]]) -> None:
    found, turned = measure_agreement(pairs), measure_agreement([(second, first) for first, second in pairs])
    assert found.kappa == pytest.approx(turned.kappa) if found.kappa is not None else turned.kappa is None
    assert found.kappa is None or found.kappa <= 1 + 1e-12
    same = measure_agreement([(first, first) for first, _ in pairs])
    assert same.kappa is None or same.kappa == pytest.approx(1)
    assert sum(found.confusion.values()) == len(pairs)


def test_pieces_are_compared_with_the_same_piece_of_the_other_else_with_the_whole() -> None:
    left, nearly_left, right = (
        ((0, 0), (width, 0), (width, 90), (0, 90)) if place == 0 else ((900, 0), (990, 0), (990, 90), (900, 90))
        for place, width in ((0, 100), (0, 120), (1, 0))
    )
    face = LabelValue.of(BodyPart.FACE)
    first = LabelValue(LabelKind.PART, BodyPart.FACE, pieces=(Piece(right, BodyPart.NECK), Piece(left, BodyPart.EARS)))
    second = LabelValue(LabelKind.PART, BodyPart.FACE, pieces=(Piece(nearly_left, BodyPart.EARWEAR),))
    assert compared(face, LabelValue.of(None)) == [("face", "nothing")]
    assert compared(first, second) == [("face", "face"), ("neck", "face"), ("ears", "earwear")]
    assert compared(second, first) == [("face", "face"), ("earwear", "ears"), ("face", "neck")]
    assert compared(first, face) == [("face", "face"), ("neck", "face"), ("ears", "face")]
    assert compared(first, first) == [("face", "face"), ("neck", "neck"), ("ears", "ears")]
