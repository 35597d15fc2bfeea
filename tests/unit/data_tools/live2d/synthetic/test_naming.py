"""Names are as messy as artists' and still valid."""

import pytest

from data_tools.live2d.synthetic.character import draw_character
from data_tools.live2d.synthetic.figure import Figure
from data_tools.live2d.synthetic.naming import Names, choose_names


@pytest.fixture(scope="module")
def named() -> list[tuple[Figure, Names]]:
    return [(figure, choose_names(figure)) for figure in map(draw_character, range(14))]


def test_ids_are_unique_short_and_every_fragment_has_a_part(named: list[tuple[Figure, Names]]) -> None:
    for figure, names in named:
        ids = [part.id for part in names.parts]
        assert len(set(ids)) == len(ids)
        assert set(names.part_of.values()) <= set(ids)
        assert set(names.mesh_ids) == {fragment.key for fragment in figure.fragments}
        assert len(set(names.mesh_ids.values())) == len(names.mesh_ids)
        assert all(len(name.encode()) <= 63 for name in [*ids, *names.mesh_ids.values()])


def test_parents_stand_before_their_children(named: list[tuple[Figure, Names]]) -> None:
    for _, names in named:
        seen: set[str | None] = {None}
        for part in names.parts:
            assert part.parent in seen
            seen.add(part.id)


def test_some_models_have_empty_wrappers_japanese_names_and_generic_meshes(named: list[tuple[Figure, Names]]) -> None:
    assert any(part.id not in set(names.part_of.values()) for _, names in named for part in names.parts)
    assert any("前髪" in part.shown for _, names in named for part in names.parts)
    assert any(name.startswith("ArtMesh") for _, names in named for name in names.mesh_ids.values())


def test_parts_that_the_pose_file_switches_hold_nothing_else(named: list[tuple[Figure, Names]]) -> None:
    for figure, names in named:
        switched = {part for path, part in names.folders.items() if path[0].startswith("arm ")}
        for fragment in figure.fragments:
            assert (names.part_of[fragment.key] in switched) == fragment.folder[0].startswith("arm ")
