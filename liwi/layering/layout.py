"""Which frames the image tokens of one sample hold, in which order, and at which positions (paper 1, section 4).

Pure Python: no tensor is touched here. Everybody who slices a sequence of tokens asks a `TokenLayout` where.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from liwi.errors import InputError

T = TypeVar("T")

MAX_LAYERS = 8
"""Most layers, background included, that are asked of the model at once. LiWi-100k holds at most 5."""

CONDITION = -1
"""Frame index of the source image, as Qwen-Image-Layered was trained."""


class Frame0(StrEnum):
    """What the model is to predict in frame 0 (paper 1, table 4, compares them)."""

    SOURCE = "source"
    """The source once more, as Qwen-Image-Layered does."""
    NONE = "none"
    """Nothing: the frame is left out, and with it its share of the work."""
    SHADOW_LATENT = "shadow_latent"
    """S as the difference of latents, E(I_src) - E(I_c)."""
    SHADOW_PIXEL = "shadow_pixel"
    """S as a picture, E(I_src - I_c): LiWi."""


@dataclass(frozen=True, slots=True)
class TokenLayout:
    """The image tokens of one sample, frame after frame; text tokens stand before them inside the attention.

    ::

        with 2 foregrounds, 1 context frame, both foregrounds degraded

                    ┌─────────── noise, predicted ───────────┐ ┌──── clean ─────┐ ┌─ aux: x_d + noise ─┐
        frame       │ S or source │ background │ F back │ F front │ box     │ source │ F back~ │ F front~ │
        index       │      0      │     1      │   2    │    3    │  4      │  -1    │    2    │     3    │
        tokens      │  rows x columns each, row by row                                                    │
                    └───────────────────────── img_shapes ────────────────────────┘ └── outside of it ────┘

        Frame0.NONE leaves the first frame out; the background keeps index 1.

    Main tokens (all but aux) see each other and the text, as upstream. A degraded frame sees the source frame and itself, nothing else, and
    nothing sees it; it stands at the position of the foreground that it degrades (paper 1, section 4.2).

    Attributes:
        rows, columns: tokens per frame: a token is 2 x 2 latent pixels.
        num_foregrounds: foreground frames, at least 1 unless only a background is wanted (0).
        frame0: what frame 0 carries.
        num_context: clean context frames between layers and source, e.g. the box prompt.
        degraded: for each degraded frame, which foreground it degrades: 0 = the backmost.
    """

    rows: int
    columns: int
    num_foregrounds: int
    frame0: Frame0 = Frame0.SHADOW_PIXEL
    num_context: int = 0
    degraded: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1:
            raise InputError(f"A frame has at least one token, got {self.rows} x {self.columns}. Give a larger picture.")
        check_layer_count(self.num_foregrounds + 1)
        if self.num_context < 0 or any(not 0 <= place < self.num_foregrounds for place in self.degraded):
            raise ValueError(f"{self.num_context} context frames, degraded foregrounds {self.degraded} of {self.num_foregrounds}")

    @property
    def frame_tokens(self) -> int:
        """Tokens of one frame."""
        return self.rows * self.columns

    @property
    def has_frame0(self) -> bool:
        """Whether there is a frame before the background."""
        return self.frame0 is not Frame0.NONE

    @property
    def num_predicted(self) -> int:
        """Frames that begin as noise and are predicted on the main path: frame 0, background, foregrounds."""
        return self.has_frame0 + 1 + self.num_foregrounds

    @property
    def num_base(self) -> int:
        """Frames inside ``img_shapes``: predicted, context, source."""
        return self.num_predicted + self.num_context + 1

    @property
    def indices(self) -> tuple[int, ...]:
        """Frame index of every frame in the order of the tokens, degraded frames included."""
        first = 0 if self.has_frame0 else 1
        moving = tuple(range(first, first + self.num_predicted + self.num_context))
        return (*moving, CONDITION, *(2 + place for place in self.degraded))

    @property
    def predicted(self) -> slice:
        """Tokens that are predicted on the main path."""
        return slice(0, self.num_predicted * self.frame_tokens)

    @property
    def main(self) -> slice:
        """All tokens but those of degraded frames."""
        return slice(0, self.num_base * self.frame_tokens)

    @property
    def condition(self) -> slice:
        """Tokens of the source image."""
        return slice((self.num_base - 1) * self.frame_tokens, self.num_base * self.frame_tokens)

    @property
    def auxiliary(self) -> slice:
        """Tokens of the degraded frames."""
        return slice(self.num_base * self.frame_tokens, self.num_tokens)

    @property
    def num_tokens(self) -> int:
        """Image tokens in all."""
        return (self.num_base + len(self.degraded)) * self.frame_tokens

    @property
    def main_layout(self) -> "TokenLayout":
        """The same without degraded frames, as at inference."""
        return self.with_degraded(())

    def with_degraded(self, degraded: tuple[int, ...]) -> "TokenLayout":
        """The same with other degraded frames."""
        return TokenLayout(self.rows, self.columns, self.num_foregrounds, self.frame0, self.num_context, degraded)

    def img_shapes(self, batch_size: int) -> "list[TokenLayout]":
        """The ``img_shapes`` of a transformer with `liwi.layering.attention.install`. All samples of a batch share one layout."""
        return [self] * batch_size

    def stock_shapes(self) -> list[tuple[int, int, int]]:
        """What upstream's position module takes for one sample: (frames, rows, columns) per frame, frame 0 always among them."""
        return [(1, self.rows, self.columns)] * (self.num_base + (not self.has_frame0))

    def attention_matrix(self) -> list[list[bool]]:
        """Which frame may see which: ``matrix[query][key]``, frames in token order, without text. For tests and documents only."""
        total = self.num_base + len(self.degraded)

        def sees(query: int, key: int) -> bool:
            if query < self.num_base:
                return key < self.num_base
            return key in (query, self.num_base - 1)

        return [[sees(query, key) for key in range(total)] for query in range(total)]


def check_layer_count(num_layers: int) -> None:
    """Check how many layers, background included, are asked for.

    Raises:
        InputError: fewer than 1 or more than `MAX_LAYERS`.
    """
    if not 1 <= num_layers <= MAX_LAYERS:
        raise InputError(
            f"{num_layers} layers were asked for; expected 1 to {MAX_LAYERS}, the background included. "
            "Take more things out in a second round: each works on the background that the last one left."
        )


def back_to_front(front_first: Sequence[T]) -> tuple[T, ...]:
    """The paper's order (Algorithm 1: F_1 is in front) as ours, or ours as the paper's: both are the same reversal.

    The frame of the paper's F_k among K foregrounds is ``2 + (K - k)``: frame 1 is the background.
    """
    return tuple(reversed(front_first))
