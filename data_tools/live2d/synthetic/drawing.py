"""Vector drawing of one fragment: flat colours, cel shadows, line art, patterns; painted at any scale by Skia.

A `Drawing` remembers what was drawn and how far it reaches; `Drawing.render` paints it cropped to that box. The painter is deterministic.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil, floor

import numpy as np
import skia  # type: ignore[import-not-found]
from numpy.typing import ArrayLike, NDArray

from data_tools.live2d.synthetic.colors import Color, Tone
from data_tools.live2d.synthetic.curves import Points, ribbon

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in canvas pixels."""

_HUGE = 20000.0


def path_of(points: Points, *, closed: bool = True) -> skia.Path:
    """A Skia path through the points."""
    return skia.Path.Polygon([skia.Point(float(x), float(y)) for x, y in points], closed)


def outer_contour(points: Points) -> Points:
    """The outline of a shape that crosses itself, as a band does inside a sharp bend, without the loops."""
    simple = skia.Simplify(path_of(points))
    contours: list[list[tuple[float, float]]] = []
    for verb, corners in simple or ():
        if verb == skia.Path.kMove_Verb:
            contours.append([])
        elif verb == skia.Path.kLine_Verb:
            contours[-1].append((corners[1].x(), corners[1].y()))
    return max((np.array(contour) for contour in contours if len(contour) > 2), key=_area, default=points)


def _area(points: Points) -> float:
    x, y = points.T
    return abs(float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))) / 2


def skia_color(color: Color, alpha: float = 1.0) -> int:
    """Skia's number for a colour."""
    return int(skia.Color4f(*color, alpha).toColor())


class Drawing:
    """One fragment in the making; coordinates are canvas pixels."""

    def __init__(self, line_width: float) -> None:
        """Args:
        line_width: of the line art, in canvas pixels.
        """
        self.line_width = line_width
        self._recorder = skia.PictureRecorder()
        self._canvas = self._recorder.beginRecording(skia.Rect.MakeLTRB(-_HUGE, -_HUGE, _HUGE, _HUGE))
        self._clips: list[skia.Path] = []
        self._box: Box | None = None

    def fill(self, points: Points, color: Color, alpha: float = 1.0) -> None:
        """A closed shape in one colour."""
        self._paint(path_of(points), skia.Paint(AntiAlias=True, Color=skia_color(color, alpha)))

    def gradient(
        self, points: Points, start: ArrayLike, end: ArrayLike, colors: Sequence[Color], stops: Sequence[float] | None = None
    ) -> None:
        """A closed shape in a gradient from ``start`` to ``end``, both in canvas pixels, so that neighbours agree at their seam."""
        self._shade(points, start, end, [skia_color(color) for color in colors], stops)

    def veil(self, points: Points, start: ArrayLike, end: ArrayLike, color: Color, alpha: float) -> None:
        """Lays a colour over a shape that grows from nothing at ``start`` to ``alpha`` at ``end``: the roundness of cloth and limbs."""
        self._shade(points, start, end, [skia_color(color, 0.0), skia_color(color, alpha)])

    def glow(self, x: float, y: float, radius: float, color: Color, alpha: float, *, flatness: float = 1.0) -> None:
        """A soft spot that fades to nothing at ``radius``; ``flatness`` below 1 flattens it."""
        shader = skia.GradientShader.MakeRadial(
            center=(0.0, 0.0),
            radius=radius,
            colors=[skia_color(color, alpha), skia_color(color, alpha * 0.55), skia_color(color, 0.0)],
            positions=[0, 0.5, 1],
        )
        matrix = skia.Matrix().setScale(1, flatness)
        matrix.postTranslate(x, y)
        paint = skia.Paint(AntiAlias=True, Shader=shader.makeWithLocalMatrix(matrix))
        self._paint(skia.Path.Oval(skia.Rect.MakeLTRB(x - radius, y - radius * flatness, x + radius, y + radius * flatness)), paint)

    def outline(self, points: Points, color: Color, width: float = 1.0, *, closed: bool = True, alpha: float = 1.0) -> None:
        """A line of even width; ``width`` counts in line widths."""
        full = width * self.line_width
        paint = skia.Paint(AntiAlias=True, Color=skia_color(color, alpha), Style=skia.Paint.kStroke_Style, StrokeWidth=full)
        paint.setStrokeJoin(skia.Paint.kRound_Join)
        paint.setStrokeCap(skia.Paint.kRound_Cap)
        self._paint(path_of(points, closed=closed), paint, margin=full)

    def stroke(self, points: Points, color: Color, width: float = 1.0, *, start: float = 0.0, end: float = 0.0, alpha: float = 1.0) -> None:
        """A line that swells: ``start`` and ``end`` are the shares of the width at its ends."""
        t = np.linspace(0, 1, len(points))
        swell = np.sin(np.pi * np.clip(t, 0.02, 0.98)) ** 0.7
        profile = np.maximum(swell, np.maximum(start * (1 - t), end * t))
        self.fill(ribbon(points, profile * width * self.line_width), color, alpha)

    def cel_shadow(self, points: Points, color: Color, shift: ArrayLike, alpha: float = 1.0) -> None:
        """Shadow along the edge that the light does not reach: the shape less itself moved by ``shift`` (towards the light)."""
        dx, dy = np.asarray(shift, float)
        shape = path_of(points)
        moved = skia.Path(shape)
        moved.offset(float(dx), float(dy))
        shadow = skia.Op(shape, moved, skia.PathOp.kDifference_PathOp)
        if shadow is not None:
            self._paint(shadow, skia.Paint(AntiAlias=True, Color=skia_color(color, alpha)))

    @contextmanager
    def within(self, points: Points) -> Iterator[None]:
        """What is drawn inside stays inside the shape."""
        shape = path_of(points)
        self._canvas.save()
        self._canvas.clipPath(shape, True)
        self._clips.append(shape)
        yield
        self._clips.pop()
        self._canvas.restore()

    def shape(self, points: Points, tone: Tone, *, shift: ArrayLike | None = None, line: float = 1.0) -> None:
        """The usual: flat colour, shadow along the far edge, outline."""
        self.fill(points, tone.base)
        if shift is not None:
            self.cel_shadow(points, tone.shade, shift)
        if line:
            self.outline(points, tone.line, line)

    def render(self, scale: float) -> tuple[NDArray[np.uint8], Box]:
        """Paints at ``scale`` texture pixels per canvas pixel.

        Returns:
            (H, W, 4) uint8 straight RGBA, and the box that it covers in canvas pixels: left, top, right, bottom.
        """
        box = self.box
        picture = self._recorder.finishRecordingAsPicture()
        left, top = floor(box[0] * scale) - 2, floor(box[1] * scale) - 2
        width, height = ceil(box[2] * scale) + 2 - left, ceil(box[3] * scale) + 2 - top
        surface = skia.Surface(width, height)
        with surface as canvas:
            canvas.translate(-left, -top)
            canvas.scale(scale, scale)
            canvas.drawPicture(picture)
        pixels = np.empty((height, width, 4), np.uint8)
        info = skia.ImageInfo.Make(width, height, skia.kRGBA_8888_ColorType, skia.kUnpremul_AlphaType)
        surface.readPixels(info, pixels, width * 4, 0, 0)
        return pixels, (left / scale, top / scale, (left + width) / scale, (top + height) / scale)

    @property
    def box(self) -> Box:
        """Left, top, right, bottom of what was drawn, in canvas pixels."""
        if self._box is None:
            raise ValueError("nothing was drawn")
        return self._box

    def _shade(self, points: Points, start: ArrayLike, end: ArrayLike, colors: list[int], stops: Sequence[float] | None = None) -> None:
        (x0, y0), (x1, y1) = np.asarray(start, float), np.asarray(end, float)
        places = np.linspace(0, 1, len(colors)) if stops is None else stops
        shader = skia.GradientShader.MakeLinear(
            points=[(float(x0), float(y0)), (float(x1), float(y1))], colors=colors, positions=[float(place) for place in places]
        )
        self._paint(path_of(points), skia.Paint(AntiAlias=True, Shader=shader))

    def _paint(self, path: skia.Path, paint: skia.Paint, margin: float = 0.0) -> None:
        self._canvas.drawPath(path, paint)
        bounds = path.getBounds()
        reach = (bounds.left() - margin, bounds.top() - margin, bounds.right() + margin, bounds.bottom() + margin)
        for clip in self._clips:
            reach = _overlap(reach, clip)
        if reach[0] < reach[2] and reach[1] < reach[3]:
            near, far = (reach, reach) if self._box is None else (self._box, reach)
            self._box = min(near[0], far[0]), min(near[1], far[1]), max(near[2], far[2]), max(near[3], far[3])


def _overlap(box: Box, path: skia.Path) -> Box:
    bounds = path.getBounds()
    return max(box[0], bounds.left()), max(box[1], bounds.top()), min(box[2], bounds.right()), min(box[3], bounds.bottom())
