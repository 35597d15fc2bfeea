"""Run an engine on one case and take every figure; a failure is a result, not the end."""

import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from liwi.errors import Cancelled, LiwiError
from liwi.evaluation import metrics
from liwi.evaluation.benchmarks import Case, Truth
from liwi.evaluation.memory import measure_peak
from liwi.export.archive import write_folder
from liwi.imaging.compositing import to_float
from liwi.protocols import Decomposer
from liwi.types import Decomposition, DecompositionRequest, Layer

UInt8 = NDArray[np.uint8]


@dataclass(frozen=True)
class Figure:
    """One column of the report.

    Attributes:
        title: heading.
        meaning: one sentence.
        digits: decimals shown.
        higher_is_better: None where the best value is 1, from either side.
    """

    title: str
    meaning: str
    digits: int = 3
    higher_is_better: bool | None = False


FIGURES: dict[str, Figure] = {
    "alpha_iou": Figure("Alpha IoU", "Soft IoU of the alpha: sum of minima over sum of maxima. A failed case counts 0.", 3, True),
    "boundary_error": Figure("Edge error", "Mean |a - a*| where 0.05 < a* < 0.95."),
    "foreground_rgb_l1": Figure(
        "RGB L1", "a*-weighted mean |F - F*|, in 0..1; where the layer is fully transparent, the source's colour.", 4
    ),
    "layer_l1": Figure("Layer L1", "Mean |a F - a* F*| where either layer has alpha: alpha and colour in one figure.", 4),
    "background_covered": Figure("BG under object", "Mean |B - B*| where a* > 0.02, in 0..1.", 4),
    "background_covered_ratio": Figure("÷ untouched", "The same, over what leaving the picture as it is costs there."),
    "texture": Figure("Texture", "Mean |Laplacian| under the object, over the true background's: 1 = as sharp.", 2, None),
    "background_shadow": Figure("BG in shadow", "Mean |B - B*| where the cast shadow is (factor < 0.97) and the object is not.", 4),
    "background_shadow_ratio": Figure("÷ untouched", "The same, over what leaving the shadow there costs: 1 = not removed, 0 = gone."),
    "background_rim": Figure("BG at rim", "Mean |B - B*| within 2 % of the box beside the object, in no shadow: a halo shows here.", 4),
    "background_elsewhere": Figure(
        "BG elsewhere", "Mean |B - B*| in the rest of the box's neighbourhood: cutting too much and false shadows show here.", 4
    ),
    "background_elsewhere_ratio": Figure("÷ untouched", "The same, over leaving the picture as it is: above 1 it was made worse."),
    "background_open": Figure("BG in the open", "As elsewhere, less what the engine cut out and its rim: false shadows alone.", 4),
    "background_open_ratio": Figure("÷ untouched", "The same, over leaving the picture as it is: above 1 it was made worse."),
    "recomposition_error": Figure("Recomposition", "Largest difference between recompose() and the source, in levels of 255.", 0),
    "export_error": Figure("Export", "Largest difference between the exported folder, added up from its files, and the source.", 0),
    "seconds": Figure("Seconds", "Wall-clock time of the decomposition.", 2),
    "cpu_seconds": Figure("CPU seconds", "Processor time of all its threads: steadier where other programs run beside it.", 2),
    "peak_memory": Figure("Peak MiB", "Growth of the process's resident memory at its highest while decomposing.", 0),
}
"""Every figure, in the order of the report. Ratios have their absolute figure's name + "_ratio"; see also "..._untouched" in the JSON."""

REGIONS = ("covered", "shadow", "rim", "elsewhere", "open")


@dataclass(frozen=True)
class Measurement:
    """What one engine did with one case.

    Attributes:
        figures: by the keys of `FIGURES`, and ``background_REGION_untouched``; None where a figure does not apply.
        error: the message where the engine failed, else None.
        details: the traceback of an error that was not meant for a person.
        notes: what the engine had to say.
    """

    name: str
    kind: str
    figures: dict[str, float | None] = field(default_factory=dict)
    error: str | None = None
    details: str | None = None
    notes: tuple[str, ...] = ()


def measure(engine: Decomposer, case: Case, *, seed: int = 0) -> tuple[Measurement, Decomposition | None]:
    """Decompose a case and take its figures.

    Returns:
        The measurement, and the decomposition, None where the engine failed. A failed case with truth counts as having found nothing:
        alpha IoU 0, background untouched.

    Raises:
        Cancelled: somebody asked to stop. Nothing else that an engine raises gets through.
    """
    request = DecompositionRequest(case.source, case.mask, case.boxes, case.hints, seed=seed)
    started, started_cpu = time.perf_counter(), time.process_time()
    try:
        with measure_peak() as peak:
            decomposition = engine.decompose(request)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - started_cpu
        figures = _figures_of_sum(decomposition, case.source)
    except Cancelled:
        raise
    except LiwiError as error:
        return Measurement(case.name, case.kind, _figures_of_failure(case), str(error)), None
    except Exception as error:  # a bug in an engine is a finding of the evaluation
        message = f"{type(error).__name__}: {error}"
        return Measurement(case.name, case.kind, _figures_of_failure(case), message, traceback.format_exc()), None
    if case.truth is not None:
        figures |= _figures_of_layers(decomposition, case, case.truth)
        found = [to_float(layer.rgba[..., 3]) for layer in decomposition.stack.foregrounds]
        cut = np.max(found, axis=0) > metrics.COVERED if found else np.zeros(case.source.shape[:2], bool)
        figures |= _figures_of_background(background_of(decomposition), cut, case, case.truth)
    figures |= {"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_memory": peak.mebibytes}
    return Measurement(case.name, case.kind, figures, notes=decomposition.provenance.notes), decomposition


def background_of(decomposition: Decomposition) -> UInt8:
    """(H, W, 3) uint8: the background layer's colours; the source where there is no background layer."""
    background = decomposition.stack.background
    return decomposition.source if background is None else np.ascontiguousarray(background.rgba[..., :3])


def layers_of(decomposition: Decomposition, case: Case) -> list[Layer | None]:
    """The layer found for each box: the one cut with it, else the next in order; None where the engine found none."""
    rest = list(decomposition.stack.foregrounds)
    found: list[Layer | None] = []
    for box in case.boxes:
        layer = next((layer for layer in rest if layer.box == box), None)
        found.append(layer)
        if layer is not None:
            rest.remove(layer)
    return [layer if layer is not None or not rest else rest.pop(0) for layer in found]


def _figures_of_sum(decomposition: Decomposition, source: UInt8) -> dict[str, float | None]:
    with tempfile.TemporaryDirectory() as scratch:
        exported = metrics.recompose_folder(write_folder(decomposition, Path(scratch) / "export"))
    return {
        "recomposition_error": metrics.largest_difference(decomposition.recompose(), source),
        "export_error": metrics.largest_difference(exported, source),
    }


def _figures_of_layers(decomposition: Decomposition, case: Case, truth: Truth) -> dict[str, float | None]:
    nothing = np.zeros((*case.source.shape[:2], 4), np.uint8)
    rows: list[dict[str, float | None]] = []
    for layer, wanted in zip(layers_of(decomposition, case), truth.foregrounds, strict=True):
        rgba = nothing if layer is None else layer.rgba
        alpha, true_alpha = to_float(rgba[..., 3]), to_float(wanted[..., 3])
        rows.append(
            {
                "alpha_iou": metrics.alpha_soft_iou(alpha, true_alpha),
                "boundary_error": metrics.boundary_error(alpha, true_alpha),
                "foreground_rgb_l1": metrics.foreground_rgb_l1(rgba, wanted, case.source),
                "layer_l1": metrics.layer_l1(rgba, wanted),
            }
        )
    return {key: mean([row[key] for row in rows]) for key in rows[0]} if rows else {}


def _figures_of_background(background: UInt8, cut: NDArray[np.bool_], case: Case, truth: Truth) -> dict[str, float | None]:
    """``cut``: (H, W) bool, what the engine took for an object."""
    alpha = np.max([to_float(layer[..., 3]) for layer in truth.foregrounds], axis=0)
    regions = metrics.background_regions(alpha, truth.shadow_factor, case.boxes)
    figures: dict[str, float | None] = {"texture": metrics.texture_ratio(background, truth.background, regions.covered)}
    in_the_open = regions.elsewhere & ~metrics.with_rim(cut, case.boxes)
    masks = (regions.covered, regions.shadowed, regions.rim, regions.elsewhere, in_the_open)
    for name, region in zip(REGIONS, masks, strict=True):
        found = metrics.l1_inside(background, truth.background, region)
        untouched = metrics.l1_inside(case.source, truth.background, region)
        figures[f"background_{name}"] = found
        figures[f"background_{name}_untouched"] = untouched
        figures[f"background_{name}_ratio"] = found / untouched if found is not None and untouched else None
    return figures


def _figures_of_failure(case: Case) -> dict[str, float | None]:
    if case.truth is None:
        return {}
    nothing = np.zeros(case.source.shape[:2], bool)
    return {"alpha_iou": 0.0} | _figures_of_background(case.source, nothing, case, case.truth) | {"texture": None}


def mean(values: Sequence[float | None]) -> float | None:
    """Mean of the values that are there; None where there are none."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def summarise(measurements: Sequence[Measurement]) -> dict[str, float | None]:
    """Means over cases. A ratio is the ratio of the means, over the cases that have both, so that faint shadows weigh little."""
    summary = {key: mean([each.figures.get(key) for each in measurements]) for key in FIGURES if not key.endswith("_ratio")}
    for name in REGIONS:
        left = mean([each.figures.get(f"background_{name}_untouched") for each in measurements])
        found = summary[f"background_{name}"]
        summary[f"background_{name}_untouched"] = left
        summary[f"background_{name}_ratio"] = found / left if found is not None and left else None
    peaks = [value for each in measurements if (value := each.figures.get("peak_memory")) is not None]
    summary["peak_memory"] = max(peaks, default=None)
    return summary
