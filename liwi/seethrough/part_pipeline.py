"""One illustration to the complete RGBA layers of its body parts: See-through's part diffusion from end to end (paper 2, section 4.1).

    V2: picture ─► 19 parts
    V3: picture ─► 13 parts of the body, one of which shows where the head is ─► head, from the picture's own pixels ─► 11 parts of the head

Layers come back at the picture's own size, the head's from its enlarged view. Nothing is written to disk in between. Which parts overlap
how, and what of them is the picture's own pixels, is not decided here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor

from liwi.errors import InputError
from liwi.imaging.compositing import to_uint8
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.prompts import BoundingBox
from liwi.seethrough.body_parts import FRAME_GROUPS, HEAD, CoarseBodyPart, FrameGroup
from liwi.seethrough.class_embeddings import ClassEmbeddings
from liwi.seethrough.part_noise import PartNoise
from liwi.seethrough.part_sampling import PartGroup, Sampler, pass_over, sample_parts
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_settings import PART_SCHEDULER, PART_STEPS, RESOLUTION
from liwi.seethrough.squares import Square, check_picture, head_box
from liwi.seethrough.transparency import TransparentVAE

UInt8 = NDArray[np.uint8]

WHOLE = PartGroup(tuple(CoarseBodyPart), None, "Making the parts")
BODY = PartGroup(tuple(str(tag) for tag in FRAME_GROUPS[FrameGroup.BODY]), 0, "Making the parts of the body")
HEADS = PartGroup(tuple(str(tag) for tag in FRAME_GROUPS[FrameGroup.HEAD]), 1, "Making the parts of the head")

TakeLayer = Callable[[str, UInt8, float], None]
"""Told of a layer: its tag, (H, W, 4) uint8 at the picture's size, and how many of the picture's pixels one of the networks' view is."""

SEEN = 15
"""Alpha, of 255, above which a pixel of the head's frame counts when the head is looked for."""

DECODED_PIXELS = 2**20
"""On a GPU small parts are decoded together up to so many pixels: reading the decoder's weights takes longer than using them on one."""

DECODING = "Decoding the parts"

NO_HEAD = "No head was found in the picture, so nothing was made of face, eyes and what is worn on the head."


@dataclass(frozen=True, slots=True)
class PartOptions:
    """How parts are made.

    Attributes:
        seed: makes the result repeatable.
        steps: of the sampler.
        resolution: side of the networks' view in pixels; 1024 for V2.
        tags: parts that are made; all where None. Fewer know less of each other.
        seeds: seeds of single parts, by tag, to make one anew: the others' noise stays what it was.
        shared_noise: all parts begin with the same noise, as published.
        head: box of the head in the picture, where it is known; when only parts of the head are asked for, there is no body pass then.
        keep_head: whether the body pass's frame of the head is given back too, as "head": for who leaves out the head pass.
        decode_together: parts that are decoded at a time, which takes memory; where None, as many as pay, see `DECODED_PIXELS`.
    """

    seed: int = 0
    steps: int = PART_STEPS
    resolution: int = RESOLUTION
    tags: frozenset[str] | None = None
    seeds: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    shared_noise: bool = True
    head: BoundingBox | None = None
    keep_head: bool = False
    decode_together: int | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What was made.

    Attributes:
        layers: tag to (H, W, 4) uint8, straight alpha, at the picture's size; in the networks' order, which is no drawing order.
        head: what the head pass looked at, in the picture's pixels; None where there was none.
        notes: what a person should know.
    """

    layers: Mapping[str, UInt8]
    head: BoundingBox | None = None
    notes: tuple[str, ...] = ()


class PartPipeline:
    """The networks of the part diffusion, ready to answer.

    Args:
        unet, vae, transparency: in evaluation mode; their devices and dtypes are theirs.
        classes: of all tags that the network knows.
        scheduler: settings of the sampler.
    """

    def __init__(
        self,
        unet: PartUNet,
        vae: AutoencoderKL,
        transparency: TransparentVAE,
        classes: ClassEmbeddings,
        scheduler: Mapping[str, Any] = PART_SCHEDULER,
    ) -> None:
        self.unet, self.vae, self.transparency, self.classes, self.scheduler = unet, vae, transparency, classes, scheduler
        self.groups = groups_of(unet.tag_version)

    @property
    def tags(self) -> tuple[str, ...]:
        """Every part that can be asked for."""
        return tuple(tag for group in self.groups for tag in group.tags if tag != HEAD)

    def separate(
        self,
        rgba: UInt8,
        options: PartOptions | None = None,
        *,
        report: ReportProgress = ignore_progress,
        cancel: CancelToken | None = None,
        take: TakeLayer | None = None,
    ) -> Parts:
        """Take a character apart.

        Args:
            rgba: (H, W, 4) uint8, straight alpha: where it is transparent, no part will be.
            options: seed, steps, which parts.
            report, cancel: progress, and a way to stop.
            take: given each layer as it is made, which is then not kept for the result: of a large picture, all of them are gigabytes.

        Raises:
            InputError: no picture, an unknown part, no steps, a resolution that it cannot work at, a head outside the picture.
            Cancelled: as asked.
        """
        options = options or PartOptions()
        check_picture(rgba)
        whole = BoundingBox(0, 0, rgba.shape[1], rgba.shape[0])
        wanted, known_head = self._wanted(options), _head_within(whole, options.head)
        making = _Making(
            rgba,
            PartNoise(options.seed, self.unet.device, shared=options.shared_noise, own=options.seeds),
            Sampler(options.steps, self.scheduler, report, cancel or CancelToken()),
            options,
            take,
        )
        first, *others = ([tag for tag in group.tags if tag in wanted] for group in self.groups)
        if not others:
            return Parts(self._pass(making, Square(whole, options.resolution), self.groups[0], first)[0])
        (second,) = others
        # 1. The body, and where the head is.
        layers, looked_at = self._body(making, first, known_head, head_needed=bool(second))
        if not second:
            return Parts(layers, looked_at)
        if looked_at is None:
            return Parts(layers, None, (NO_HEAD,))
        # 2. The head, enlarged.
        made, _ = self._pass(making, Square(looked_at, options.resolution), self.groups[1], second)
        return Parts({**layers, **made}, looked_at)

    def _body(
        self, making: "_Making", tags: Sequence[str], known_head: BoundingBox | None, *, head_needed: bool
    ) -> tuple[dict[str, UInt8], BoundingBox | None]:
        """Layers of the body pass, and what the head pass is to look at."""
        options, size = making.options, (making.rgba.shape[1], making.rgba.shape[0])
        head, look = known_head, head_needed and known_head is None
        if not tags and not look:
            pass_over(self.groups[0], making.noise, self.vae, options.resolution, options.steps, self.unet.dtype)
            return {}, head_box(head, size) if head else None
        with_head = look or options.keep_head or options.tags is None
        asked = [tag for tag in self.groups[0].tags if tag in tags or (tag == HEAD and with_head)]
        square = Square(BoundingBox.of_size(size), options.resolution)
        layers, views = self._pass(making, square, self.groups[0], asked)
        if HEAD in views:
            found = BoundingBox.around(views[HEAD][..., 3] > SEEN)
            head = head or (square.to_picture(found) if found else None)
        return layers, head_box(head, size) if head else None

    def _wanted(self, options: PartOptions) -> frozenset[str]:
        wanted = frozenset(self.tags) if options.tags is None else options.tags
        if unknown := sorted((wanted | options.seeds.keys()) - set(self.tags)):
            raise InputError(f"{unknown[0]!r} is no part that this network makes. It makes {', '.join(self.tags)}.")
        if not wanted or not 1 <= options.steps <= 1000:
            raise InputError(f"Ask for at least one part and 1 to 1000 steps; got {len(wanted)} parts and {options.steps} steps.")
        multiple = self.transparency.settings.multiple
        if options.resolution % multiple or not multiple <= options.resolution <= 4096:
            raise InputError(f"The resolution must be a multiple of {multiple} up to 4096, got {options.resolution}.")
        return wanted

    def _pass(self, making: "_Making", square: Square, group: PartGroup, tags: Sequence[str]) -> tuple[dict[str, UInt8], dict[str, UInt8]]:
        """Layers at the picture's size and, for the head's frame alone, in the view."""
        rgba, noise, sampler = making.rgba, making.noise, making.sampler
        pay = 1 if self.vae.device.type == "cpu" else DECODED_PIXELS // square.resolution**2
        together = max(1, making.options.decode_together or pay)
        view = square.cut(rgba)
        page = self._page(view, noise)
        latents = sample_parts(self.unet, page, self.classes, group, tags, noise, side=square.resolution, sampler=sampler)
        layers, views = {}, {}
        for start in range(0, len(tags), together):
            sampler.cancel.check()
            sampler.report(Progress(DECODING, start, len(tags)))
            some = tags[start : start + together]
            for tag, values in zip(some, self._decode(latents[start : start + together], view), strict=True):
                if tag == HEAD:
                    views[tag] = (values * 255).astype(np.uint8)  # as See-through: what is not whole does not count
                    if not making.options.keep_head:
                        continue
                layer = square.place(to_uint8(values), (rgba.shape[1], rgba.shape[0]))
                if making.take is None:
                    layers[tag] = layer
                else:
                    making.take(tag, layer, square.scale)
        sampler.report(Progress(DECODING, len(tags), len(tags)))
        return layers, views

    @torch.inference_mode()
    def _page(self, view: UInt8, noise: PartNoise) -> Tensor:
        """The page's latent, which is drawn by chance from the VAE's distribution, as published."""
        rgb = torch.from_numpy(np.ascontiguousarray(view[..., :3])).permute(2, 0, 1)[None].float() / 255
        argb = torch.cat([torch.ones_like(rgb[:, :1]), rgb], 1).to(self.vae.device, self.vae.dtype)
        drawn = self.transparency.encode(self.vae, argb, use_offset=False, generator=noise.stream)
        page: Tensor = drawn[0] * self.vae.config["scaling_factor"]
        return page

    @torch.inference_mode()
    def _decode(self, latents: Tensor, view: UInt8) -> NDArray[np.float32]:
        """(F, S, S, 4) float32 in [0, 1], straight alpha, within the picture's own."""
        unscaled = latents.to(self.vae.device, self.vae.dtype) / self.vae.config["scaling_factor"]
        argb = self.transparency.decode(self.vae, unscaled).float().cpu().permute(0, 2, 3, 1).numpy()
        alpha = argb[..., :1] * (view[..., 3:].astype(np.float32) / 255)
        return np.concatenate([argb[..., 1:], alpha], -1)


@dataclass(frozen=True, slots=True)
class _Making:
    """One picture on its way through the passes."""

    rgba: UInt8
    noise: PartNoise
    sampler: Sampler
    options: PartOptions
    take: TakeLayer | None


def _head_within(whole: BoundingBox, head: BoundingBox | None) -> BoundingBox | None:
    if head is not None and (head := head.intersect(whole)) is None:
        raise InputError(f"The box of the head lies outside the picture of {whole.width} x {whole.height} pixels.")
    return head


def groups_of(version: str) -> tuple[PartGroup, ...]:
    """The passes of a network, by its ``tag_version``.

    Raises:
        InputError: no such version.
    """
    match version:
        case "v2":
            return (WHOLE,)
        case "v3":
            return (BODY, HEADS)
        case _:
            raise InputError(f"The network says that its classes are of version {version[:20]!r}; known are v2 and v3.")
