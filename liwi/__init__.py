"""LiWi Studio: one picture in, complete and editable layers out.

from liwi import BoundingBox, decompose

result = decompose("photo.jpg", boxes=[BoundingBox(120, 80, 420, 560)])
result.stack           # background and foreground layers, back to front
result.shadow          # the signed residual S
result.recompose()     # the photo again, bit for bit
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from liwi.errors import LiwiError
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Hint, Layer, LayerStack

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from liwi.progress import CancelToken, ReportProgress
    from liwi.seethrough.options import CharacterOptions

__all__ = ["BoundingBox", "Decomposition", "Hint", "Layer", "LayerStack", "LiwiError", "decompose"]


def decompose(
    image: "str | Path | bytes | Image.Image | NDArray[np.generic]",
    boxes: Sequence[BoundingBox] = (),
    *,
    hints: Sequence[Hint] = (),
    names: Sequence[str] = (),
    engine: str = "auto",
    extract_shadow: bool = True,
    max_foregrounds: int = 3,
    seed: int = 0,
    steps: int | None = None,
    text: str = "",
    character: "CharacterOptions | None" = None,
    report: "ReportProgress | None" = None,
    cancel: "CancelToken | None" = None,
) -> Decomposition:
    """Take a picture apart into layers that add up to it again.

    Args:
        image: a path, a Pillow image, encoded bytes, or an array: (H, W), (H, W, 3) or (H, W, 4), uint8, uint16 or float in [0, 1].
        boxes: one around each wanted object, in pixels; none lets the engine propose the main subjects.
        hints: keep and drop points or strokes, each used by the box it lies in.
        names: names for the layers, one per box.
        engine: a name from `liwi.engines.ENGINES`, or ``"auto"`` for the best that can run here.
        extract_shadow: whether cast and contact shadows leave the background and live in S.
        max_foregrounds: most subjects proposed when there are no boxes.
        seed: makes the result repeatable.
        steps, text: for engines that sample: how many steps (their own number where None), and what the whole picture shows, also behind
            things; " " means no text, where without one they describe the picture themselves.
        character: for the engine ``"seethrough"``: which body parts, and how they are cut by depth.
        report, cancel: see `liwi.progress`.

    Returns:
        A `Decomposition` whose ``recompose()`` equals the picture bit for bit.

    Raises:
        InputError: the picture or a box cannot be used; the message says why.
        EngineUnavailable: the named engine cannot run here.
    """
    from liwi.engines import create_engine
    from liwi.imaging.io import load_picture
    from liwi.progress import ignore_progress

    chosen = create_engine(engine)
    picture = load_picture(image)
    request = DecompositionRequest(
        image=picture.rgb,
        mask=picture.alpha,
        boxes=tuple(boxes),
        hints=tuple(hints),
        names=tuple(names),
        extract_shadow=extract_shadow,
        max_foregrounds=max_foregrounds,
        seed=seed,
        steps=steps,
        text=text,
        character=character,
    )
    return chosen.decompose(request, report=report or ignore_progress, cancel=cancel)
