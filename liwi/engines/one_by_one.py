"""Several boxes, one after another: each works on what the last one left (paper 1, sections 3.2 and 5.3)."""

from dataclasses import replace

from liwi.editing import CutOptions, Document, assign_hints, cut_box
from liwi.errors import PromptError
from liwi.progress import CancelToken, Progress, ReportProgress
from liwi.protocols import Decomposer
from liwi.types import Decomposition, DecompositionRequest


def cut_each(
    engine: Decomposer, request: DecompositionRequest, *, report: ReportProgress, cancel: CancelToken, notes: tuple[str, ...] = ()
) -> Decomposition:
    """Cut every box of a request with an engine that cuts one; a box that selects nothing is skipped with a note.

    Args:
        engine: asked for one box at a time.
        request: with boxes, and hints that are given to the box that they are for.
        report, cancel: see `Decomposer.decompose`.
        notes: stand before those of the boxes.

    Raises:
        PromptError: no box selects anything; says why, for each.
        Cancelled: ``cancel`` was set.
    """
    document = Document.start(request.image, request.mask)
    hints = assign_hints(request.hints, request.boxes)
    problems: list[str] = []
    for number, box in enumerate(request.boxes):

        def report_box(progress: Progress, number: int = number) -> None:
            stage = f"{progress.stage} (box {number + 1} of {len(request.boxes)})"
            done, total = number * progress.total + progress.done, progress.total * len(request.boxes)
            report(replace(progress, stage=stage, done=done, total=total))

        name = request.names[number] if number < len(request.names) else None
        options = CutOptions(name, request.extract_shadow, request.seed, request.steps, request.text)
        try:
            document = cut_box(document, box, engine, hints=hints[number], options=options, report=report_box, cancel=cancel)
        except PromptError as error:
            problems.append(f"Box {number + 1} was skipped. {error}")
    if not document.decomposition.stack.foregrounds:
        raise PromptError(" ".join(problems))
    done = document.decomposition
    return replace(done, provenance=replace(done.provenance, notes=(*notes, *problems, *done.provenance.notes)))
