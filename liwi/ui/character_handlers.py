"""What the tab Characters does beyond `liwi.ui.project_handlers`: take a figure apart, relabel, merge. No layout and no Gradio here."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from liwi.engines.character import CharacterDecomposer
from liwi.errors import EngineUnavailable, InputError
from liwi.experts.served_part_segmenter import NO_WEIGHTS, ServedPartSegmenter
from liwi.progress import CancelToken
from liwi.protocols import PartSegmenter
from liwi.seethrough.body_parts import LAYER_PARTS, Side
from liwi.seethrough.part_editing import merge, relabel
from liwi.session import CutRequest
from liwi.ui.project_handlers import Events, Manifest, ProjectHandlers
from liwi.ui.tiles import TileStore
from liwi.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CharacterServices:
    """What the tab needs from the app."""

    workspace: Workspace
    tiles: TileStore
    segmenter: PartSegmenter


class CharacterHandlers(ProjectHandlers):
    """The tab's event handlers. S holds rounding alone here, so it is left out; a layer that is moved back or forth then stays so."""

    def __init__(self, services: CharacterServices) -> None:
        super().__init__(services.workspace, services.tiles, partial(CharacterDecomposer, services.segmenter), shows_shadow=False)
        self._segmenter = services.segmenter

    def missing(self) -> str:
        """What is missing before anything can be taken apart, in words for a person; empty where nothing is."""
        segmenter = self._segmenter
        return NO_WEIGHTS if isinstance(segmenter, ServedPartSegmenter) and not segmenter.available else ""

    def take_apart(self, token: str | None, value: object) -> Iterator[Manifest]:
        """Take the figure in the drawn box apart, or the main one; its layers take the place of all others."""
        project, state = self._take_over(token, value)
        if missing := self.missing():
            raise EngineUnavailable(missing)
        request = CutRequest(state.boxes, state.hints)

        def work(events: Events, cancel: CancelToken) -> tuple[str, ...]:
            project.session.take_apart(request, report=events.put, cancel=cancel)
            done = project.session.decomposition
            return (f"{len(done.stack.foregrounds)} parts in {done.provenance.seconds:.1f} s.", *done.provenance.notes[1:])

        yield from self._run(project, work, used_ids=(*state.box_ids, *state.hint_ids), name="take-apart")

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
