"""How near each pixel of each part is: the pseudo-depth of all parts of a character at once (paper 2, section 4.2.1).

    19 parts and the page ─► colours padded ─► VAE ─► [page | part | noise] of each ─► U-Net, 4 steps ─► VAE ─► depth

The network was trained with 0 for near; what comes back has 1 for the nearest, as everywhere here, and stays in floating point, so that
neighbouring layers do not tie. It knows the 19 classes; of a class that the newer network makes several parts of, the parts are shown
together, and the answer is divided among them again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from numpy.typing import NDArray
from torch import Tensor

from liwi.errors import InputError
from liwi.imaging.compositing import composite, to_float, to_uint8
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.prompts import BoundingBox
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart
from liwi.seethrough.color_padding import pad_colors
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_settings import DEPTH_LATENT_SCALE, DEPTH_RESOLUTION, DEPTH_SCHEDULER, DEPTH_STEPS
from liwi.seethrough.squares import Square, check_picture, resize_square

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

FAINT = 15
"""Alpha, of 255, below which a pixel counts as empty, and above which a part of a class has it."""

COMPOSED: Mapping[CoarseBodyPart, tuple[BodyPart, ...]] = {
    CoarseBodyPart.EYES: (BodyPart.EYEWHITE, BodyPart.IRIDES, BodyPart.EYELASH, BodyPart.EYEBROW),
    CoarseBodyPart.HAIR: (BodyPart.BACK_HAIR, BodyPart.FRONT_HAIR),
}
"""Classes that the network is shown together, back to front."""

STAGE = "Estimating depth"


@dataclass(frozen=True, slots=True)
class DepthOptions:
    """How depth is estimated.

    Attributes:
        seed: makes the result repeatable.
        steps: of the sampler.
        resolution: side of the network's view in pixels.
    """

    seed: int = 0
    steps: int = DEPTH_STEPS
    resolution: int = DEPTH_RESOLUTION


class DepthPipeline:
    """The networks of the pseudo-depth, ready to answer.

    Args:
        unet, vae: in evaluation mode; their devices and dtypes are theirs.
        nothing: (1, T, D), what the text encoder says of an empty text: the network is told no classes.
        scheduler: settings of the sampler (DDIM).
    """

    def __init__(self, unet: PartUNet, vae: AutoencoderKL, nothing: Tensor, scheduler: Mapping[str, Any] = DEPTH_SCHEDULER) -> None:
        self.unet, self.vae, self.nothing, self.scheduler = unet, vae, nothing, scheduler

    def estimate(
        self,
        layers: Mapping[str, UInt8],
        page: UInt8,
        options: DepthOptions | None = None,
        *,
        report: ReportProgress = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> dict[str, Float32]:
        """Estimate the depth of all parts.

        Args:
            layers: part (of 19 or of 23 classes) to (H, W, 4) uint8, straight alpha.
            page: (H, W, 4) uint8, the picture; its own alpha is not looked at.
            options: seed, steps, size.
            report, cancel: progress, and a way to stop.

        Returns:
            Part to (H, W) float32 in [0, 1], 1 nearest. Of parts that were shown with others it is 0 where they are empty.

        Raises:
            InputError: a name is no body part, a size differs, or the resolution cannot be worked at.
            Cancelled: as asked.
        """
        options, cancel = options or DepthOptions(), cancel or CancelToken()
        _check(layers, page, options)
        square = Square(BoundingBox(0, 0, page.shape[1], page.shape[0]), options.resolution)
        views = [square.cut(frame, padded=True) for frame in compose_frames(layers, page)]
        asked = sorted({_class_of(name) for name in layers}, key=lambda part: part.class_index)
        depth = self._infer(views, [part.class_index for part in asked], options, report, cancel)
        return divide({part: _to_picture(1 - each, square) for part, each in zip(asked, depth, strict=True)}, layers)

    @torch.inference_mode()
    def _infer(
        self, views: Sequence[UInt8], asked: Sequence[int], options: DepthOptions, report: ReportProgress, cancel: CancelToken
    ) -> list[Float32]:
        """Of F views, the page last, those that are asked for: (S, S) float32 in [0, 1] each, 0 near. The network looks at all of them."""
        device, dtype = self.unet.device, self.unet.dtype
        # 1. Every view's latent, beside the page's.
        latents = torch.cat(self._encode(views, cancel)).to(device, dtype)
        conditions = torch.cat([latents[-1:].expand_as(latents), latents], 1)
        # 2. From noise to depth, all parts together.
        scheduler = DDIMScheduler(**self.scheduler)
        scheduler.set_timesteps(options.steps, device=device)
        generator = torch.Generator(device).manual_seed(options.seed)
        noisy = torch.randn(latents.shape, generator=generator, device=device, dtype=dtype)
        tokens = self.nothing.to(device, dtype).expand(len(views), -1, -1)
        for number, time in enumerate(scheduler.timesteps):
            cancel.check()
            report(Progress(STAGE, number, options.steps))
            predicted = self.unet(torch.cat([conditions, noisy], 1)[None], time, tokens)[0]
            noisy = scheduler.step(predicted, time, noisy, generator=generator, return_dict=False)[0]
        # 3. One after the other to pictures.
        depth = []
        for latent in noisy[list(asked)] / DEPTH_LATENT_SCALE:
            cancel.check()
            decoded = self.vae.decode(latent[None].to(self.vae.device, self.vae.dtype), return_dict=False)[0]
            depth.append(((decoded.mean(1)[0].clip(-1, 1) + 1) / 2).float().cpu().numpy())
        report(Progress(STAGE, options.steps, options.steps))
        return depth

    def _encode(self, views: Sequence[UInt8], cancel: CancelToken) -> list[Tensor]:
        """What the network is shown of every view; of the empty ones, of which a character has many, it is the same."""
        nothing: Tensor | None = None
        latents = []
        for view in views:
            cancel.check()
            if view[..., 3].any():
                latents.append(encode_view(self.vae, view))
            else:
                nothing = encode_view(self.vae, np.zeros_like(view)) if nothing is None else nothing
                latents.append(nothing)
        return latents


def encode_view(vae: AutoencoderKL, view: UInt8) -> Tensor:
    """What the network is shown of a view: (1, C, h, w), scaled; the view is (S, S, 4) uint8, its colours padded here."""
    argb = torch.from_numpy(to_float(np.roll(view, 1, -1))).permute(2, 0, 1)[None].to(vae.device, vae.dtype)
    padded = pad_colors(argb.float()).to(vae.dtype)
    latent: Tensor = vae.encode(padded * 2 - 1, return_dict=False)[0].mean * DEPTH_LATENT_SCALE
    return latent


def compose_frames(layers: Mapping[str, UInt8], page: UInt8) -> list[UInt8]:
    """What the network is shown: the 19 classes in their order, missing ones empty, and the page with the alpha of all of them.

    Args:
        layers: part (of 19 or of 23 classes) to (H, W, 4) uint8.
        page: (H, W, 4) uint8.

    Returns:
        20 of (H, W, 4) uint8, straight alpha; what is fainter than `FAINT` is empty.
    """
    frames = []
    for part in CoarseBodyPart:
        together = [_firm(layers[fine]) for fine in COMPOSED.get(part, ()) if fine in layers]
        if together:
            merged = to_uint8(composite([to_float(each) for each in together]))
            frames.append(np.where(merged[..., 3:] > 0, merged, together[0]))  # colours under alpha 0 as in the layer behind
        else:
            frames.append(_firm(layers[part]) if part in layers else np.zeros_like(page))
    alpha = sum((to_float(frame[..., 3]) for frame in frames), np.zeros(page.shape[:2], np.float32))
    shown = np.where(page[..., 3:] > 0, page[..., :3], 0)
    return [*frames, np.dstack([shown, (np.clip(alpha, 0, 1) * 255).astype(np.uint8)])]


def divide(near: Mapping[CoarseBodyPart, Float32], layers: Mapping[str, UInt8]) -> dict[str, Float32]:
    """The depth of each layer from that of its class.

    Args:
        near: class of each layer to (H, W) float32, 1 nearest.
        layers: part (of 19 or of 23 classes) to (H, W, 4) uint8.

    Returns:
        Part to (H, W) float32. Of a composed class, a part has the class's depth where it is seen, the median of that where another
        part of the class hides it, though never nearer than what hides it, and 0 where it is empty.
    """
    divided = {}
    for name, rgba in layers.items():
        coarse = _class_of(name)
        if coarse not in COMPOSED or name == coarse:
            divided[name] = near[coarse]
            continue
        stack = COMPOSED[coarse]
        own = rgba[..., 3] > FAINT
        hidden = np.zeros_like(own)
        for part in stack[stack.index(BodyPart(name)) + 1 :]:
            if part in layers:
                hidden |= layers[part][..., 3] > FAINT
        seen = own & ~hidden
        behind = np.median(near[coarse][seen if seen.any() else own]) if own.any() else np.float32(0)
        depth = np.where(hidden, np.minimum(near[coarse], np.float32(behind)), near[coarse])
        divided[name] = np.where(own, depth, 0).astype(np.float32)
    return divided


def _class_of(name: str) -> CoarseBodyPart:
    """The class that a layer's depth comes from."""
    return CoarseBodyPart(name) if name in set(CoarseBodyPart) else BodyPart(name).coarse


def _firm(rgba: UInt8) -> UInt8:
    """A layer without what is fainter than `FAINT`."""
    return np.dstack([rgba[..., :3], np.where(rgba[..., 3] < FAINT, 0, rgba[..., 3])])


def _to_picture(view: Float32, square: Square) -> Float32:
    left, top = square.padding
    enlarged = resize_square(view, square.side)
    return np.ascontiguousarray(enlarged[top : top + square.box.height, left : left + square.box.width])


def _check(layers: Mapping[str, UInt8], page: UInt8, options: DepthOptions) -> None:
    check_picture(page)
    known = {*BodyPart, *CoarseBodyPart}
    if unknown := sorted(set(layers) - known):
        raise InputError(f"{unknown[0][:40]!r} is no body part: depth is estimated of {', '.join(sorted(known))}.")
    if wrong := [name for name, rgba in layers.items() if rgba.shape != page.shape]:
        raise InputError(f"The layer {wrong[0]!r} is {layers[wrong[0]].shape}, the picture {page.shape}: all must have one size.")
    if not 1 <= options.steps <= 1000 or options.resolution % 8 or not 8 <= options.resolution <= 4096:
        raise InputError(f"Ask for 1 to 1000 steps at a multiple of 8 pixels up to 4096, got {options.steps} and {options.resolution}.")
