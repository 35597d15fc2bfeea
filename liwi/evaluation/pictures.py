"""The small pictures of a report."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from liwi.evaluation.benchmarks import Case
from liwi.evaluation.measurement import background_of, layers_of
from liwi.imaging.compositing import over, to_float, to_uint8
from liwi.types import Decomposition

UInt8 = NDArray[np.uint8]

LONG_SIDE = 440
"""Longest side of a composite in the report, in pixels: figures say the rest."""

PHOTOGRAPH_SIDE = 1000
"""Longest side of a photograph in the report: there is nothing but the eye to judge it."""


def draw_pictures(case: Case, decomposition: Decomposition | None) -> list[tuple[str, UInt8]]:
    """What a report shows of a case: ``(caption, (h, w, 3) uint8)``, small, in reading order."""
    shown: list[tuple[str, UInt8]] = [("source, with box", draw_prompts(case))]
    if case.truth is not None:
        shown += [(f"true alpha{_number(i, case)}", _grey(layer[..., 3])) for i, layer in enumerate(case.truth.foregrounds)]
    if decomposition is not None:
        layers = layers_of(decomposition, case) if case.boxes else list(decomposition.stack.foregrounds)
        for index, layer in enumerate(layers):
            if layer is not None:
                if case.truth is not None:
                    shown.append((f"alpha{_number(index, case)}", _grey(layer.rgba[..., 3])))
                shown.append((f"cut-out{_number(index, case)}", on_checkerboard(layer.rgba)))
        shown.append(("background", background_of(decomposition)))
    if case.truth is not None:
        shown.append(("true background", case.truth.background))
    if decomposition is not None:
        shown.append(("S, grey = 0", to_uint8(decomposition.shadow + np.float32(0.5))))
    side = PHOTOGRAPH_SIDE if case.truth is None else LONG_SIDE
    return [(caption, shrink(pixels, side)) for caption, pixels in shown]


def draw_prompts(case: Case) -> UInt8:
    """The source with its boxes in orange, keep hints in green, drop hints in red."""
    drawn = np.ascontiguousarray(case.source.copy())
    thick = max(1, round(max(drawn.shape[:2]) / 300))
    for box in case.boxes:
        cv2.rectangle(drawn, (box.left, box.top), (box.right - 1, box.bottom - 1), (255, 120, 0), thick)
    for hint in case.hints:
        colour = (0, 200, 60) if hint.kind == "keep" else (230, 0, 30)
        cv2.polylines(drawn, [np.array(hint.path, np.int32)], False, colour, 2 * thick)
        cv2.circle(drawn, hint.path[0], 3 * thick, colour, -1)
    return drawn


def on_checkerboard(rgba: UInt8) -> UInt8:
    """(H, W, 4) uint8 straight alpha over a grey checkerboard: (H, W, 3) uint8."""
    height, width = rgba.shape[:2]
    cell = max(4, max(height, width) // 48)
    odd = (np.arange(height)[:, None] // cell + np.arange(width)[None] // cell) % 2
    board = np.where(odd, np.float32(0.62), np.float32(0.82))[..., None].repeat(4, axis=2)
    board[..., 3] = 1
    return to_uint8(over(to_float(rgba), board)[..., :3])


def shrink(pixels: UInt8, side: int) -> UInt8:
    """Bring the long side to at most ``side`` pixels."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    return cv2.resize(pixels, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)


def encode_webp(pixels: UInt8) -> bytes:
    """Small lossy WebP."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "WEBP", quality=82, method=2)
    return file.getvalue()


def _grey(alpha: UInt8) -> UInt8:
    return np.ascontiguousarray(alpha[..., None].repeat(3, axis=2))


def _number(index: int, case: Case) -> str:
    return f" {index + 1}" if len(case.boxes) > 1 else ""
