"""Packing, bleeding and meshing of fragments."""

import numpy as np
from numpy.testing import assert_array_equal

from data_tools.live2d.synthetic.atlas import bleed, grid_mesh
from data_tools.live2d.synthetic.export import SyntheticModel


def test_bleeding_keeps_what_is_seen_and_fills_what_is_not() -> None:
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[10:20, 10:20] = (200, 40, 90, 255)
    rgba[20, 10:20] = (200, 40, 90, 1)
    bled = bleed(rgba)
    assert_array_equal(bled[..., 3], rgba[..., 3])
    assert_array_equal(bled[rgba[..., 3] > 0], rgba[rgba[..., 3] > 0])
    assert np.abs(bled[..., :3].astype(int) - (200, 40, 90)).max() <= 2


def test_a_mesh_covers_everything_painted_and_leaves_out_empty_cells() -> None:
    alpha = np.zeros((100, 200), np.uint8)
    alpha[:50, :50] = 255
    alpha[60:, 150:] = 1
    points, triangles = grid_mesh(alpha, (10, 20, 210, 120), 25)
    assert points.min(axis=0).tolist() == [10, 20]
    corners = points[triangles]
    area = (
        0.5
        * np.cross(np.pad(corners[:, 1] - corners[:, 0], ((0, 0), (0, 1))), np.pad(corners[:, 2] - corners[:, 0], ((0, 0), (0, 1))))[:, 2]
    )
    assert (area > 0).all()
    assert 50 * 50 + 50 * 40 <= area.sum() < 200 * 100 * 0.7


def test_fragments_do_not_touch_in_the_texture(synthetic: SyntheticModel) -> None:
    size = 512
    taken = np.zeros((size, size), bool)
    for mesh in synthetic.puppet.meshes:
        assert mesh.uvs.min() >= 0
        assert mesh.uvs.max() <= 1
        left, top = np.floor(mesh.uvs.min(axis=0) * size + 0.01).astype(int)
        right, bottom = np.ceil(mesh.uvs.max(axis=0) * size - 0.01).astype(int)
        assert not taken[top:bottom, left:right].any(), mesh.id
        taken[top:bottom, left:right] = True
