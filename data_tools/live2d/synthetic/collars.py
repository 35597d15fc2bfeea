"""What a style of top brings as fragments of its own: collars, a hood, a sash, an open vest."""

# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.synthetic.body import trunk_outline
from data_tools.live2d.synthetic.cloth import Cloth
from data_tools.live2d.synthetic.colors import Tone
from data_tools.live2d.synthetic.curves import cubic, ribbon, spline
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.neckline import neckline
from liwi.seethrough.body_parts import BodyPart, Side


def draw_additions(figure: Figure, cloth: Cloth, style: str, hem: float, depth: float) -> None:
    """Draws them over a top of this style, whose draw order is ``depth``."""
    if style == "hoodie":
        _draw_hood(figure, cloth.tone, depth + 4)
    if style in {"shirt", "uniform", "vest"}:
        _draw_shirt_collar(figure, cloth.tone.shifted(0.03) if style == "shirt" else figure.palette.white, depth + 6)
    if style == "sailor":
        _draw_sailor_collar(figure, depth + 5)
    if style == "kimono":
        _draw_sash(figure)
    if style == "vest":
        _draw_vest(figure, cloth.tone, hem, depth + 3)


def _begin(figure: Figure, key: str, depth: float, side: Side | None = None) -> Drawing:
    return figure.draw(key, BodyPart.TOPWEAR, depth, "breath", "body/top", side=side)


def _draw_hood(figure: Figure, tone: Tone, depth: float) -> None:
    """Its back behind the neck, and its two halves before the shoulders."""
    back = spline(figure.chest([(-2.0, 0.06), (-2.2, -0.12), (0.0, -0.24), (2.2, -0.12), (2.0, 0.06)]), closed=True)
    _begin(figure, "hood", 200).shape(back, tone.shifted(-0.1), shift=figure.light)
    for side, sign in SIDES:
        flap = np.array([(1.0, -0.12), (1.75, -0.06), (1.5, 0.06), (0.12, 0.13), (0.7, 0.02)]) * [sign, 1]
        _begin(figure, f"hood_{side.value}", depth, side).shape(spline(figure.chest(flap), closed=True), tone, shift=figure.light)


def _draw_shirt_collar(figure: Figure, tone: Tone, depth: float) -> None:
    for side, sign in SIDES:
        corners = np.array([(1.1, -0.14), (1.42, -0.03), (0.95, 0.1), (0.0, 0.03)]) * [sign, 1]
        _begin(figure, f"collar_{side.value}", depth, side).shape(figure.chest(corners), tone, shift=figure.light * 0.6)


def _draw_sailor_collar(figure: Figure, depth: float) -> None:
    palette = figure.palette
    dark = palette.main if palette.main.lightness < 0.6 else palette.accent
    wide = figure.anatomy.shoulder[0] / figure.anatomy.neck_width
    for side, sign in SIDES:
        collar = _begin(figure, f"sailor_collar_{side.value}", depth, side)
        corners = np.array([(1.05, -0.13), (wide * 0.74, 0.02), (wide * 0.72, 0.15), (0.0, 0.34), (0.62, 0.08)]) * [sign, 1]
        shape = figure.chest(corners)
        collar.shape(shape, dark, shift=figure.light * 0.8)
        with collar.within(shape):
            stripe = figure.chest(np.array([(wide * 0.63, -0.02), (wide * 0.6, 0.12), (0.0, 0.29)]) * [sign, 1])
            collar.outline(stripe, palette.white.base, 1.6, closed=False)


def _draw_sash(figure: Figure) -> None:
    anatomy = figure.anatomy
    (half, y), trunk = anatomy.waist, anatomy.crotch - anatomy.shoulder[1]
    ends = np.array([(-half * 1.16, 0), (-30, 14), (30, 14), (half * 1.16, 0)]) + [anatomy.middle, y]
    arc = cubic(ends, num=20)
    sash = _begin(figure, "sash", 421)
    sash.shape(ribbon(arc, 0.2 * trunk), figure.palette.accent, shift=figure.light)
    sash.shape(ribbon(arc, 0.035 * trunk), figure.palette.white, line=0.8)


def _draw_vest(figure: Figure, shirt: Tone, hem: float, depth: float) -> None:
    anatomy, palette = figure.anatomy, figure.palette
    tone = palette.accent if figure.random.random() < 0.3 else palette.main if shirt is palette.second else palette.second
    hem -= 0.01 * (anatomy.crotch - anatomy.shoulder[1])
    outline = trunk_outline(anatomy, hem, neckline(anatomy, "v"), ease=anatomy.shoulder[0] * 0.06)
    for side, sign in SIDES:
        half = outline[(outline[:, 0] - anatomy.middle) * sign > anatomy.neck_width * 0.12]
        _begin(figure, f"vest_{side.value}", depth, side).shape(half, tone, shift=figure.light)
