"""`liwi.protocols.Segmenter` with whatever matting network is served now, and the classical method where none is or none can be loaded.

No torch here: it is loaded with the first network.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.protocols import Segmenter
from liwi.registry_errors import RegistryError
from liwi.registry_serving import Served
from liwi.types import BoundingBox, Hint


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answers.

    Attributes:
        segmenter: to be kept for the whole of a request, so that a promotion in between does not mix two networks in one picture.
        checkpoint: id of the served checkpoint; None for the classical method.
        problem: why a network that is served does not answer; empty where all is well.
    """

    segmenter: Segmenter
    checkpoint: str | None
    problem: str = ""


class ServedSegmenter:
    """See the module's text.

    Args:
        served: of the kind ``matting``.
        fallback: answers where no network does; the classical segmenter if not given.
    """

    def __init__(self, served: Served[Segmenter], fallback: Segmenter | None = None) -> None:
        self._served = served
        self._fallback: Segmenter = fallback or ClassicalSegmenter()

    def answering(self) -> Answering:
        """Who answers now; the first call loads the network."""
        try:
            holding = self._served.get()
        except RegistryError as error:
            return Answering(self._fallback, None, str(error))
        if holding is None:
            return Answering(self._fallback, None)
        return Answering(holding.model, holding.record.id, self._served.status.problem)

    def segment(
        self,
        crop: NDArray[np.uint8],
        box: BoundingBox,
        hints: tuple[Hint, ...] = (),
        support: NDArray[np.uint8] | None = None,
        *,
        seed: int = 0,
    ) -> NDArray[np.float32]:
        """Segment the object that ``box`` is drawn around. See `liwi.protocols.Segmenter.segment`."""
        return self.answering().segmenter.segment(crop, box, hints, support, seed=seed)
