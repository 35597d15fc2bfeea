"""The job's tables ``[model]`` and ``[data]`` of the two objectives that learn from layered samples."""

from dataclasses import dataclass

from liwi.layering.box_prompt import BoxChance
from liwi.layering.degradation import DegradationChance
from liwi.layering.layout import Frame0
from liwi.layering.shadow_target import Frame0Target
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

    variants: int = 4
    prompted: float = 0.5
    max_pixels: int = 1024 * 1024
    multiple: int = 32
    held_out: float = 0.1
    evaluation_samples: int = 16
    evaluation_steps: int = 20
    cache: str = "out/caches/layering"
    decoded: bool = False
    box_jitter: float = 0.08
    box_partial: float = 0.15
    box_least: float = 0.6
    box_several: float = 0.35
    box_point: float = 0.0
    degrade_weakest: float = 0.02
    degrade_strongest: float = 0.12

    def __post_init__(self) -> None:
        for name, least, most in (
            ("variants", 1, 10_000),
            ("max_pixels", 32 * 32, 1024 * 1024),
            ("multiple", 4, 64),
            ("evaluation_samples", 1, 100_000),
            ("evaluation_steps", 1, 200),
        ):
            if not least <= getattr(self, name) <= most:
                raise JobError(f"The key 'data.{name}' must be {least} to {most}.")
        for name in ("prompted", "held_out", *_BOXES, *_DEGRADATIONS):
            if not 0 <= getattr(self, name) <= 1:
                raise JobError(f"The key 'data.{name}' is a share, from 0 to 1.")
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
    num_layers: int = 4
    num_heads: int = 4
    head_dim: int = 32
    text_width: int = 16
    lora: int = 0
    frame0: str = Frame0.SHADOW_PIXEL.value
    gain: float = 1.0
    auxiliary: float = 1.0
    drop_text: float = 0.1
    sigmas: str = "uniform"

    def __post_init__(self) -> None:
        if self.frame0 not in set(Frame0):
            raise JobError(f"The key 'model.frame0' must be one of {', '.join(Frame0)}, got {self.frame0[:40]!r}.")
        if self.sigmas not in ("uniform", "logit_normal"):
            raise JobError('The key \'model.sigmas\' must be "uniform" or "logit_normal".')
        for name, least, most in (
            ("num_layers", 1, 60),
            ("num_heads", 1, 64),
            ("head_dim", 8, 256),
            ("text_width", 1, 8192),
            ("lora", 0, 1024),
            ("auxiliary", 0, 1e3),
            ("drop_text", 0, 1),
        ):
            if not least <= getattr(self, name) <= most:
                raise JobError(f"The key 'model.{name}' must be {least} to {most:g}.")
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
