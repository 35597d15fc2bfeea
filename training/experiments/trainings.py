"""A training of an experiment, which is done before the next begins."""

from pathlib import Path

from training.errors import TrainingStopped
from training.job import Job


def train_wholly(job: Job, folder: Path) -> None:
    """Train to the last step, or go on to it; what is done already is not done again.

    Raises:
        TrainingStopped: it was asked to stop (SIGINT, SIGTERM): what builds on it must not begin.
        LiwiError: as `training.loop.train`.
    """
    from training.loop import train

    outcome = train(job, folder)
    if not outcome.finished:
        done = f"step {outcome.step} of {job.schedule.steps} of {folder.name}"
        raise TrainingStopped(f"Stopped as asked after {done}. The same command goes on from there.")
