"""What the photo tab does beyond `liwi.ui.project_handlers`: cut, and cut again. No layout and no Gradio here."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from liwi.engines import create_engine
from liwi.errors import InputError
from liwi.progress import CancelToken
from liwi.session import CutRequest
from liwi.ui.project_handlers import Events, Manifest, ProjectHandlers, StepDone
from liwi.ui.tiles import TileStore
from liwi.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PhotoServices:
    """What the tab needs from the app."""

    workspace: Workspace
    tiles: TileStore
    engine: str = "auto"


class PhotoHandlers(ProjectHandlers):
    """The tab's event handlers."""

    def __init__(self, services: PhotoServices) -> None:
        super().__init__(services.workspace, services.tiles, partial(create_engine, services.engine))

    def cut(self, token: str | None, value: object, extract_shadow: bool, subjects: int) -> Iterator[Manifest]:
        """Cut the boxes drawn on the stage, or the main subjects where there are none."""
        project, state = self._take_over(token, value)
        hints, hint_ids = state.hints_for(None)
        request = CutRequest(state.boxes, hints, state.names, extract_shadow, max(1, min(10, subjects)))

        def work(events: Events, cancel: CancelToken) -> tuple[str, ...]:
            return project.session.cut(request, report=events.put, cancel=cancel, on_step=lambda number: events.put(StepDone(number)))

        yield from self._run(project, work, state.box_ids, hint_ids)

    def recut(self, token: str | None, value: object, layer_id: str, extract_shadow: bool) -> Iterator[Manifest]:
        """Cut a layer again with the hints drawn on the stage for it."""
        project, state = self._take_over(token, value)
        hints, hint_ids = state.hints_for(layer_id)
        if not hints:
            raise InputError("Mark what to keep and what to drop first: choose the Keep or Drop tool and click on the picture.")

        def work(events: Events, cancel: CancelToken) -> tuple[str, ...]:
            project.session.recut(layer_id, hints, extract_shadow=extract_shadow, report=events.put, cancel=cancel)
            return ()

        yield from self._run(project, work, used_ids=hint_ids)
