"""Files of our own in Cubism Core: accepted, and evaluated as `puppet` says. Core runs in a process of its own."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data_tools.live2d.core_process import CoreProcess
from data_tools.live2d.moc3_writer import write_moc3
from data_tools.live2d.puppet import (
    ArtMeshSource,
    Binding,
    Blend,
    Deformer,
    ParameterSource,
    PartSource,
    Puppet,
    RotationDeformer,
    WarpDeformer,
    key_combinations,
)
from data_tools.live2d.reader import OpenedModel, open_model
from tests.unit.data_tools.live2d.models import square, write_model

QUAD = np.array([(0, 0), (1, 0), (0, 1), (1, 1)], np.float32)
TRIANGLES = np.array([(0, 1, 2), (1, 3, 2)], np.int32)
FIRST, SECOND = ParameterSource("ParamA", -1, 1, 0), ParameterSource("ParamB", 0, 2, 0)
SWING = Binding("ParamA", (-1, 0, 1))


def mesh(name: str = "mesh", *, positions: np.ndarray | None = None, **changes: object) -> ArtMeshSource:
    moved = (QUAD * 0.25)[None] if positions is None else positions
    return ArtMeshSource(
        **{
            "id": name,
            "part": "Part",
            "positions": moved.astype(np.float32),
            "uvs": QUAD,
            "triangles": TRIANGLES,
            "opacities": np.ones(len(moved), np.float32),
            **changes,
        }
    )  # type: ignore[arg-type]


def puppet(*meshes: ArtMeshSource, deformers: tuple[Deformer, ...] = ()) -> Puppet:
    return Puppet((200, 200), 200, (100, 100), (PartSource("Part"), PartSource("Inner", "Part")), (FIRST, SECOND), deformers, meshes)


def lattice(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    grid = np.meshgrid(np.linspace(left, right, 3), np.linspace(top, bottom, 3))
    return np.stack(grid, axis=-1).reshape(1, 9, 2).astype(np.float32)


def joint(name: str, origin: tuple[float, float], angle: float, parent: str | None = None) -> RotationDeformer:
    return RotationDeformer(
        name, "Part", np.array([origin] * 3, np.float32), np.array([-angle, 0, angle], np.float32), np.ones(3, np.float32), parent, (SWING,)
    )


@pytest.fixture
def vertices(tmp_path: Path):
    """Vertices of the first ArtMesh in model units, y down, at given values of ParamA and ParamB, through Core."""
    opened: list[OpenedModel] = []

    def evaluate(source: Puppet, first: float = 0.0, second: float = 0.0) -> np.ndarray:
        path = write_model(tmp_path / str(len(opened)), [square("square", (0, 0, 9, 9), 0)])
        path.with_name("sample.moc3").write_bytes(write_moc3(source))
        opened.append(open_model(path, CoreProcess))
        return (opened[-1].pose({"ParamA": first, "ParamB": second}).art_meshes[0].vertices - 100) / 200

    yield evaluate
    for model in opened:
        model.close()


def test_a_mesh_without_deformer_stands_where_it_was_put(vertices) -> None:
    assert_allclose(vertices(puppet(mesh())), QUAD * 0.25, atol=1e-6)


def test_keyforms_are_interpolated_with_the_first_binding_fastest(vertices) -> None:
    bindings = (SWING, Binding("ParamB", (0, 2)))
    shifts = np.array(key_combinations(bindings))[:, None, :] * [0.1, 0.01]
    source = puppet(mesh(positions=QUAD * 0.25 + shifts, bindings=bindings))
    for first, second in [(-1, 0), (0.5, 0), (0.25, 1.5), (1, 2)]:
        assert_allclose(vertices(source, first, second) - QUAD * 0.25, np.tile([first * 0.1, second * 0.01], (4, 1)), atol=1e-6)


def test_a_regular_lattice_maps_its_unit_square_to_its_box(vertices) -> None:
    warp = WarpDeformer("Warp", "Part", 2, 2, lattice(-0.2, -0.4, 0.2, 0.4))
    assert_allclose(vertices(puppet(mesh(parent="Warp"), deformers=(warp,))), QUAD * 0.25 * [0.4, 0.8] + [-0.2, -0.4], atol=1e-6)


def test_a_joint_turns_clockwise_about_its_origin(vertices) -> None:
    source = puppet(mesh(parent="Joint"), deformers=(joint("Joint", (0.1, 0.2), 90),))
    turned = QUAD @ np.array([[0, 1], [-1, 0]]) * 0.25 + [0.1, 0.2]
    assert_allclose(vertices(source, 1), turned, atol=1e-6)


def test_a_joint_in_a_lattice_keeps_model_units_inside(vertices) -> None:
    warp = WarpDeformer("Warp", "Part", 2, 2, lattice(-0.5, -0.5, 0.5, 0.5))
    inner = WarpDeformer("Inner", "Part", 2, 2, lattice(0, 0, 0.2, 0.2), parent="Joint")
    source = puppet(mesh(parent="Inner"), deformers=(warp, joint("Joint", (0.5, 0.75), 30, "Warp"), inner))
    assert_allclose(vertices(source), QUAD * 0.25 * 0.2 + [0, 0.25], atol=1e-6)
    upper = np.array([np.cos(np.radians(30)), np.sin(np.radians(30))]) * 0.05
    assert_allclose(vertices(source, 1)[1] - vertices(source, 1)[0], upper, atol=1e-5)


def test_flags_masks_and_tree_arrive(tmp_path: Path) -> None:
    path = write_model(tmp_path, [square("square", (0, 0, 9, 9), 0)])
    shown = mesh("b", clipped_by=("a",), inverted_mask=True, blend=Blend.MULTIPLY, double_sided=False, draw_order=300, part="Inner")
    path.with_name("sample.moc3").write_bytes(write_moc3(puppet(mesh("a"), shown)))
    with open_model(path) as opened:
        first, second = opened.model.art_meshes
    assert (second.clipped_by, second.clip_inverted, second.blend.value, second.culled) == ((0,), True, "multiply", True)
    assert (first.draw_order, second.draw_order) == (500, 300)
    assert second.render_order < first.render_order
    assert second.part_path == ("Part", "Inner")
    assert opened.model.moc_version == 1


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: puppet(mesh(parent="Nobody")), "refers to 'Nobody'"),
        (lambda: puppet(mesh("a"), mesh("a")), "ids must differ"),
        (lambda: puppet(mesh(triangles=np.array([(0, 1, 9)], np.int32))), "outside of its 4"),
        (lambda: puppet(mesh(bindings=(SWING,))), r"positions must have the shape \(3, 4, 2\)"),
        (lambda: puppet(mesh(), deformers=(joint("B", (0, 0), 1, "A"), joint("A", (0, 0), 1))), "must stand before"),
        (lambda: Binding("ParamA", (1, 0)), "keys must rise"),
        (lambda: ParameterSource("ParamA", 0, 1, 2), "is not in"),
        (lambda: puppet(mesh("x" * 64)), "1 to 63 bytes"),
    ],
)
def test_what_core_would_choke_on_is_refused_at_construction(build, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        build()
