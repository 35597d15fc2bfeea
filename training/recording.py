"""What a run writes for people while it goes on: its log, TensorBoard's where it is wanted, and pictures.

::

    log.jsonl                             `training.run_folder.RunLog`
    tensorboard/                          the same numbers
    pictures/step_00000500/held_out.png   whatever the objective offers at an evaluation
"""

import importlib
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from liwi.export.atomic import new_folder
from training.run_folder import RunLog

PICTURES, TENSORBOARD = "pictures", "tensorboard"

_NAME = re.compile(r"[a-z0-9_]{1,60}")


class Recorder:
    """Writes down what happens; only the first process of a run has one.

    Args:
        folder: of the run.
        step: steps done; what was written of later ones is forgotten.
        tensorboard: whether to write for TensorBoard, too.
    """

    def __init__(self, folder: Path, step: int, *, tensorboard: bool) -> None:
        self._folder = folder
        self._log = RunLog(folder)
        self._log.rewind(step)
        self._board = _open_board(folder / TENSORBOARD, step) if tensorboard else None

    def write(self, event: str, values: Mapping[str, Any]) -> None:
        """Append one event; ``values`` hold its step."""
        self._log.write(event, values)
        if self._board is not None:
            for name, value in values.items():
                if isinstance(value, int | float) and name != "step":
                    self._board.add_scalar(f"{event}/{name}", value, values["step"])

    def show(self, step: int, pictures: Mapping[str, NDArray[np.uint8]]) -> None:
        """Write the pictures of an evaluation, all or none.

        Raises:
            ValueError: a name or a picture is not as `training.objectives.ShowsPictures` says.
            ExportError: the disk refuses.
        """
        for name, picture in pictures.items():
            if not _NAME.fullmatch(name) or picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
                raise ValueError(f"The picture {name!r} of an objective is {picture.shape} {picture.dtype}, not (H, W, 3) uint8")
        with new_folder(self._folder / PICTURES / f"step_{step:08d}") as folder:
            for name, picture in pictures.items():
                Image.fromarray(picture).save(folder / f"{name}.png")

    def close(self) -> None:
        """Hand over what TensorBoard was not given yet."""
        if self._board is not None:
            self._board.close()


def _open_board(folder: Path, step: int) -> Any:
    """A writer of either package that has one; None where there is none."""
    for name in ("torch.utils.tensorboard", "tensorboardX"):
        try:
            writer = importlib.import_module(name).SummaryWriter
            return writer(str(folder), purge_step=step + 1, filename_suffix=f".step_{step:08d}")
        except ImportError:
            continue
    logging.getLogger(__name__).warning(
        "The key 'record.tensorboard' is true, and neither tensorboard nor tensorboardX is installed: only log.jsonl is written."
    )
    return None
