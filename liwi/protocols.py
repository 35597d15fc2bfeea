"""The seams of the house: what an engine and its replaceable parts promise.

Contract suites in `tests/contract` hold every implementation to them.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from liwi.progress import CancelToken, ReportProgress
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Hint


class Decomposer(Protocol):
    """An engine: a picture and prompts in, a `Decomposition` out."""

    name: str
    version: str

    def decompose(self, request: DecompositionRequest, *, report: ReportProgress = ..., cancel: CancelToken | None = None) -> Decomposition:
        """Take the picture apart.

        Raises:
            InputError: the request cannot be met; the message says why.
            Cancelled: ``cancel`` was set while working.
        """
        ...


class Segmenter(Protocol):
    """Box and hints -> which pixels are the object. The classical one is built in; a learned one takes its place."""

    def segment(
        self,
        crop: NDArray[np.uint8],
        box: BoundingBox,
        hints: tuple[Hint, ...] = (),
        support: NDArray[np.uint8] | None = None,
        *,
        seed: int = 0,
    ) -> NDArray[np.float32]:
        """Segment the object that ``box`` is drawn around.

        Args:
            crop: (h, w, 3) uint8, the picture around the box with some margin of surroundings, at a working size.
            box: the prompt, in the crop's pixels, inside the crop; its sides lie close to the object's own.
            hints: corrections in the crop's pixels; kept and dropped pixels come back as 1 and 0.
            support: (h, w) uint8 or None; where 0 there is nothing (the input was transparent, or belongs to no layer).
            seed: makes the result repeatable.

        Returns:
            (h, w) float32 in [0, 1]: probability that the pixel is the object. Pixels above 0.5 form the object.
        """
        ...


class Inpainter(Protocol):
    """Fills a hole with what could be behind it."""

    def fill(
        self, image: NDArray[np.uint8], hole: NDArray[np.bool_], *, seed: int = 0, avoid: NDArray[np.bool_] | None = None
    ) -> NDArray[np.uint8]:
        """Fill ``hole`` ((h, w) bool) of ``image`` ((h, w, 3) uint8). Pixels outside the hole come back unchanged.

        Pixels of ``avoid`` ((h, w) bool) are kept too, but nothing is copied from them: other objects, transparent parts.
        """
        ...


class PartSegmenter(Protocol):
    """A character -> where each body part is seen (paper 2, section 3.1.3). A compact network is built in; the paper's takes its place."""

    def segment_parts(self, rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Say what every pixel of a figure shows.

        Args:
            rgba: (H, W, 4) uint8, straight alpha: one figure, its surroundings transparent. Other sizes and crops, such as busts, will do.

        Returns:
            (19, H, W) float32 in [0, 1]: for each class of taxonomy version 2 in the order of `liwi.seethrough.body_parts.CoarseBodyPart`,
            the probability that the pixel *shows* it: visible masks, what is hidden behind something else does not count.
            Where alpha is 0, all are 0.

        Raises:
            InputError: the array has another shape or type.
        """
        ...
