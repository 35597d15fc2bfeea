"""A model at one pose, drawn on the CPU: the character, and every fragment of it on its own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.model import Live2DModel
from data_tools.live2d.scene import Scene
from data_tools.live2d.textures import TexturePyramid
from data_tools.live2d.view import View
from liwi.progress import Progress, ReportProgress, ignore_progress
from liwi.types import BoundingBox

_THREADS = 2
_BAND_ROWS = 128
_BAND_NUMBERS = 2**24
"""Most float32 numbers that the buffers of a band may hold."""


@dataclass(frozen=True, eq=False)
class RenderedMesh:
    """One ArtMesh as it looks drawn alone: complete, with its clipping and opacity, whatever lies in front of it.

    Attributes:
        index: its place in `Live2DModel.art_meshes`.
        box: the smallest box around its pixels with alpha, in the picture.
        rgba: (h, w, 4) uint8, straight alpha, cropped to ``box``.
        visible: (h, w) uint8, what stays seen: the share of the pixel's colour that is this mesh's, 255 = all of it.
            The shares of all normally blended meshes and of the empty background add up to 255, but for rounding.
    """

    index: int
    box: BoundingBox
    rgba: NDArray[np.uint8]
    visible: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class RenderedCharacter:
    """A drawn pose.

    Attributes:
        model: the pose that was drawn.
        view: how the canvas lies in the picture.
        premultiplied: (H, W, 4) float32 in [0, 1]: the character on nothing. Added light may exceed the alpha.
        top_mesh: (H, W) int32: index of the front-most normally blended ArtMesh that covers at least half of the pixel; -1 for none.
        meshes: those that have any pixel, back to front.
    """

    model: Live2DModel
    view: View
    premultiplied: NDArray[np.float32]
    top_mesh: NDArray[np.int32]
    meshes: tuple[RenderedMesh, ...]

    @cached_property
    def rgba(self) -> NDArray[np.uint8]:
        """(H, W, 4) uint8, straight alpha; light added where there is no character has no place in it and is lost."""
        alpha = self.premultiplied[..., 3:]
        color = np.divide(self.premultiplied[..., :3], alpha, out=np.zeros_like(self.premultiplied[..., :3]), where=alpha > 0)
        return np.rint(np.clip(np.concatenate([color, alpha], axis=2), 0, 1) * 255).astype(np.uint8)

    def over(self, color: Sequence[float]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8: the character on one colour, RGB in [0, 1], added light included."""
        mixed = self.premultiplied[..., :3] + (1 - self.premultiplied[..., 3:]) * np.asarray(color, np.float32)
        return np.rint(np.clip(mixed, 0, 1) * 255).astype(np.uint8)


def render(
    model: Live2DModel, pyramid: TexturePyramid, view: View | int = 1024, *, report: ReportProgress = ignore_progress
) -> RenderedCharacter:
    """Draw a pose with every fragment on its own.

    Args:
        model: the pose.
        pyramid: the model's textures (`OpenedModel.pyramid`).
        view: a `View`, or the side of a square picture that shows the whole canvas.
        report: hears of compiling, which happens once per machine and takes some seconds.

    Raises:
        EngineUnavailable: the model uses a blend mode that is not known.
        InputError: its triangles cover the picture impossibly often, or it has more offscreen parts than any model.
    """
    view = View.square(model, view) if isinstance(view, int) else view
    from data_tools.live2d import triangles
    from data_tools.live2d.compiling import is_compiled

    report(Progress("Loading the rasteriser" if is_compiled() else "Compiling the rasteriser, once, some seconds", 0, 2))
    report(Progress("Drawing", 1, 2))
    scene = Scene(model, view)
    triangles.set_up_triangles(
        scene.vertices, scene.uvs, scene.triangles, scene.culled, scene.texture_of, pyramid.levels,
        scene.edges, scene.rows, scene.gradients, scene.places,
    )  # fmt: skip
    canvas = _Canvas(scene, view)
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(lambda band: canvas.draw(scene, pyramid, band), range(len(canvas.bands))))
    report(Progress("Drawing", 2, 2))
    return RenderedCharacter(model, view, canvas.picture, canvas.top_mesh, tuple(canvas.meshes(scene)))


class _Canvas:
    """The buffers that `rasterizer.render_band` fills."""

    def __init__(self, scene: Scene, view: View) -> None:
        width, height = view.size
        boxes = scene.boxes[: len(scene.ranges)]
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        self.offsets = np.cumsum(np.concatenate([[0], areas]))[:-1].astype(np.int64)
        self.picture = np.zeros((height, width, 4), np.float32)
        self.top_mesh = np.full((height, width), -1, np.int32)
        self.pixels = np.zeros((int(areas.sum()), 4), np.uint8)
        self.visible = np.zeros(int(areas.sum()), np.uint8)
        self.left_over = np.full(int(areas.sum()), 255, np.uint8)
        planes = 5 + 6 * (scene.depth + 1) + 2 * (len(scene.numbers) - len(areas))
        rows = max(1, min(_BAND_ROWS, _BAND_NUMBERS // (width * planes)))
        self.bands = [(top, min(top + rows, height)) for top in range(0, height, rows)]
        self.extents = np.tile(np.array([2**40, 2**40, -1, -1], np.int64), (len(self.bands), len(areas), 1))

    def draw(self, scene: Scene, pyramid: TexturePyramid, band: int) -> None:
        from data_tools.live2d import rasterizer

        rasterizer.render_band(
            *self.bands[band], scene.steps, scene.depth, scene.ranges, scene.boxes, self.offsets, scene.numbers, scene.colors,
            scene.clip_starts, scene.clips, scene.inverted, scene.edges, scene.rows, scene.gradients, scene.places,
            pyramid.texels, self.picture, self.top_mesh, self.pixels, self.visible, self.left_over, self.extents[band],
        )  # fmt: skip

    def meshes(self, scene: Scene) -> list[RenderedMesh]:
        """What was drawn of each mesh, cropped to where it has alpha."""
        low, high = self.extents[..., :2].min(axis=0), self.extents[..., 2:].max(axis=0)
        found = []
        for index in scene.slots:
            (left, top), (right, bottom) = low[index], high[index]
            if right < 0:
                continue
            box_left, box_top, box_right, box_bottom = scene.boxes[index]
            width, height, offset = box_right - box_left, box_bottom - box_top, self.offsets[index]
            part = (slice(top - box_top, bottom - box_top), slice(left - box_left, right - box_left))
            found.append(
                RenderedMesh(
                    index=int(index),
                    box=BoundingBox(int(left), int(top), int(right), int(bottom)),
                    rgba=self.pixels[offset : offset + width * height].reshape(height, width, 4)[part],
                    visible=self.visible[offset : offset + width * height].reshape(height, width)[part],
                )
            )
        return found
