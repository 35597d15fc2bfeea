"""The job's tables ``[model]`` and ``[data]`` of the part diffusion objective."""

from dataclasses import dataclass
from typing import Annotated, Any

from liwi.limits import OneOf, Range
from training.errors import JobError
from training.objectives.part_networks import SCRATCH, Start, fresh_unet

_TIME_WIDTH = 16


@dataclass(frozen=True, slots=True)
class PartDiffusionModel:
    """The job's table ``[model]`` of the part diffusion objective.

    Attributes:
        stage: 1 learns a part at a time, each by itself; 2 all parts of a view jointly, beginning where stage 1 ended.
        start_from: "scratch"; or a folder with unet/, text_encoder/, text_encoder_2/, tokenizer/ and tokenizer_2/: SDXL's own for stage 1,
            the export of stage 1 for stage 2, or a published checkpoint.
        networks: folder with vae/ and trans_vae/, such as the export of the objective "transparency"; empty for those in start_from.
        widths: channels of a network from scratch at the latent's size, half, a quarter, ...
        heads: attention heads per size.
        layers: residual blocks per size.
        transformer_layers: attention blocks per size; the first size has none.
        text_width: of each small text encoder from scratch.
        part_attention: whether parts see each other in stage 2 (the Body Part Consistency Module); false only to measure what it is worth.
        gamma: limit of the signal-to-noise ratio that a time counts with (min-SNR); 0 counts all times alike, as equations 2 and 3 do.
        least_snr: the least that a time counts with, beside ``gamma``; 0 as in the paper, above for a small network from scratch.
        noise_schedule: of a network from scratch: "published", the network then predicts noise; or "zero_snr", whose last time is noise
            alone, and it predicts velocity. One that goes on keeps what it has.
        last_time: share of the views that are learned at the last time, where the sampler begins; the rest at all times alike.
        shared_noise: whether all parts of a view get the same noise; published training gives each its own.
        offset: share of the views whose parts are put into the latent space by the offset encoder.
        present: share of stage 1's parts that are drawn from those that the character has; the rest from all classes alike.
    """

    stage: Annotated[int, Range(1, 2)] = 1
    start_from: str = SCRATCH
    networks: str = ""
    widths: Annotated[tuple[int, ...], Range(8, 2048, multiple=8)] = (32, 64, 96)
    heads: Annotated[tuple[int, ...], Range(1, 64)] = (2, 4, 6)
    layers: Annotated[int, Range(1, 4)] = 1
    transformer_layers: Annotated[tuple[int, ...], Range(1, 12)] = (1, 1, 1)
    text_width: Annotated[int, Range(4, 1024, multiple=4)] = 32
    part_attention: bool = True
    gamma: Annotated[float, Range(0, 1000)] = 5.0
    least_snr: Annotated[float, Range(0, 1000)] = 0.0
    noise_schedule: Annotated[str, OneOf("published", "zero_snr")] = "published"
    last_time: Annotated[float, Range(0, 1)] = 0.0
    shared_noise: bool = False
    offset: Annotated[float, Range(0, 1)] = 0.25
    present: Annotated[float, Range(0, 1)] = 0.0

    def __post_init__(self) -> None:
        if self.start_from == SCRATCH and not self.networks:
            raise JobError(
                "The key 'model.networks' must name a folder with vae/ and trans_vae/ where 'model.start_from' is \"scratch\"; "
                "training/jobs/transparency_tiny.toml makes them, in the folder export of its run."
            )
        if self.gamma and self.least_snr > self.gamma:
            raise JobError(f"The key 'model.least_snr' must not be above 'model.gamma', got {self.least_snr} and {self.gamma}.")
        _ = self.fresh  # says what cannot be

    @property
    def fresh(self) -> dict[str, Any]:
        """Settings of a U-Net from scratch."""
        attention = [number > 0 for number in range(len(self.widths))]
        return {
            **fresh_unet(self.widths, self.heads, self.layers, self.transformer_layers, attention),
            "cross_attention_dim": 2 * self.text_width,
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": _TIME_WIDTH,
            "projection_class_embeddings_input_dim": 6 * _TIME_WIDTH + self.text_width,
        }

    def start(self, version: str, latent_channels: int) -> Start:
        """What the U-Net begins as: it looks at noisy parts, then at the page."""
        joint = self.stage == 2 and self.part_attention
        fresh = {**self.fresh, "out_channels": latent_channels}
        return Start(self.start_from, fresh, 2 * latent_channels, False, 2 if joint else 1, version == "v3", version)


@dataclass(frozen=True, slots=True)
class PartDiffusionData:
    """The job's table ``[data]`` of the part diffusion objective.

    Attributes:
        version: classes: "v2", 19 parts at once; or "v3", 13 of the body, then 11 of the head.
        resolution: side of the views in pixels.
        mirror: whether each view comes mirrored, too.
        page: what the network is shown: the "picture" with its background; the "figure" alone, as of a transparent picture; or "both".
        measure: which samples are measured: "validation", or "train", to see what can be learnt by heart.
        evaluation_samples: at most so many characters are measured.
        evaluation_steps: of the sampler.
        cache: folder that latents are kept in; files of an earlier run are used again.
        decoded: whether all that is cached is also kept in memory.
    """

    version: Annotated[str, OneOf("v2", "v3")] = "v2"
    resolution: Annotated[int, Range(16, 2048, multiple=8)] = 1024
    mirror: bool = False
    page: Annotated[str, OneOf("both", "picture", "figure")] = "both"
    measure: Annotated[str, OneOf("validation", "train")] = "validation"
    evaluation_samples: Annotated[int, Range(1)] = 16
    evaluation_steps: Annotated[int, Range(1, 200)] = 30
    cache: str = "out/caches/part_diffusion"
    decoded: bool = False
