"""One person's picture while they work on it: the current document, its undo history, and the panel's state.

The rules of a step (cut, cut again, delete) are in `liwi.editing`; this module keeps the order of steps and makes them safe to call from
several threads, one at a time.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from liwi.editing import CutOptions, Document, assign_hints, cut_box, delete_layer, recut
from liwi.errors import InputError, PromptError
from liwi.export.names import printable
from liwi.imaging.io import Picture
from liwi.imaging.proposals import propose_boxes
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.protocols import Decomposer
from liwi.seethrough.options import CharacterOptions
from liwi.types import BlendMode, BoundingBox, Decomposition, DecompositionRequest, Hint

HISTORY_BYTES = 2**30
"""Upper bound on what undo may keep alive, in bytes; large pictures get fewer steps."""

MAX_STEPS = 100
"""Most steps that can be undone."""

LEAST_STEPS = 3
"""Steps that can be undone however large the picture is."""

MAX_NAME_LENGTH = 120
"""Longest layer name, in characters."""


@dataclass(frozen=True, slots=True)
class PanelEntry:
    """What the panel says of one layer."""

    id: str
    name: str
    visible: bool = True
    opacity: float = 1.0
    blend: BlendMode = BlendMode.NORMAL
    locked: bool = False


@dataclass(frozen=True, slots=True)
class CutRequest:
    """What a person asks to be cut out.

    Attributes:
        boxes: one per object; empty proposes the main subjects.
        hints: corrections; each goes to the box it lies in.
        names: names for the new layers, one per box; None or missing ones are numbered.
        max_foregrounds: most subjects proposed when there is no box.
        steps: of an engine that samples; its own number where None.
        character: how a character is taken apart.
    """

    boxes: tuple[BoundingBox, ...]
    hints: tuple[Hint, ...] = ()
    names: tuple[str | None, ...] = ()
    extract_shadow: bool = True
    max_foregrounds: int = 3
    seed: int = 0
    steps: int | None = None
    character: CharacterOptions | None = None


class EditingSession:
    """A picture being taken apart. Every method leaves a complete document, or raises and changes nothing."""

    def __init__(self, picture: Picture, engine: Decomposer) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._past: list[Document] = []
        self._future: list[Document] = []
        self._document = Document.start(picture.rgb, picture.alpha)
        self._revision = 0
        self._max_steps = max(LEAST_STEPS, min(MAX_STEPS, HISTORY_BYTES // (picture.rgb.shape[0] * picture.rgb.shape[1] * 4 * 2)))

    @property
    def decomposition(self) -> Decomposition:
        """The current state."""
        return self._document.decomposition

    @property
    def revision(self) -> int:
        """Grows by one with every step, undo and redo."""
        return self._revision

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    def cut(
        self,
        request: CutRequest,
        *,
        report: ReportProgress = ignore_progress,
        cancel: CancelToken | None = None,
        on_step: Callable[[int], None] = lambda _: None,
    ) -> tuple[str, ...]:
        """Cut every box, one step each, so that what was finished stays when the person stops.

        Args:
            on_step: called after each finished box with its place in the request.

        Returns:
            Notes for the person: boxes that were skipped and why.

        Raises:
            PromptError: no box selected anything.
            Cancelled: the person asked to stop.
        """
        with self._lock:
            boxes = request.boxes or self._propose(request)
            hints = assign_hints(request.hints, boxes)
            problems: list[PromptError] = []
            for number, box in enumerate(boxes):
                name = request.names[number] if number < len(request.names) else None
                options = CutOptions(clean_name(name) if name else None, request.extract_shadow, request.seed)
                part = _part_of(report, number, len(boxes))
                try:
                    step = cut_box(self._document, box, self._engine, hints=hints[number], options=options, report=part, cancel=cancel)
                except PromptError as error:
                    problems.append(error)
                    continue
                self._push(step)
                on_step(number)
            if len(problems) == len(boxes):
                raise PromptError(" ".join(dict.fromkeys(str(problem) for problem in problems)))
            return tuple(str(problem) for problem in problems)

    def recut(
        self,
        layer_id: str,
        hints: tuple[Hint, ...],
        *,
        extract_shadow: bool = True,
        report: ReportProgress = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> None:
        """Cut a layer again with more hints; one step."""
        with self._lock:
            options = CutOptions(extract_shadow=extract_shadow)
            self._push(recut(self._document, layer_id, hints, self._engine, options=options, report=report, cancel=cancel))

    def take_apart(
        self,
        request: CutRequest,
        *,
        engine: Decomposer | None = None,
        merge: Callable[[Document, Decomposition], Document] | None = None,
        report: ReportProgress = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> tuple[str, ...]:
        """Give the engine the whole picture as it was opened; what it makes takes the place of all layers. One step.

        Args:
            engine: which one; the session's own where None.
            merge: what becomes of the document and what was made; the latter alone where None.

        Returns:
            What the engine has to say about it.

        Raises:
            InputError: the picture or a box cannot be used.
            Cancelled: the person asked to stop.
        """
        with self._lock:
            whole = self.decomposition
            asked = DecompositionRequest(
                whole.source,
                whole.mask,
                request.boxes,
                request.hints,
                seed=request.seed,
                steps=request.steps,
                character=request.character,
            )
            done = (engine or self._engine).decompose(asked, report=report, cancel=cancel)
            self._push(merge(self._document, done) if merge else Document(done))
            return done.provenance.notes

    def apply(self, edit: Callable[[Document], Document]) -> None:
        """Change the document in any way that makes a new one; one step."""
        with self._lock:
            self._push(edit(self._document))

    def delete(self, layer_ids: Sequence[str]) -> None:
        """Delete layers; their pixels return to what they were cut from. One step."""
        with self._lock:
            document = self._document
            for layer_id in layer_ids:
                document = delete_layer(document, layer_id)
            if layer_ids:
                self._push(document)

    def set_panel(self, entries: Sequence[PanelEntry], shadow_visible: bool = True) -> None:
        """Take over names, visibility, opacity, blending, locks and order (back to front) from the panel. Not a step of its own.

        Entries of layers that are gone are ignored; layers that the panel does not know yet keep their place.
        """
        with self._lock:
            stack = self._document.decomposition.stack
            known = {layer.id: layer for layer in stack}
            ordered = list({entry.id: entry for entry in entries if entry.id in known}.values())
            changed = {
                entry.id: known[entry.id].with_state(
                    name=clean_name(entry.name) or known[entry.id].name,
                    visible=entry.visible,
                    opacity=min(1.0, max(0.0, entry.opacity)),
                    blend=entry.blend,
                    locked=entry.locked,
                )
                for entry in ordered
            }
            places = iter(ordered)
            layers = tuple(changed[next(places).id] if layer.id in changed else layer for layer in stack)
            decomposition = replace(self.decomposition, stack=replace(stack, layers=layers), shadow_visible=shadow_visible)
            self._document = replace(self._document, decomposition=decomposition)

    def undo(self) -> None:
        """Go back one step.

        Raises:
            InputError: there is none.
        """
        with self._lock:
            if not self._past:
                raise InputError("There is nothing to undo.")
            self._future.append(self._document)
            self._document = self._past.pop()
            self._revision += 1

    def redo(self) -> None:
        """Go forward one step again.

        Raises:
            InputError: there is none.
        """
        with self._lock:
            if not self._future:
                raise InputError("There is nothing to redo.")
            self._past.append(self._document)
            self._document = self._future.pop()
            self._revision += 1

    def _push(self, document: Document) -> None:
        self._past = [*self._past, self._document][-self._max_steps :]
        while len(self._past) > LEAST_STEPS and _layer_bytes(self._past) > HISTORY_BYTES:
            del self._past[0]
        self._future.clear()
        self._document = document
        self._revision += 1

    def _propose(self, request: CutRequest) -> tuple[BoundingBox, ...]:
        background = self.decomposition.stack.background
        image = background.rgba[..., :3] if background is not None else self.decomposition.source
        boxes = propose_boxes(image, request.max_foregrounds, seed=request.seed)
        if not boxes:
            raise PromptError("No subject stands out in this picture. Draw a box around what you want to take out.")
        return tuple(boxes)


def _layer_bytes(documents: Sequence[Document]) -> int:
    """What the layers of these documents take in memory; each is counted once, and only where it has any alpha."""
    layers = {id(layer.rgba): layer for document in documents for layer in document.decomposition.stack}
    return sum(4 * layer.extent.area for layer in layers.values() if layer.extent is not None)


def clean_name(name: str) -> str:
    """A layer name on one line, without control characters or excessive length."""
    return printable(name)[:MAX_NAME_LENGTH].strip()


def _part_of(report: ReportProgress, number: int, count: int) -> ReportProgress:
    def report_part(progress: Progress) -> None:
        stage = progress.stage if count == 1 else f"{progress.stage} (box {number + 1} of {count})"
        report(replace(progress, stage=stage, done=number * progress.total + progress.done, total=progress.total * count))

    return report_part
