"""The job's tables ``[model]`` and ``[data]`` of the two objectives that learn from layered samples."""

from dataclasses import dataclass
from typing import Annotated

from liwi.layering.box_prompt import BoxChance
from liwi.layering.degradation import DegradationChance
from liwi.layering.layout import Frame0
from liwi.layering.shadow_target import Frame0Target
from liwi.limits import OneOf, Range
from training.errors import JobError
from training.objectives.layering_samples import VariantSettings

_BOXES = ("box_jitter", "box_partial", "box_least", "box_several", "box_point")
_DEGRADATIONS = ("degrade_weakest", "degrade_strongest")


@dataclass(frozen=True, slots=True)
class LayeredData:
    """The job's table ``[data]``.

    Attributes:
        variants: how often each sample is made ready, each time with another prompt and other degradations.
        prompted: share of them with a box prompt.
        max_pixels: pictures are reduced to at most this many.
        multiple: both sides are multiples of it.
        held_out: share of the samples to measure with; 0 measures with those that are trained with.
        evaluation_samples: at most so many are measured.
        evaluation_steps: sampling steps of a measurement.
        cache: folder that latents and text embeddings are kept in; files of an earlier run are used again.
        decoded: whether all that is cached is also kept in memory.
        box_jitter, box_partial, box_least, box_several, box_point: see `BoxChance`.
        degrade_weakest, degrade_strongest: see `DegradationChance`.
    """

    variants: Annotated[int, Range(1, 10_000)] = 4
    prompted: Annotated[float, Range(0, 1)] = 0.5
    max_pixels: Annotated[int, Range(32 * 32, 1024 * 1024)] = 1024 * 1024
    multiple: Annotated[int, Range(4, 64)] = 32
    held_out: Annotated[float, Range(0, 1)] = 0.1
    evaluation_samples: Annotated[int, Range(1, 100_000)] = 16
    evaluation_steps: Annotated[int, Range(1, 200)] = 20
    cache: str = "out/caches/layering"
    decoded: bool = False
    box_jitter: Annotated[float, Range(0, 1)] = 0.08
    box_partial: Annotated[float, Range(0, 1)] = 0.15
    box_least: Annotated[float, Range(0, 1)] = 0.6
    box_several: Annotated[float, Range(0, 1)] = 0.35
    box_point: Annotated[float, Range(0, 1)] = 0.0
    degrade_weakest: Annotated[float, Range(0, 1)] = 0.02
    degrade_strongest: Annotated[float, Range(0, 1)] = 0.12

    def __post_init__(self) -> None:
        if self.degrade_weakest > self.degrade_strongest:
            raise JobError("The key 'data.degrade_weakest' must not be above 'data.degrade_strongest'.")

    @property
    def variant_settings(self) -> VariantSettings:
        """What decides how variants are made."""
        boxes = BoxChance(*(getattr(self, name) for name in _BOXES))
        degradations = DegradationChance(weakest=self.degrade_weakest, strongest=self.degrade_strongest)
        return VariantSettings(self.variants, self.prompted, self.max_pixels, self.multiple, boxes, degradations)


@dataclass(frozen=True, slots=True)
class LayeringModel:
    """The job's table ``[model]`` of the layering objective.

    Attributes:
        start_from: "scratch", or a folder or hub name of a checkpoint in the layout of Qwen/Qwen-Image-Layered.
        vae: "", which takes that of ``start_from``, or a folder that the objective "rgba_vae" has exported.
        num_layers, num_heads, head_dim: of the transformer; only for "scratch".
        text_width: of the text embeddings; only for "scratch", whose texts are `liwi.layering.text.WordHashing`.
        lora: rank of the matrices that are trained beside the weights; 0 trains all weights.
        frame0: what frame 0 holds: "source", "none", "shadow_latent" or "shadow_pixel".
        gain: what S is multiplied by before it is encoded.
        auxiliary: lambda, the weight of the auxiliary path; 0 leaves it out.
        drop_text: share of the passes without a text.
        sigmas: "uniform", or "logit_normal", before the shift by resolution.
    """

    start_from: str = "scratch"
    vae: str = ""
    num_layers: Annotated[int, Range(1, 60)] = 4
    num_heads: Annotated[int, Range(1, 64)] = 4
    head_dim: Annotated[int, Range(8, 256)] = 32
    text_width: Annotated[int, Range(1, 8192)] = 16
    lora: Annotated[int, Range(0, 1024)] = 0
    frame0: Annotated[str, OneOf(*Frame0)] = Frame0.SHADOW_PIXEL.value
    gain: Annotated[float, Range(0, 16, above=True)] = 1.0
    auxiliary: Annotated[float, Range(0, 1e3)] = 1.0
    drop_text: Annotated[float, Range(0, 1)] = 0.1
    sigmas: Annotated[str, OneOf("uniform", "logit_normal")] = "uniform"

    def __post_init__(self) -> None:
        if self.head_dim % 8:
            raise JobError("The key 'model.head_dim' must be a multiple of 8: positions take it in three even shares.")
        if self.start_from == "scratch" and self.lora:
            raise JobError(
                "The key 'model.lora' needs weights to stand beside: set 'model.start_from' to a checkpoint, or 'model.lora' to 0."
            )
        if self.start_from == "scratch" and not self.vae:
            raise JobError(
                "The key 'model.vae' must name a trained VAE where 'model.start_from' is \"scratch\"; jobs/rgba_vae_tiny.toml makes one."
            )

    @property
    def frame0_target(self) -> Frame0Target:
        """What frame 0 is trained towards."""
        return Frame0Target(Frame0(self.frame0), self.gain)

    @property
    def axes(self) -> tuple[int, int, int]:
        """How the head's dimensions are shared among frame, row and column."""
        frame = self.head_dim // 8 * 2
        side = (self.head_dim - frame) // 2
        return frame, side, side
