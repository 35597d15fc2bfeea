"""What the tab Characters does beyond `liwi.ui.project_handlers`: take a figure apart, relabel, merge, split, make a part anew.

No layout and no Gradio here. Which of the two character engines answers is chosen for each piece of work, so that a promoted checkpoint
answers for a picture that is open already.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from liwi.engines import AUTO, EngineChoice
from liwi.engines.character import CharacterDecomposer
from liwi.errors import EngineUnavailable, InputError
from liwi.experts.served_part_segmenter import NO_WEIGHTS, ServedPartSegmenter
from liwi.progress import CancelToken
from liwi.protocols import Decomposer, PartSegmenter
from liwi.registry_serving import Served
from liwi.seethrough.body_parts import LAYER_PARTS, BodyPart, CoarseBodyPart, Side
from liwi.seethrough.depth_strata import MOST_STRATA, StrataOptions
from liwi.seethrough.options import MAX_SEED, CharacterOptions
from liwi.seethrough.part_editing import merge, relabel, replace_part, split
from liwi.seethrough.readiness import missing as seethrough_lacks
from liwi.session import CutRequest
from liwi.ui.manifest import StageState
from liwi.ui.project_handlers import Events, Manifest, ProjectHandlers
from liwi.ui.tiles import TileStore
from liwi.workspace import Workspace

if TYPE_CHECKING:
    from liwi.seethrough.serving import ServedDepth, ServedParts

GENERATING, COMPACT = "seethrough", "character"
"""The engine with a part diffusion, and the one that needs none."""

MAX_STEPS = 200


@dataclass(frozen=True, slots=True)
class CharacterServices:
    """What the tab needs from the app.

    Attributes:
        workspace, tiles: where pictures are kept and their layers served from.
        segmenter: of the compact engine.
        parts, depth: of the engine `seethrough`; None where there is no registry.
    """

    workspace: Workspace
    tiles: TileStore
    segmenter: PartSegmenter
    parts: "Served[ServedParts] | None" = None
    depth: "Served[ServedDepth] | None" = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose beside the stage, as the page sends it: hostile until `checked`.

    Attributes:
        engine: `AUTO`, `GENERATING` or `COMPACT`.
        parts: tags of the layers to make; none of them means all.
        seed, steps: whole numbers; 0 steps are the model's own number.
        strata: how many a part is cut into; 0 lets the depth decide.
        footwear: whether shoes are cut too.
        head_pass: whether the head is looked at enlarged.
    """

    engine: object = AUTO
    parts: object = ()
    seed: object = 0
    steps: object = 0
    strata: object = 2
    footwear: object = False
    head_pass: object = True

    def request(self, state: StageState) -> CutRequest:
        """What the engine is asked.

        Raises:
            InputError: a number is none, or out of range; an unknown part.
        """
        listed = list(self.parts) if isinstance(self.parts, list | tuple) else []
        known = {part.value: part for part in BodyPart}
        if unknown := [each for each in listed if each not in known]:
            raise InputError(f"{str(unknown[0])[:40]!r} is no body part.")
        strata = _whole("strata", self.strata, MOST_STRATA)
        options = CharacterOptions(
            parts=frozenset(known[each] for each in listed) or None,
            head_pass=bool(self.head_pass),
            strata=StrataOptions(strata or None, footwear=bool(self.footwear)),
        )
        steps = _whole("number of steps", self.steps, MAX_STEPS)
        return CutRequest(state.boxes, state.hints, seed=_whole("seed", self.seed, MAX_SEED), steps=steps or None, character=options)


class CharacterHandlers(ProjectHandlers):
    """The tab's event handlers. S holds rounding alone here, so it is left out; a layer that is moved back or forth then stays so."""

    def __init__(self, services: CharacterServices) -> None:
        super().__init__(services.workspace, services.tiles, partial(CharacterDecomposer, services.segmenter), shows_shadow=False)
        self._segmenter, self._parts, self._depth = services.segmenter, services.parts, services.depth
        self._generating: Decomposer | None = None

    def choice(self, engine: object = AUTO) -> EngineChoice:
        """Which engine would answer, and why; loads nothing."""
        if engine == COMPACT:
            return EngineChoice(COMPACT, "chosen by name")
        if engine == GENERATING:
            return EngineChoice(GENERATING, self.lacking() or "chosen by name")
        if self.lacking():
            return EngineChoice(COMPACT, f"{GENERATING} cannot run: {self.lacking()}")
        return EngineChoice(GENERATING, "the best engine whose needs are met on this computer")

    def lacking(self) -> str:
        """What the engine `GENERATING` lacks, in words for a person; empty where nothing."""
        if self._parts is None or not self._parts.available:
            return "no checkpoint of the kind 'part_diffusion' is served"
        return ", ".join(seethrough_lacks())

    def take_apart(self, token: str | None, value: object, choices: Choices | None = None) -> Iterator[Manifest]:
        """Take the figure in the drawn box apart, or the main one; its layers take the place of all others."""
        project, state = self._take_over(token, value)
        choices = choices or Choices()
        engine, request = self._engine(choices.engine), choices.request(state)

        def work(events: Events, cancel: CancelToken) -> tuple[str, ...]:
            project.session.take_apart(request, engine=engine(), report=events.put, cancel=cancel)
            done = project.session.decomposition
            return (f"{len(done.stack.foregrounds)} parts in {done.provenance.seconds:.1f} s.", *done.provenance.notes[1:])

        yield from self._run(project, work, used_ids=(*state.box_ids, *state.hint_ids), name="take-apart")

    def make_anew(self, token: str | None, value: object, choices: Choices | None = None) -> Iterator[Manifest]:
        """Make the part of the selected layer again, with another seed each time; the other layers stay."""
        project, state = self._take_over(token, value)
        choices = choices or Choices()
        if len(state.selected) != 1:
            raise InputError("Select the one layer that is to be made anew: click it in the panel.")
        if self.choice(choices.engine).name != GENERATING:
            raise InputError(f"Only the engine {GENERATING} makes a part anew: {self.lacking() or 'choose it in the options'}.")
        layer = project.session.decomposition.stack[state.selected[0]]
        if layer.part is None:
            raise InputError(f"{layer.name!r} is no body part. Relabel it first, or select another layer.")
        fine = _fine(layer.part)
        engine, request = self._engine(GENERATING), choices.request(state)
        assert request.character is not None  # so are they made
        seeds = MappingProxyType({each: _another(request.seed, project.session.revision) for each in fine})
        request = replace(request, character=replace(request.character, parts=None, seeds=seeds))

        def work(events: Events, cancel: CancelToken) -> tuple[str, ...]:
            project.session.take_apart(
                request,
                engine=engine(),
                merge=lambda document, made: replace_part(document, layer.id, made),
                report=events.put,
                cancel=cancel,
            )
            return (f"{layer.name} was made anew.",)

        yield from self._run(project, work, name="make-anew")

    def origin(self, token: str | None) -> str:
        """Which engine and which weights made what is open, in words; empty where nothing was taken apart yet."""
        made = self._workspace.get(token).session.decomposition.provenance
        return "" if made.engine == "none" else " ".join((f"Engine: {made.engine}, version {made.engine_version}.", *made.notes))

    def relabel(self, token: str | None, value: object, part: str, side: str) -> Manifest:
        """Say what the selected layers are."""
        project, state = self._take_over(token, value)
        chosen = next((each for each in LAYER_PARTS if each.value == part), None)
        if chosen is None:
            raise InputError("Choose a body part for the selected layers first.")
        known = next((each for each in Side if each.value == side), None)
        return self._answer(
            project, "edit", lambda: project.session.apply(lambda each: relabel(each, state.selected, chosen, known)), "relabel"
        )

    def merge(self, token: str | None, value: object) -> Manifest:
        """Make the selected layers one."""
        project, state = self._take_over(token, value)
        return self._answer(project, "edit", lambda: project.session.apply(lambda each: merge(each, state.selected)), "merge")

    def split(self, token: str | None, value: object) -> Manifest:
        """Make two of the selected layer: left and right, else nearer and farther."""
        project, state = self._take_over(token, value)
        if len(state.selected) != 1:
            raise InputError("Select the one layer that is to be split: click it in the panel.")
        return self._answer(project, "edit", lambda: project.session.apply(lambda each: split(each, state.selected[0])), "split")

    def _engine(self, engine: object) -> Callable[[], Decomposer]:
        """How the engine that is to answer is made: in the work itself, since its libraries alone take seconds the first time.

        Raises:
            EngineUnavailable: it lacks something; says what.
        """
        name = self.choice(engine).name
        if name == COMPACT:
            if isinstance(self._segmenter, ServedPartSegmenter) and not self._segmenter.available:
                raise EngineUnavailable(NO_WEIGHTS)
            return partial(CharacterDecomposer, self._segmenter)
        if lacking := self.lacking():
            raise EngineUnavailable(f"The engine {GENERATING!r} cannot run here: {lacking}. Choose the engine {COMPACT!r}, which can.")
        return self._generator

    def _generator(self) -> Decomposer:
        if self._generating is None:
            from liwi.engines.seethrough import SeeThroughDecomposer, finder

            assert self._parts is not None and self._depth is not None  # lacking() has looked
            self._generating = SeeThroughDecomposer(finder(self._parts, self._depth))
        return self._generating


def _fine(part: BodyPart | CoarseBodyPart) -> tuple[BodyPart, ...]:
    return (part,) if isinstance(part, BodyPart) else tuple(each for each in BodyPart if each.coarse is part)


def _another(seed: int, revision: int) -> int:
    """A seed for a part that is made anew: another one for each step of the session."""
    return (seed + 7919 * (revision + 1)) % MAX_SEED


def _whole(what: str, value: Any, most: int) -> int:
    if value is None or value == "":
        return 0
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value != int(value) or not 0 <= value <= most:
        raise InputError(f"The {what} must be a whole number from 0 to {most}, got {str(value)[:20]}.")
    return int(value)
