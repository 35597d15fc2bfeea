"""A part segmentation run's best network, measured as it would serve: on figures of characters that it has never seen."""

from pathlib import Path

from data_tools.character_dataset import Split
from data_tools.parts.dataset import PartPictures, read_characters, read_pictures
from liwi.experts.part_checkpoint import load
from liwi.protocols import PartSegmenter
from training.errors import RunError
from training.objectives import create_objective
from training.part_counts import PartCounts
from training.publishing import export_best
from training.run_folder import EXPORT, JOB, read_run_job


def measure_parts(segmenter: PartSegmenter, pictures: PartPictures) -> dict[str, float]:
    """Ask a segmenter about every picture; see `PartCounts.metrics`."""
    counts = PartCounts()
    for place, frame in enumerate(pictures.frames):
        rgba, labels = pictures.read([place])
        counts.add(frame, labels[0], segmenter.segment_parts(rgba[0]).argmax(axis=0))
    return counts.metrics()


def measure_folder(folder: Path, benchmark: Path) -> dict[str, float]:
    """A network as it would serve, on the pictures of ``benchmark``.

    Args:
        folder: of a run, whose best network is measured, on characters alone that it has neither learned nor been chosen by; or with
            exported weights, such as those that ship, on all.
        benchmark: a set of part pictures.

    Raises:
        WeightsError: there are neither a run nor weights of a part network.
        RunError: it is no run of part segmentation, or nothing was measured yet.
        DatasetError: ``benchmark`` is no set of part pictures, or has none of other characters.
    """
    if not (folder / JOB).is_file():
        return measure_parts(load(folder), read_pictures(benchmark, None, decoded=False))
    job = read_run_job(folder)
    objective = create_objective(job)
    if objective.kind != "part_segmentation":
        raise RunError(f"{folder} trains {objective.kind!r}; only 'part_segmentation' can be measured on part pictures.")
    export_best(folder, job, objective)
    seen = read_characters(Path(job.dataset), (Split.TRAIN, Split.VALIDATION))
    return measure_parts(load(folder / EXPORT), read_pictures(benchmark, None, decoded=False, without=seen))
