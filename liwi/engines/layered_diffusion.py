"""The engine `liwi`: the layered diffusion model answers (paper 1, section 4), with the stage, exports and iteration of every engine.

    box + hints ─► the picture around the box ─► model at its working size ─► layers of the picture's own size that add up exactly
                                                   ▲
                      box and hints as a frame ────┘     several boxes: one after another, each on what the last one left

Points alone mean what they are on; without any prompt the whole picture is taken apart. Nothing changes farther from a box than
`BACKGROUND_MARGIN`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from liwi.editing import check_box
from liwi.engines.embedded import BACKGROUND_MARGIN, OBJECT_MARGIN
from liwi.engines.one_by_one import cut_each
from liwi.engines.previews import preview_of
from liwi.errors import EngineUnavailable, LiwiError, PromptError
from liwi.heap import kept_heap
from liwi.imaging.hint_marks import DROPPED, KEPT, paint_hints
from liwi.layering.box_prompt import draw_prompt, scale_box
from liwi.layering.full_size import FullSize, Predicted, share_explained, to_full_size
from liwi.layering.loading import LayeredModel
from liwi.layering.request import LayeringRequest, StepReport
from liwi.layering.sampling import working_size
from liwi.layering.serving import KIND, ServedModel
from liwi.progress import CancelToken, Preview, Progress, ReportProgress, ignore_progress
from liwi.registry_serving import Served, answering, served_here
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Hint, Layer, LayerRole, LayerStack, Provenance

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

FADE = 0.1
"""Share of the region's sides over which the shadow fades out towards its border, so that no seam shows."""

PREVIEWS = 4
"""How often the layers are shown while they are found; each time costs a decoding."""

NO_CHECKPOINT = (
    "The engine 'liwi' has no checkpoint: none of the kind 'layering' is served. "
    "Train one (python -m training run training/jobs/layering_tiny.toml), or take the published model "
    "(python -m liwi layering adopt Qwen/Qwen-Image-Layered), and promote it (python -m liwi checkpoints promote)."
)


@dataclass(frozen=True, eq=False)
class _Piece:
    """What the model is asked about: a part of the picture.

    Attributes:
        region: the part, in the picture's pixels.
        image: (h, w, 3) uint8. mask: (h, w) uint8 or None.
        box: the prompt in the part's pixels; None for everything.
        hints: in the part's pixels.
    """

    region: BoundingBox
    image: UInt8
    mask: UInt8 | None
    box: BoundingBox | None
    hints: tuple[Hint, ...]


class LayeredDecomposer:
    """`liwi.protocols.Decomposer` by a layered diffusion model.

    Args:
        find_model: gives the model that answers and its name, loading it where needed; is told where to say what it does.
    """

    name = "liwi"
    version = "1"

    def __init__(self, find_model: Callable[[Callable[[str], None]], tuple[str, LayeredModel]]) -> None:
        self._find_model = find_model

    @kept_heap()
    def decompose(
        self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
    ) -> Decomposition:
        """Take the picture apart. See `Decomposer.decompose`.

        Args:
            request: ``steps`` and ``text`` count here: a text describes the whole scene, hidden parts included; blank means none, and
                without one the model describes the picture itself, where it can.
            report, cancel: as everywhere; a cancel is noticed between two calls of the network.

        Raises:
            InputError: a box or the picture cannot be used.
            EngineUnavailable: no checkpoint is served, it cannot be loaded, or does not fit into this computer; says why.
            SamplingFailed: the model's output is no picture.
        """
        token = cancel or CancelToken()
        if len(request.boxes) > 1:
            return cut_each(self, request, report=report, cancel=token)
        return self._decompose(request, report, token)

    def _decompose(self, request: DecompositionRequest, report: ReportProgress, cancel: CancelToken) -> Decomposition:
        started = time.monotonic()
        cancel.check()
        piece = _piece(request)
        # 1. The model, loaded where it was not yet.
        name, model = self._find_model(lambda what: report(Progress(what, 0, 1)))
        asked = _ask(request, piece, model)
        total = asked.sampling.steps + 2
        report(Progress("Reading the picture", 0, total))

        def on_step(step: StepReport) -> None:
            stage = f"Finding the layers, step {step.done} of {step.total}"
            previews = _previews(step, request) if _shows_previews(step) else [None]
            for preview in previews:
                report(Progress(stage, step.done, total, preview))

        # 2. Layers and shadow at the working size.
        found = model.pipeline(asked, on_step=on_step, cancel=cancel)[0]
        cancel.check()
        report(Progress("Bringing the layers to the picture's size", total - 1, total))
        # 3. The same in the picture's own size, and nothing beyond what the box is about.
        predicted = Predicted(
            found.layers.permute(0, 2, 3, 1).numpy(),
            found.source.permute(1, 2, 0).numpy(),
            None if found.shadow is None else found.shadow.permute(1, 2, 0).numpy(),
        )
        whole = piece.region == BoundingBox.of_size((request.image.shape[1], request.image.shape[0]))
        predicted = predicted if whole else replace(predicted, layers=_bounded(predicted, piece), shadow=_faded(predicted))
        full = to_full_size(predicted, piece.image, extract_shadow=request.extract_shadow, mask=piece.mask)
        layers = _build_layers(request, piece, full)
        if len(layers) == 1:
            where = f"in the box {request.boxes[0]}" if request.boxes else "in this picture"
            raise PromptError(f"The model found nothing {where} that stands in front. Draw the box closer, or add a keep point.")
        provenance = Provenance(self.name, f"{self.version}, {name}", request.seed, time.monotonic() - started)
        done = Decomposition(request.image, LayerStack(tuple(layers)), provenance, request.mask)
        return replace(done, provenance=replace(provenance, notes=_notes(done, piece, full, model, found.caption, bool(request.boxes))))


def _shows_previews(step: StepReport) -> bool:
    """Whether the layers are shown as they are after this step: `PREVIEWS` times, evenly; not at the end, when they come anyway."""
    return step.done < step.total and step.done * (PREVIEWS + 1) // step.total > (step.done - 1) * (PREVIEWS + 1) // step.total


def _previews(step: StepReport, request: DecompositionRequest) -> list[Preview]:
    """How the layers look so far, the background first."""
    layers = (step.preview()[0] * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    names = ["Background", *(_name(request, number) for number in range(1, len(layers)))]
    return [preview_of(name, rgba) for name, rgba in zip(names, layers, strict=True)]


def create() -> LayeredDecomposer:
    """The engine with what the registry of the environment serves."""
    served: Served[ServedModel] = served_here(KIND)

    def find_model(say: Callable[[str], None]) -> tuple[str, LayeredModel]:
        holding = answering(served, NO_CHECKPOINT)
        try:
            return holding.record.id, holding.model.model(say)
        except EngineUnavailable:
            raise
        except LiwiError as error:
            raise EngineUnavailable(f"What is served as {KIND!r} cannot answer: {error}") from error

    return LayeredDecomposer(find_model)


def _piece(request: DecompositionRequest) -> _Piece:
    """The part of the picture that a request is about: around its box, or all of it."""
    size = (request.image.shape[1], request.image.shape[0])
    whole = BoundingBox.of_size(size)
    if not request.boxes:
        return _Piece(whole, request.image, request.mask, None, request.hints)
    box = check_box(request.boxes[0], size)
    region = box.expand(max(4, round(BACKGROUND_MARGIN * max(box.width, box.height)))).intersect(whole)
    assert region is not None  # the box was clipped to the picture
    mask = None if request.mask is None else np.ascontiguousarray(request.mask[region.slices])
    hints = tuple(replace(hint, path=tuple((x - region.left, y - region.top) for x, y in hint.path)) for hint in request.hints)
    return _Piece(region, np.ascontiguousarray(request.image[region.slices]), mask, box.translate(-region.left, -region.top), hints)


def _ask(request: DecompositionRequest, piece: _Piece, model: LayeredModel) -> LayeringRequest:
    """What the pipeline is asked."""
    card, sampling = model.card, model.card.sampling.with_steps(request.steps)
    one_thing = piece.box is not None or (card.prompted and any(hint.kind == "keep" for hint in piece.hints))
    num_layers = 2 if one_thing else max(1, min(request.max_foregrounds + 1, card.max_layers))
    contexts = []
    if card.prompted and one_thing:
        own = (piece.region.width, piece.region.height)
        size = working_size(own, sampling.resolution, 4 * model.pipeline.codec.factor)
        boxes = [] if piece.box is None else [scale_box(piece.box, own, size)]
        contexts = [draw_prompt(size, boxes, [_scale_hint(hint, own, size) for hint in piece.hints])]
    captions = request.text.strip() if request.text else None
    return LayeringRequest([piece.image], num_layers, captions=captions, contexts=contexts, seeds=request.seed, sampling=sampling)


def _scale_hint(hint: Hint, source: tuple[int, int], target: tuple[int, int]) -> Hint:
    x, y = target[0] / source[0], target[1] / source[1]
    path = tuple((round(left * x), round(top * y)) for left, top in hint.path)
    return Hint(hint.kind, path, None if hint.radius is None else max(1, round(hint.radius * (x + y) / 2)))


def _bounded(predicted: Predicted, piece: _Piece) -> Float32:
    """The layers without what foregrounds have far from the box."""
    assert piece.box is not None  # only a box makes a region
    height, width = predicted.layers.shape[1:3]
    reach = piece.box.expand(round(OBJECT_MARGIN * max(piece.box.width, piece.box.height)))
    near = scale_box(reach, (piece.region.width, piece.region.height), (width, height)).intersect(BoundingBox.of_size((width, height)))
    layers = predicted.layers.copy()
    kept = np.zeros((height, width), np.float32)
    if near is not None:
        kept[near.slices] = 1
    layers[1:, ..., 3] *= kept
    return layers


def _faded(predicted: Predicted) -> Float32:
    """S, fading out towards the border of the region."""
    shadow = predicted.shadow
    if shadow is None:
        cover = predicted.layers[1:, ..., 3].max(axis=0, initial=0)[..., None]
        shadow = (predicted.source - predicted.layers[0][..., :3]) * (1 - cover)
    height, width = shadow.shape[:2]
    inside = np.zeros((height + 2, width + 2), np.uint8)
    inside[1:-1, 1:-1] = 1
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
    ramp = np.clip((distance - 1) / max(1.0, FADE * min(height, width)), 0, 1)
    return (shadow * ramp[..., None]).astype(np.float32)


def _build_layers(request: DecompositionRequest, piece: _Piece, full: FullSize) -> list[Layer]:
    """The background, and every foreground that shows anything; in the picture's size."""
    size = (request.image.shape[1], request.image.shape[0])
    background = np.dstack([request.image, np.full(size[::-1], 255, np.uint8)])
    background[piece.region.slices] = full.layers[0]
    layers = [Layer(background, LayerRole.BACKGROUND, "Background", id="background")]
    for rgba in full.layers[1:]:
        obeyed = _obey_hints(rgba, piece)
        if not obeyed[..., 3].any():
            continue
        placed = np.zeros((size[1], size[0], 4), np.uint8)
        placed[piece.region.slices] = obeyed
        name = _name(request, len(layers))
        box = check_box(request.boxes[0], size) if request.boxes else BoundingBox.around(placed[..., 3])
        layers.append(Layer(placed, LayerRole.FOREGROUND, name, box=box))
    return layers


def _name(request: DecompositionRequest, number: int) -> str:
    """Of a foreground, counted from 1."""
    return request.names[number - 1] if number <= len(request.names) else f"Object {number}"


def _obey_hints(rgba: UInt8, piece: _Piece) -> UInt8:
    """What a person kept is the object, and what they dropped is not, whatever the model thinks."""
    if not piece.hints:
        return rgba
    marks = paint_hints(rgba.shape[:2], piece.box or BoundingBox.of_size((rgba.shape[1], rgba.shape[0])), piece.hints)
    obeyed = rgba.copy()
    kept = (marks == KEPT) & (True if piece.mask is None else piece.mask > 0)
    obeyed[kept, :3] = piece.image[kept]
    obeyed[kept, 3] = 255
    obeyed[marks == DROPPED] = 0
    return obeyed


def _notes(done: Decomposition, piece: _Piece, full: FullSize, model: LayeredModel, caption: str, boxed: bool) -> tuple[str, ...]:
    notes = [f"Model {model.placed}, {model.card.sampling.resolution} pixels."]
    if caption:
        notes.append(f"Described as: {caption[:300]}")
    if boxed and not model.card.prompted:
        notes.append("This checkpoint was not trained with boxes: what is around the box was taken apart.")
    if full.shadow.any():
        share = share_explained(done.shadow_in(piece.region), full.shadow)
        notes.append(f"The model's own shadow explains {share:.0%} of S; the rest is error.")
    return tuple(notes)
