"""The job's tables ``[model]`` and ``[data]`` of the pseudo-depth objective."""

from dataclasses import dataclass
from typing import Annotated, Any

from data_tools.samples import DEPTH_VARIANTS
from liwi.limits import OneOf, Range
from training.errors import JobError
from training.objectives.part_networks import SCRATCH, Start, fresh_unet


@dataclass(frozen=True, slots=True)
class PseudoDepthModel:
    """The job's table ``[model]`` of the pseudo-depth objective.

    Attributes:
        stage: 1 learns a frame at a time; 2 all parts and the page jointly, beginning where stage 1 ended.
        start_from: "scratch"; or a folder with unet/, text_encoder/ and tokenizer/: Marigold's own for stage 1, the export of stage 1 for
            stage 2, or a published checkpoint.
        networks: folder with vae/, such as the export of the objective "transparency"; empty for that in start_from.
        widths: channels of a network from scratch at the latent's size, half, a quarter, ...; the last has no attention.
        heads: attention heads per size.
        layers: residual blocks per size.
        text_width: of the small text encoder from scratch, which only ever reads an empty text.
        part_attention: whether parts see each other in stage 2 (the Body Part Consistency Module); false only to measure what it is worth.
        coarse_noise: strength of the noise's large structures at the most noise; they fade with it. 0 for white noise.
    """

    stage: Annotated[int, Range(1, 2)] = 1
    start_from: str = SCRATCH
    networks: str = ""
    widths: Annotated[tuple[int, ...], Range(8, 2048, multiple=8)] = (32, 64)
    heads: Annotated[tuple[int, ...], Range(1, 64)] = (2, 4)
    layers: Annotated[int, Range(1, 4)] = 1
    text_width: Annotated[int, Range(4, 1024, multiple=4)] = 32
    part_attention: bool = True
    coarse_noise: Annotated[float, Range(0, 1)] = 0.9

    def __post_init__(self) -> None:
        if self.start_from == SCRATCH and not self.networks:
            raise JobError(
                "The key 'model.networks' must name a folder with vae/ where 'model.start_from' is \"scratch\"; "
                "training/jobs/transparency_tiny.toml makes one, in the folder export of its run."
            )
        _ = self.fresh  # says what cannot be

    @property
    def fresh(self) -> dict[str, Any]:
        """Settings of a U-Net from scratch."""
        looks = [level < max(1, len(self.widths) - 1) for level in range(len(self.widths))]
        settings = fresh_unet(self.widths, self.heads, self.layers, [1] * len(self.widths), looks)
        return {**settings, "cross_attention_dim": self.text_width}

    def start(self, latent_channels: int) -> Start:
        """What the U-Net begins as: it looks at the page, the part and noisy depth."""
        joint = self.stage == 2 and self.part_attention
        fresh = {**self.fresh, "out_channels": latent_channels}
        return Start(self.start_from, fresh, 3 * latent_channels, True, 2 if joint else 1, False, "v2")


@dataclass(frozen=True, slots=True)
class PseudoDepthData:
    """The job's table ``[data]`` of the pseudo-depth objective.

    Attributes:
        resolution: side of the views in pixels.
        mirror: whether each view comes mirrored, too.
        depth: "order", the order of drawing from back to front, as in the paper; or "overlap", which counts only what lies over each other.
        present: share of stage 1's frames that are drawn from those that the character has; the rest from all 20 alike.
        measure: which samples are measured: "validation", or "train", to see what can be learnt by heart.
        evaluation_samples: at most so many characters are measured.
        evaluation_steps: of the sampler.
        cache: folder that latents are kept in; files of an earlier run are used again.
        decoded: whether all that is cached is also kept in memory.
    """

    resolution: Annotated[int, Range(16, 2048, multiple=8)] = 768
    mirror: bool = False
    depth: Annotated[str, OneOf(*DEPTH_VARIANTS)] = DEPTH_VARIANTS[0]
    present: Annotated[float, Range(0, 1)] = 0.5
    measure: Annotated[str, OneOf("validation", "train")] = "validation"
    evaluation_samples: Annotated[int, Range(1)] = 16
    evaluation_steps: Annotated[int, Range(1, 200)] = 4
    cache: str = "out/caches/pseudo_depth"
    decoded: bool = False
