"""The engine `seethrough`: the part diffusion takes a character apart into complete layers (paper 2, section 4).

    picture ─► the figure ─► part diffusion: body, then the head from the picture's own pixels ─► pseudo-depth, where one is served
       ─► left and right, strata, order ─► layers of the picture's own size and pixels that add up exactly

Without a pseudo-depth the order is that of the classes. The figure is found as the compact engine `character` finds it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.engines import embedded
from liwi.engines.figure import CutFigure, cut_figure
from liwi.errors import EngineUnavailable, LiwiError
from liwi.heap import kept_heap
from liwi.imaging.compositing import resize_rgba
from liwi.progress import CancelToken, Plan, Preview, Progress, ReportProgress, ignore_progress
from liwi.protocols import Decomposer, Inpainter
from liwi.registry_serving import Served, answering, served_here
from liwi.seethrough.body_parts import HEAD, BodyPart
from liwi.seethrough.complete_parts import CompletePart
from liwi.seethrough.depth_pipeline import STAGE as DEPTH_STAGE
from liwi.seethrough.depth_pipeline import DepthOptions
from liwi.seethrough.finishing import STAGES as FINISHING
from liwi.seethrough.finishing import FinishOptions, finish
from liwi.seethrough.loading import DepthModel, PartModel
from liwi.seethrough.options import CharacterOptions, part_of, tags_of
from liwi.seethrough.part_pipeline import DECODING, PartOptions, PartPipeline
from liwi.seethrough.readiness import DEPTH, PARTS
from liwi.seethrough.serving import ServedDepth, ServedParts
from liwi.types import Decomposition, DecompositionRequest, LayerStack, Provenance

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Say = Callable[[str], None]

FINDING = "Finding the figure"

DEPTH_SIDE = 1536
"""Longest side at which layers are kept for the pseudo-depth, in pixels; its network sees half of that."""

PREVIEW_SIDE = 96
"""Longest side of what a person sees of a layer before all are there, in pixels."""

NO_CHECKPOINT = (
    "The engine 'seethrough' has no checkpoint: none of the kind 'part_diffusion' is served. "
    "Train one (python -m training run training/jobs/part_diffusion_tiny.toml), or take the published model "
    "(python -m liwi seethrough adopt layerdifforg/seethroughv0.0.2_layerdiff3d), and promote it (python -m liwi checkpoints promote). "
    "The engine 'character' needs none."
)


@dataclass(frozen=True, eq=False)
class CharacterModels:
    """What answers.

    Attributes:
        name: which checkpoints they are.
        parts: the part diffusion.
        depth: the pseudo-depth; None where none is served.
    """

    name: str
    parts: PartModel
    depth: DepthModel | None = None


class SeeThroughDecomposer:
    """`liwi.protocols.Decomposer` for illustrations of one character. Deterministic for a seed, a device and a way to place the model.

    Args:
        find_models: gives the models, loading them where needed; is told where to say what it does.
        cutter: cuts the figure from an opaque background; the embedded engine where None.
        inpainter: continues colours where a part is cut by depth; the smooth one where None.
    """

    name = "seethrough"
    version = "1"

    def __init__(
        self, find_models: Callable[[Say], CharacterModels], *, cutter: Decomposer | None = None, inpainter: Inpainter | None = None
    ) -> None:
        self._find_models = find_models
        self._cutter: Decomposer = cutter or embedded.create()
        self._inpainter = inpainter

    @kept_heap()
    def decompose(
        self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
    ) -> Decomposition:
        """Take one character apart. See `Decomposer.decompose`.

        Args:
            request: with at most one box, around the character; none takes the main subject. ``steps`` and ``character`` count here.
            report, cancel: as everywhere; layers come as previews. A cancel is noticed between two steps of the samplers.

        Raises:
            PromptError: several boxes, nothing in the box, or two figures and no box.
            InputError: no body part was made, or unknown ones were asked for.
            EngineUnavailable: no checkpoint is served, it cannot be loaded, or does not fit into this computer; says why.
        """
        started = time.monotonic()
        token, options = cancel or CancelToken(), request.character or CharacterOptions()
        token.check()
        # 1. The model, loaded where it was not yet, and the figure.
        models = self._find_models(lambda what: report(Progress(what, 0, 1000)))
        tell = Plan(_stages(models, options), report)
        tell(Progress(FINDING, 0, 1))
        cut = cut_figure(request, self._cutter, token)
        # 2. Parts, and how near they are.
        made = _make(models, cut, request, options, tell, token)
        # 3. Layers of the person's own picture.
        known = models.parts.pipeline.tags
        asked = tuple(part_of(tag) for tag in known if tag in (tags_of(options.parts, known) or known))

        def on_stage(stage: str) -> None:
            token.check()
            tell(Progress(stage, 0, 1))

        settings = FinishOptions(strata=options.strata, asked=() if not options.head_pass else asked)
        done = finish(made.parts, cut.figure, settings, inpainter=self._inpainter, seed=request.seed, on_stage=on_stage)
        token.check()
        size, corner = (request.image.shape[1], request.image.shape[0]), (cut.crop.left, cut.crop.top)
        layers = [layer.layer(size, corner) for layer in done.layers]
        if cut.background is not None:
            layers.insert(0, cut.background)
        notes = (*_notes(models, options), *made.notes, *done.quality.notes)
        provenance = Provenance(self.name, f"{self.version}, {models.name}", request.seed, time.monotonic() - started, notes)
        return Decomposition(request.image, LayerStack(tuple(layers)), provenance, request.mask, shadow_visible=False)


def create() -> SeeThroughDecomposer:
    """The engine with what the registry of the environment serves."""
    return SeeThroughDecomposer(finder(served_here(PARTS), served_here(DEPTH)))


def finder(parts: Served[ServedParts], depth: Served[ServedDepth]) -> Callable[[Say], CharacterModels]:
    """What finds the models that a registry serves.

    Args:
        parts, depth: of its two kinds.
    """

    def find(say: Say) -> CharacterModels:
        holding = answering(parts, NO_CHECKPOINT)
        try:
            made = holding.model.model(say)
            beside = answering(depth, "") if depth.available else None
            near = None if beside is None else beside.model.model(say, preset=made.preset)
        except EngineUnavailable:
            raise
        except LiwiError as error:
            raise EngineUnavailable(f"What is served as {PARTS!r} and {DEPTH!r} cannot answer: {error}") from error
        name = holding.record.id if beside is None else f"{holding.record.id} with {beside.record.id}"
        return CharacterModels(name, made, near)

    return find


@dataclass(frozen=True, eq=False)
class _Made:
    parts: list[CompletePart | None]
    notes: tuple[str, ...]


def _make(
    models: CharacterModels, cut: CutFigure, request: DecompositionRequest, options: CharacterOptions, tell: Plan, cancel: CancelToken
) -> _Made:
    """Complete parts at the figure's size, cropped, with their depth."""
    picture = cut.figure.rgba if cut.background is None or cut.figure.backdrop is None else _opaque(cut.figure.seen)
    pipeline, card = models.parts.pipeline, models.parts.card
    parts: dict[str, CompletePart | None] = {}
    small: dict[str, UInt8] = {}

    def take(tag: str, layer: UInt8, scale: float) -> None:
        name = BodyPart.FACE.value if tag == HEAD else tag
        parts[name] = CompletePart.of(part_of(name), layer, scale=scale)
        if parts[name] is not None:
            if models.depth is not None:
                small[name] = _reduced(layer)
            tell(Progress(DECODING, 0, 1, _preview(name, parts[name])))

    wanted = PartOptions(
        seed=request.seed,
        steps=request.steps or card.steps,
        resolution=card.resolution,
        tags=_tags(pipeline, options),
        seeds=_seeds(pipeline, options.seeds),
        shared_noise=card.shared_noise,
        keep_head=not options.head_pass,
    )
    found = pipeline.separate(picture, wanted, report=tell, cancel=cancel, take=take)
    cancel.check()
    if models.depth is not None and small:
        near = _depth(models.depth, small, _reduced(picture), request.seed, tell, cancel)
        parts = {name: _with_depth(part, near[name], cut.figure.size) for name, part in parts.items() if part is not None}
    return _Made(list(parts.values()), found.notes)


def _tags(pipeline: PartPipeline, options: CharacterOptions) -> frozenset[str] | None:
    tags = tags_of(options.parts, pipeline.tags)
    if tags is None and (seeded := set(_seeds(pipeline, options.seeds))):
        return frozenset(tag for group in pipeline.groups if seeded & set(group.tags) for tag in group.tags if tag != HEAD)
    if options.head_pass or len(pipeline.groups) == 1:
        return tags
    body = frozenset(pipeline.groups[0].tags) - {HEAD}
    return (body if tags is None else tags & body) or body


def _seeds(pipeline: PartPipeline, seeds: Mapping[BodyPart, int]) -> dict[str, int]:
    return {tag: seed for part, seed in seeds.items() for tag in tags_of(frozenset({part}), pipeline.tags) or ()}


def _depth(
    model: DepthModel, small: Mapping[str, UInt8], page: UInt8, seed: int, tell: ReportProgress, cancel: CancelToken
) -> dict[str, Float32]:
    options = DepthOptions(seed, model.card.steps, model.card.resolution)
    return model.pipeline.estimate(small, page, options, report=tell, cancel=cancel)


def _with_depth(part: CompletePart, near: Float32, size: tuple[int, int]) -> CompletePart:
    """The part with its share of a depth that may be of a smaller picture."""
    height, width = near.shape
    across, down = width / size[0], height / size[1]
    box = part.box
    matrix = np.array([[across, 0, (box.left + 0.5) * across - 0.5], [0, down, (box.top + 0.5) * down - 0.5]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    depth = cv2.warpAffine(near, matrix, (box.width, box.height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return replace(part, depth=np.ascontiguousarray(depth, np.float32))


def _reduced(rgba: UInt8) -> UInt8:
    """A layer no larger than the pseudo-depth has a use for; the layer itself where it is small."""
    height, width = rgba.shape[:2]
    scale = DEPTH_SIDE / max(height, width)
    if scale >= 1:
        return rgba
    return cv2.resize(rgba, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)


def _opaque(rgb: UInt8) -> UInt8:
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def _preview(name: str, part: CompletePart | None) -> Preview | None:
    if part is None:
        return None
    height, width = part.rgba.shape[:2]
    scale = min(1.0, PREVIEW_SIDE / max(height, width))
    return Preview(name, resize_rgba(part.rgba, (max(1, round(width * scale)), max(1, round(height * scale)))))


def _stages(models: CharacterModels, options: CharacterOptions) -> list[tuple[str, float]]:
    """What is done in which order, and about which share of the time it takes."""
    groups = models.parts.pipeline.groups
    passes = groups if options.head_pass else groups[:1]
    stages = [(FINDING, 3.0)]
    for group in passes:
        stages += [(group.stage, 30.0 * len(group.tags) / 12), (DECODING, 5.0 * len(group.tags) / 12)]
    if models.depth is not None:
        stages.append((DEPTH_STAGE, 8.0))
    return [*stages, *((stage, 1.0) for stage in FINISHING)]


def _notes(models: CharacterModels, options: CharacterOptions) -> tuple[str, ...]:
    notes = [f"Model {models.parts.placed}, {models.parts.card.resolution} pixels."]
    if models.depth is None:
        notes.append("No pseudo-depth is served: the order is that of the classes, and nothing is cut by depth.")
    if not options.head_pass and len(models.parts.pipeline.groups) > 1:
        notes.append("The head pass was left out: the layer face is the whole head.")
    return tuple(notes)
