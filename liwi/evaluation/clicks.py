"""How far a few corrections get: simulated clicks, as interactive segmentation is usually measured.

Each click falls where a person's would, in the middle of the largest area that is wrong (the pixel farthest from that area's border), and
keeps or drops what is there. Pictures that need no correction are left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.evaluation.benchmarks import Case
from liwi.evaluation.measurement import layers_of
from liwi.evaluation.metrics import alpha_soft_iou
from liwi.imaging.compositing import to_float
from liwi.progress import Progress, ReportProgress, ignore_progress
from liwi.protocols import Decomposer
from liwi.types import DecompositionRequest, Hint

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class ClickedCase:
    """One picture under correction.

    Attributes:
        name, kind: of the case.
        ious: alpha soft IoU before the first click and after each: num_clicks + 1 values. Once nothing is wrong the last value stays.
        clicks: what was clicked.
    """

    name: str
    kind: str
    ious: tuple[float, ...]
    clicks: tuple[Hint, ...]


def measure_clicks(
    engine: Decomposer,
    cases: Iterable[Case],
    *,
    num_clicks: int = 3,
    good_enough: float = 0.9,
    report: ReportProgress = ignore_progress,
    seed: int = 0,
) -> list[ClickedCase]:
    """Correct every picture whose first object comes out below ``good_enough``.

    Args:
        engine: what is measured. Shadows are left alone, which saves time and changes no alpha.
        cases: pictures with truth; others are passed over.
        num_clicks: clicks per picture.
        good_enough: alpha soft IoU from which on nobody would click.
        report: told before every picture.
        seed: handed to the engine.

    Returns:
        One entry per corrected picture, worst first.
    """
    every = [case for case in cases if case.truth is not None]
    done: list[ClickedCase] = []
    for number, case in enumerate(every):
        report(Progress(f"{engine.name}: {case.name}", number, len(every)))
        clicked = _correct(engine, case, num_clicks, good_enough, seed)
        if clicked is not None:
            done.append(clicked)
    return sorted(done, key=lambda each: each.ious[0])


def next_click(alpha: Float32, truth: Float32) -> Hint | None:
    """Where a person would click next; None where no pixel is on the wrong side of one half.

    Args:
        alpha, truth: (H, W) float32 in [0, 1].
    """
    wrong = ((alpha > 0.5) != (truth > 0.5)).astype(np.uint8)
    count, areas, stats, _ = cv2.connectedComponentsWithStats(wrong, connectivity=4)
    if count < 2:
        return None
    largest = (areas == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(largest, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return Hint("keep" if truth[y, x] > 0.5 else "drop", ((int(x), int(y)),))


def _correct(engine: Decomposer, case: Case, num_clicks: int, good_enough: float, seed: int) -> ClickedCase | None:
    assert case.truth is not None
    truth = to_float(case.truth.foregrounds[0][..., 3])
    clicks: tuple[Hint, ...] = ()
    ious: list[float] = []
    while len(ious) <= num_clicks:
        request = DecompositionRequest(case.source, case.mask, case.boxes[:1], (*case.hints, *clicks), extract_shadow=False, seed=seed)
        layer = layers_of(engine.decompose(request), case)[0]
        alpha = np.zeros_like(truth) if layer is None else to_float(layer.rgba[..., 3])
        ious.append(alpha_soft_iou(alpha, truth))
        if ious[0] >= good_enough:
            return None
        click = next_click(alpha, truth)
        if click is None:
            break
        clicks = (*clicks, click)
    ious += ious[-1:] * (num_clicks + 1 - len(ious))
    return ClickedCase(case.name, case.kind, tuple(ious), clicks[:num_clicks])
