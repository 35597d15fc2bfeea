"""What is asked of the layered model, checked; and what it answers.

Legend: B samples, L layers, P predicted frames, C channels of a latent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from liwi.errors import InputError
from liwi.layering.layout import TokenLayout, check_layer_count
from liwi.layering.pictures import Picture, picture_size, read_picture
from liwi.layering.sampling import Sampling, working_size


@dataclass(frozen=True, eq=False)
class LayeringRequest:
    """Pictures to be taken apart together: they come to one size, and get as many layers each.

    Attributes:
        pictures: see `Picture`.
        num_layers: L, the background included.
        captions: one text for all, or one per picture; None has the model describe them where it can; "" means none.
        contexts: one clean context frame per picture, e.g. `liwi.layering.box_prompt.draw_prompt`, for models trained with it.
        seeds: one for all, or one per picture: what comes of a picture does not depend on those beside it.
        sampling: how.
    """

    pictures: Sequence[Picture]
    num_layers: int
    captions: str | Sequence[str] | None = None
    contexts: Sequence[Picture] = ()
    seeds: int | Sequence[int] = 0
    sampling: Sampling = field(default_factory=Sampling)

    def __post_init__(self) -> None:
        check_layer_count(self.num_layers)
        count = len(self.pictures)
        if not count:
            raise InputError("No picture was given.")
        for what, given in (("caption", self.captions), ("seed", self.seeds)):
            if isinstance(given, list | tuple) and len(given) != count:
                raise InputError(f"Expected one {what}, or one per picture, got {len(given)} for {count}.")
        if self.contexts and len(self.contexts) != count:
            raise InputError(f"Expected one prompt per picture, got {len(self.contexts)} for {count}.")

    @property
    def each_seed(self) -> list[int]:
        """One per picture."""
        return [self.seeds] * len(self.pictures) if isinstance(self.seeds, int) else list(self.seeds)

    @property
    def each_caption(self) -> list[str] | None:
        """One per picture; None where the model is to describe them."""
        if isinstance(self.captions, str):
            return [self.captions] * len(self.pictures)
        return None if self.captions is None else list(self.captions)

    def read_pictures(self, multiple: int) -> Tensor:
        """(B, 4, H, W) in [-1, 1] at the working size, whose sides are multiples of ``multiple``.

        Raises:
            InputError: the pictures come to different sizes.
        """
        sizes = {working_size(picture_size(each), self.sampling.resolution, multiple) for each in self.pictures}
        if len(sizes) > 1:
            raise InputError(
                f"The pictures of one batch must have the same proportions; these come to {sorted(sizes)}. Give them one by one."
            )
        size = next(iter(sizes))
        return torch.stack([read_picture(each, size) for each in self.pictures])

    def read_contexts(self, like: Tensor) -> Tensor | None:
        """(B, 4, H, W) in [-1, 1], as large as the pictures in ``like``; None where there are none."""
        if not self.contexts:
            return None
        return torch.stack([read_picture(each, (like.shape[-1], like.shape[-2])) for each in self.contexts])


@dataclass(frozen=True, slots=True)
class StepReport:
    """Where a sampling is.

    Attributes:
        done, total: steps.
        preview: decodes what the layers of every sample look like so far: (B, L, 4, H, W) in [0, 1]. Takes as long as decoding the result.
    """

    done: int
    total: int
    preview: Callable[[], Tensor]


@dataclass(frozen=True, eq=False)
class LayeredPicture:
    """What the model says of one picture, at the working size, on the CPU.

    Attributes:
        layers: (L, 4, H, W) float32 in [0, 1], straight alpha; background first, back to front.
        source: (3, H, W) float32 in [0, 1]: the picture as the model saw it.
        shadow: (3, H, W) float32 in [-1, 1]: the predicted S; None where the model predicts none.
        caption: the text that was used.
    """

    layers: Tensor
    source: Tensor
    shadow: Tensor | None
    caption: str


@dataclass(frozen=True, eq=False)
class LayeredLatents:
    """What was sampled, undecoded.

    Attributes:
        frames: (B, P, C, h, w), normalised: frame 0 where there is one, background, foregrounds.
        layout: which frame is which.
        pixels: (B, 4, H, W) float32 in [-1, 1], on the CPU: the pictures as the model saw them.
        captions: the texts that were used.
    """

    frames: Tensor
    layout: TokenLayout
    pixels: Tensor
    captions: tuple[str, ...]
