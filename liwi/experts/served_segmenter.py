"""The segmenter that the registry serves, else the one that ships with the program, and the classical one where there is neither.

No torch here: whoever has no weights never loads it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from liwi.experts.answering import Answering
from liwi.experts.shipped import FOLDER
from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.registry_reading import RegistryReader
from liwi.types import BoundingBox, Hint

if TYPE_CHECKING:
    from liwi.experts.learned_segmenter import LearnedSegmenter

KIND = "matting"
"""Of the checkpoints, see `liwi.checkpoint_kinds`."""

CLASSICAL = "the classical method"


class ServedSegmenter:
    """`liwi.protocols.Segmenter`: a promotion or rollback is noticed at the next call; a call under way keeps to what it began with.

    Args:
        registry: where the checkpoint is served.
        shipped: the folder of `liwi.experts.shipped`.
    """

    def __init__(self, registry: RegistryReader, shipped: Path = FOLDER) -> None:
        self._answering: Answering[LearnedSegmenter] = Answering(KIND, registry, shipped)
        self._classical = ClassicalSegmenter()

    @property
    def answers(self) -> str:
        """Who answers now: the id of a checkpoint, `liwi.experts.answering.SHIPPED` or `CLASSICAL`. May load the network."""
        answer = self._answering.get()
        return CLASSICAL if answer is None else answer.name

    def segment(
        self,
        crop: NDArray[np.uint8],
        box: BoundingBox,
        hints: tuple[Hint, ...] = (),
        support: NDArray[np.uint8] | None = None,
        *,
        seed: int = 0,
    ) -> NDArray[np.float32]:
        """Segment the object that ``box`` is drawn around. See `liwi.protocols.Segmenter.segment`.

        A network that cannot be loaded leaves the classical segmenter answering.
        """
        answer = self._answering.get()
        segmenter = self._classical if answer is None else answer.model
        return segmenter.segment(crop, box, hints, support, seed=seed)
