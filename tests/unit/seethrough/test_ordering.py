"""The order of a character's parts: by depth, corrected by what is always so."""

from hypothesis import given, settings
from hypothesis import strategies as st

from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart, Side
from liwi.seethrough.ordering import BEHIND, Placed, drawing_order, is_behind, settled_depths
from liwi.seethrough.stratification import BACK_TO_FRONT

P = BodyPart


def placed(part: BodyPart | CoarseBodyPart, depth: float | None, weight: float = 1, side: Side | None = None, stratum: int = 0) -> Placed:
    return Placed(part, side, stratum, depth, weight, f"{part}-{side}-{stratum}")


def names(parts: list[Placed]) -> list[str]:
    return [parts[index].part.value for index in drawing_order(parts)]


def test_the_table_points_forward_so_it_has_no_circle() -> None:
    place = {part: number for number, part in enumerate(BACK_TO_FRONT)}
    assert all(place[behind] < place[part] for behind, fronts in BEHIND.items() for part in fronts)


figures = st.lists(
    st.builds(
        placed,
        st.sampled_from([*BodyPart, CoarseBodyPart.EYES]),
        st.one_of(st.none(), st.floats(0, 1)),
        st.floats(1, 1000),
        st.sampled_from([None, *Side]),
        st.integers(0, 2),
    ),
    max_size=30,
    unique_by=lambda each: each.name,
)


@settings(max_examples=150, deadline=None)
@given(figures)
def test_any_figure_gets_one_order_of_all_its_parts_that_keeps_to_the_table(parts: list[Placed]) -> None:
    order = drawing_order(parts)
    assert sorted(order) == list(range(len(parts)))
    rank = {index: place for place, index in enumerate(order)}
    pairs = [(one, other) for one in range(len(parts)) for other in range(len(parts)) if is_behind(parts[one], parts[other])]
    assert all(rank[one] < rank[other] for one, other in pairs)
    depths = settled_depths(parts)
    assert all(depths[one] <= depths[other] for one, other in pairs)
    assert [depths[index] for index in order] == sorted(depths)
    mirrored = parts[::-1]
    assert [mirrored[index].name for index in drawing_order(mirrored)] == [parts[index].name for index in order]


@settings(max_examples=60, deadline=None)
@given(figures)
def test_depths_that_keep_to_the_table_are_not_touched(parts: list[Placed]) -> None:
    kept = settled_depths(parts)
    again = [Placed(each.part, each.side, each.stratum, depth, each.weight, each.name) for each, depth in zip(parts, kept, strict=True)]
    assert settled_depths(again) == kept


def test_eyelash_is_over_irides_over_eyewhite_whatever_the_depth_says() -> None:
    parts = [placed(P.EYELASH, 0.1, 5, Side.LEFT), placed(P.EYEWHITE, 0.9, 20, Side.LEFT), placed(P.IRIDES, 0.5, 30, Side.LEFT)]
    assert names([*parts, placed(P.FACE, 0.4, 500)]) == ["face", "eyewhite", "irides", "eyelash"]
    assert names([parts[0], parts[1]]) == ["eyewhite", "eyelash"], "also without the irides that stand between them"


def test_ears_that_carry_a_side_go_behind_the_face_without_moving_it_over_a_hand() -> None:
    parts = [placed(P.FACE, 0.5, 900), placed(P.HANDWEAR, 0.7, 400), *(placed(P.EARS, 0.9, 40, side) for side in Side)]
    assert names(parts) == ["ears", "ears", "face", "handwear"]


def test_neckwear_is_over_the_neck_and_the_neck_behind_the_clothes() -> None:
    parts = [placed(P.NECK, 0.8, 100), placed(P.NECKWEAR, 0.3, 60), placed(P.TOPWEAR, 0.5, 900), placed(P.TOPWEAR, 0.1, 90, stratum=1)]
    order = [(parts[index].part, parts[index].stratum) for index in drawing_order(parts)]
    assert order[0] == (P.TOPWEAR, 1), "the back of a collar may be behind the neck"
    assert order.index((P.NECK, 0)) < order.index((P.NECKWEAR, 0)) and order.index((P.NECK, 0)) < order.index((P.TOPWEAR, 0))


def test_hair_in_front_is_over_the_face_and_hair_behind_is_not() -> None:
    parts = [placed(P.FRONT_HAIR, 0.2, 300), placed(P.FACE, 0.5, 600), placed(P.BACK_HAIR, 0.8, 900), placed(P.HEADWEAR, 0.1, 50)]
    order = names(parts)
    assert order.index("back hair") < order.index("face") < order.index("front hair")


def test_without_depths_the_order_is_that_of_the_classes() -> None:
    parts = [placed(part, None) for part in sorted(BACK_TO_FRONT)]
    assert names(parts) == [part.value for part in BACK_TO_FRONT]
