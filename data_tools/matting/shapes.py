"""Objects drawn by code, with exact alpha: blobs, figures of several parts, plants, strands, wheels, and things with corners.

Every part has a surface of its own, so that an object is not one colour: a network that has seen only plain ones takes every change of
colour for the object's edge.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.matting.textures import clouds, draw_palette, draw_texture

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Generator = np.random.Generator

_FINER = 2
"""Shapes are drawn this much larger and reduced: soft edges."""


class _Canvas:
    """Parts painted one over another."""

    def __init__(self, side: int, rng: Generator) -> None:
        self.side, self.rng = side, rng
        self.rgb = np.zeros((side, side, 3), np.uint8)
        self.alpha = np.zeros((side, side), np.uint8)

    def mask(self) -> UInt8:
        return np.zeros((self.side, self.side), np.uint8)

    def paint(self, mask: UInt8, surface: UInt8) -> None:
        there = mask > 0
        self.rgb[there] = surface[there]
        self.alpha[there] = 255

    def surface(self, palette: Float32 | None = None, *, depth: UInt8 | None = None) -> UInt8:
        """A surface, lit as if ``depth`` (a mask) were round."""
        palette = draw_palette(self.rng) if palette is None else palette
        small = draw_texture(max(32, self.side // 2), self.rng, palette)
        picture = cv2.resize(small, (self.side, self.side), interpolation=cv2.INTER_LINEAR)
        if depth is None or self.rng.random() < 0.3:
            return np.asarray(picture, np.uint8)
        round_ = cv2.GaussianBlur(depth, (0, 0), self.side * 0.05).astype(np.float32) / 255
        angle = float(self.rng.uniform(0, 2 * np.pi))
        slope = cv2.Sobel(round_, cv2.CV_32F, 1, 0) * np.cos(angle) + cv2.Sobel(round_, cv2.CV_32F, 0, 1) * np.sin(angle)
        light = 1 + np.clip(slope * self.side * 0.04, -0.6, 0.6)
        return np.asarray(np.clip(picture * light[..., None], 0, 255), np.uint8)


def draw_object(side: int, rng: Generator) -> UInt8:
    """Draw an object.

    Args:
        side: of the square canvas, in pixels.
        rng: decides everything.

    Returns:
        (side, side, 4) uint8, straight alpha; the object may be anywhere on the canvas.
    """
    canvas = _Canvas(side * _FINER, rng)
    _KINDS[int(rng.choice(len(_KINDS), p=_SHARES))](canvas)
    alpha = cv2.resize(canvas.alpha, (side, side), interpolation=cv2.INTER_AREA)
    weight = canvas.alpha[..., None].astype(np.float32) / 255
    premultiplied = cv2.resize(canvas.rgb * weight, (side, side), interpolation=cv2.INTER_AREA)
    share = np.maximum(alpha[..., None].astype(np.float32) / 255, 1 / 255)
    rgb = np.clip(np.rint(premultiplied / share), 0, 255).astype(np.uint8)
    return np.dstack([rgb, alpha])


def _blob(canvas: _Canvas) -> None:
    """One closed curve, smooth or ragged, sometimes with a hole and with patches."""
    rng, side = canvas.rng, canvas.side
    mask = _closed_curve(canvas, (0.5, 0.5), 0.38, float(rng.uniform(0.1, 0.6)))
    if rng.random() < 0.25:
        mask[_closed_curve(canvas, tuple(rng.uniform(0.4, 0.6, 2)), 0.13, 0.3) > 0] = 0
    canvas.paint(mask, canvas.surface(depth=mask))
    for _ in range(int(rng.integers(0, 4))):
        patch = _closed_curve(canvas, tuple(rng.uniform(0.25, 0.75, 2)), float(rng.uniform(0.05, 0.2)), 0.4)
        canvas.paint(np.minimum(patch, mask), canvas.surface())
    if rng.random() < 0.2:  # fur: strands around it
        _fringe(canvas, mask, round(side * float(rng.uniform(0.02, 0.08))))


def _figure(canvas: _Canvas) -> None:
    """Head with hair, trunk, limbs: each in its own colours."""
    rng, side = canvas.rng, canvas.side
    skin = draw_palette(rng)
    hip, neck = np.array([0.5, 0.58]) + rng.normal(0, 0.03, 2), np.array([0.5, 0.3]) + rng.normal(0, 0.05, 2)
    cloth, trousers = draw_palette(rng), draw_palette(rng)
    thick = float(rng.uniform(0.04, 0.1))
    for sign in (-1, 1):
        knee = hip + np.array([sign * rng.uniform(0, 0.18), rng.uniform(0.1, 0.2)])
        foot = knee + np.array([rng.normal(0, 0.12), rng.uniform(0.08, 0.2)])
        _limb(canvas, [hip, knee, foot], thick, trousers if rng.random() < 0.7 else skin)
    _limb(canvas, [neck, hip], thick * float(rng.uniform(1.6, 2.8)), cloth)
    for sign in (-1, 1):
        elbow = neck + np.array([sign * rng.uniform(0.06, 0.22), rng.uniform(-0.12, 0.2)])
        hand = elbow + np.array([sign * rng.uniform(-0.05, 0.18), rng.uniform(-0.15, 0.18)])
        _limb(canvas, [neck + np.array([0, 0.04]), elbow, hand], thick * 0.7, cloth if rng.random() < 0.5 else skin)
    center = neck - [0, float(rng.uniform(0.09, 0.14))]
    head = canvas.mask()
    cv2.ellipse(head, _pixel(center, side), (round(side * 0.065), round(side * 0.085)), 0, 0, 360, 255, -1)
    canvas.paint(head, canvas.surface(skin, depth=head))
    hair = _closed_curve(canvas, tuple(center - [0, 0.045]), float(rng.uniform(0.06, 0.1)), 0.35)
    palette = draw_palette(rng) * np.float32(rng.uniform(0.1, 1))
    canvas.paint(hair, canvas.surface(palette, depth=hair))
    if rng.random() < 0.6:
        _fringe(canvas, hair, round(side * float(rng.uniform(0.02, 0.07))))


def _plant(canvas: _Canvas) -> None:
    """Stems with leaves; long narrow ones as an aloe's, or many small ones."""
    rng, side = canvas.rng, canvas.side
    palette = draw_palette(rng)
    root = np.array([0.5, float(rng.uniform(0.6, 0.95))])
    long_leaved = rng.random() < 0.5
    for _ in range(int(rng.integers(5, 22) if long_leaved else rng.integers(2, 6))):
        angle = float(rng.normal(-np.pi / 2, 0.75))
        length = float(rng.uniform(0.25, 0.6))
        bend = float(rng.normal(0, 0.5))
        steps = np.linspace(0, 1, 10)
        angles = angle + bend * steps
        line = root + np.cumsum(np.stack([np.cos(angles), np.sin(angles)], 1) * length / 10, axis=0)
        if long_leaved:
            width = float(rng.uniform(0.008, 0.03))
            _ribbon(canvas, line, width * (1 - steps**2) + 0.003, palette)
        else:
            _ribbon(canvas, line, np.full(10, float(rng.uniform(0.004, 0.012))), palette)
            for point in line[2:]:
                tip = point + rng.normal(0, 0.08, 2)
                middle = np.stack([point + (tip - point) * t for t in np.linspace(0, 1, 6)])
                _ribbon(canvas, middle, float(rng.uniform(0.01, 0.035)) * np.sin(np.linspace(0.1, np.pi, 6)) + 0.002, palette)
    if rng.random() < 0.4:
        pot = canvas.mask()
        x, y = _pixel(root, side)
        half, high = round(side * float(rng.uniform(0.06, 0.14))), round(side * 0.15)
        corners = np.array(
            [[x - half, y - high // 3], [x + half, y - high // 3], [x + half * 2 // 3, y + high], [x - half * 2 // 3, y + high]]
        )
        cv2.fillConvexPoly(pot, corners.astype(np.int32), 255)
        canvas.paint(pot, canvas.surface(depth=pot))


def _wheel(canvas: _Canvas) -> None:
    """Rings, spokes and bars: much background shows through."""
    rng, side = canvas.rng, canvas.side
    palette = draw_palette(rng)
    mask = canvas.mask()
    width = max(2, round(side * float(rng.uniform(0.008, 0.04))))
    for _ in range(int(rng.integers(1, 4))):
        center, radius = rng.uniform(0.3, 0.7, 2), float(rng.uniform(0.1, 0.3))
        cv2.circle(mask, _pixel(center, side), round(radius * side), 255, width)
        for angle in np.linspace(0, 2 * np.pi, int(rng.integers(0, 14)), endpoint=False):
            edge = center + radius * np.array([np.cos(angle), np.sin(angle)])
            cv2.line(mask, _pixel(center, side), _pixel(edge, side), 255, max(1, width // 3))
    for _ in range(int(rng.integers(1, 6))):
        cv2.line(mask, _pixel(rng.uniform(0.2, 0.8, 2), side), _pixel(rng.uniform(0.2, 0.8, 2), side), 255, width)
    canvas.paint(mask, canvas.surface(palette))


def _thing(canvas: _Canvas) -> None:
    """Boxes, bottles, furniture: straight sides, several parts stacked."""
    rng, side = canvas.rng, canvas.side
    top = float(rng.uniform(0.1, 0.3))
    while top < 0.85:
        high, half = float(rng.uniform(0.06, 0.4)), float(rng.uniform(0.05, 0.3))
        slant = float(rng.normal(0, 0.04))
        corners = np.array([[0.5 - half, top], [0.5 + half, top], [0.5 + half + slant, top + high], [0.5 - half - slant, top + high]])
        part = canvas.mask()
        cv2.fillConvexPoly(part, np.asarray(corners * side, np.int32), 255)
        canvas.paint(part, canvas.surface(depth=part))
        if rng.random() < 0.3:
            break
        top += high * float(rng.uniform(0.8, 1.0))


def _strands(canvas: _Canvas) -> None:
    """A tuft: strands from one root."""
    rng = canvas.rng
    mask = _closed_curve(canvas, (0.5, 0.5), float(rng.uniform(0.08, 0.2)), 0.4)
    canvas.paint(mask, canvas.surface(depth=mask))
    _fringe(canvas, mask, round(canvas.side * float(rng.uniform(0.08, 0.25))))


def _fringe(canvas: _Canvas, mask: UInt8, length: int) -> None:
    """Strands that leave the edge of ``mask``, in the colours found there."""
    rng = canvas.rng
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return
    points = np.concatenate(contours)[:, 0]
    center = points.mean(axis=0)
    lean = rng.normal(0, 0.5, 2)
    for start in points[rng.integers(0, len(points), int(rng.integers(40, 220)))]:
        outward = (start - center) / max(1.0, float(np.linalg.norm(start - center))) + lean + rng.normal(0, 0.35, 2)
        steps = np.linspace(0, 1, 5)[:, None]
        line = start + outward * steps * length * rng.uniform(0.4, 1.2) + np.array([0, 0.4 * length]) * steps**2
        color = tuple(int(value) for value in canvas.rgb[start[1], start[0]])
        cv2.polylines(canvas.rgb, [np.asarray(line, np.int32)], False, color, max(1, int(rng.integers(1, 3))))
        cv2.polylines(canvas.alpha, [np.asarray(line, np.int32)], False, 255, 1)


def _limb(canvas: _Canvas, joints: list[NDArray[np.float64]], width: float, palette: Float32) -> None:
    mask = canvas.mask()
    points = np.asarray(np.stack(joints) * canvas.side, np.int32)
    cv2.polylines(mask, [points], False, 255, max(2, round(width * canvas.side)))
    for point in points:
        cv2.circle(mask, (int(point[0]), int(point[1])), max(1, round(width * canvas.side / 2)), 255, -1)
    canvas.paint(mask, canvas.surface(palette, depth=mask))


def _ribbon(canvas: _Canvas, line: NDArray[np.float64], widths: NDArray[np.float64], palette: Float32) -> None:
    """A leaf or stem along ``line`` with half ``widths``, in one colour of the palette, lighter at one side."""
    direction = np.gradient(line, axis=0)
    normal = np.stack([-direction[:, 1], direction[:, 0]], 1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    color = np.clip(palette[int(canvas.rng.integers(len(palette)))] * canvas.rng.uniform(0.7, 1.2), 0, 1) * 255
    for sides, light in (((-1, 1), 1.0), ((0, 1), float(canvas.rng.uniform(0.75, 1.25)))):
        outline = np.concatenate([line + normal * widths[:, None] * sides[0], (line + normal * widths[:, None] * sides[1])[::-1]])
        shade = tuple(float(min(255, value * light)) for value in color)
        corners = np.asarray(outline * canvas.side, np.int32)
        cv2.fillPoly(canvas.rgb, [corners], shade)
        cv2.fillPoly(canvas.alpha, [corners], 255)


def _closed_curve(canvas: _Canvas, center: tuple[float, ...], radius: float, roughness: float) -> UInt8:
    """A filled curve around ``center``; lengths as fractions of the canvas."""
    rng = canvas.rng
    angles = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    distance = np.ones(120)
    for wave in range(2, 9):
        distance += roughness / wave * rng.normal() * np.cos(wave * angles + rng.uniform(0, 2 * np.pi))
    distance = np.clip(distance, 0.2, 1.8) * radius
    stretch = float(rng.uniform(0.6, 1.0))
    points = np.stack([center[0] + distance * np.cos(angles) * stretch, center[1] + distance * np.sin(angles)], 1)
    mask = canvas.mask()
    cv2.fillPoly(mask, [np.asarray(points * canvas.side, np.int32)], 255)
    if rng.random() < 0.15:  # torn edges
        mask[(clouds(canvas.side, rng, 1.0) < 0.35) & (cv2.erode(mask, np.ones((15, 15), np.uint8)) == 0)] = 0
    return mask


def _pixel(point: NDArray[np.float64], side: int) -> tuple[int, int]:
    return round(float(point[0]) * side), round(float(point[1]) * side)


_KINDS: tuple[Callable[[_Canvas], None], ...] = (_blob, _figure, _plant, _wheel, _thing, _strands)
_SHARES = (0.22, 0.33, 0.22, 0.08, 0.11, 0.04)
