"""LiWi at inference (paper 1, section 4): pictures in, per picture a background, foregrounds back to front, and S.

Numbered steps stand in `LayeredDiffusionPipeline.sample`. With frame 0 = source and no context frame this is Qwen-Image-Layered, to the
last digit; the auxiliary path of training has no part in it. Legend: B samples, L layers, P predicted frames, C channels, N tokens.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor

from liwi.layering import flow
from liwi.layering.attention import install
from liwi.layering.components import build_scheduler
from liwi.layering.latents import LatentCodec, pack, unpack
from liwi.layering.layout import Frame0, TokenLayout
from liwi.layering.request import LayeredLatents, LayeredPicture, LayeringRequest, StepReport
from liwi.layering.sampling import Cache, Sampling, SamplingFailed
from liwi.layering.shadow_target import Frame0Target, read_shadow, shadow_of
from liwi.layering.step_cache import step_cache
from liwi.layering.text import Captioner, TextConditioning, TextTokens
from liwi.progress import CancelToken

NO_CAPTION = " "
"""What guidance leads away from."""


@dataclass(frozen=True, eq=False)
class _Inputs:
    """All that stays the same through the steps."""

    layout: TokenLayout
    condition: Tensor
    text: TextTokens
    negative: TextTokens | None
    sampling: Sampling


class LayeredDiffusionPipeline:
    """Samples layers. One sampling at a time; further calls wait.

    Args:
        transformer: a stock `QwenImageTransformer2DModel`; gets `liwi.layering.attention.install`.
        vae: of 4 channels.
        text: captions -> embeddings; makes captions too, where it is a `Captioner` that can.
        frame0: what the model was trained to put into frame 0.
        device, dtype: where and in what the transformer computes. Whoever offloads it has done so before.
    """

    def __init__(
        self,
        transformer: QwenImageTransformer2DModel,
        vae: AutoencoderKLQwenImage,
        text: TextConditioning,
        *,
        frame0: Frame0Target | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        install(transformer)
        self.transformer, self.text = transformer, text
        self.codec = LatentCodec(vae)
        self.frame0 = frame0 or Frame0Target()
        self.device, self.dtype = torch.device(device), dtype
        self._lock = threading.Lock()

    def __call__(
        self,
        request: LayeringRequest,
        *,
        on_step: Callable[[StepReport], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> list[LayeredPicture]:
        """Take pictures apart: `sample`, then `decode`.

        Args:
            request: what is asked.
            on_step: called after every step.
            cancel: looked at before every call of the transformer.

        Raises:
            InputError: the pictures come to different sizes.
            SamplingFailed: the output is no picture.
            Cancelled: ``cancel`` was set.
        """
        return self.decode(self.sample(request, on_step=on_step, cancel=cancel))

    @torch.no_grad()
    def sample(
        self,
        request: LayeringRequest,
        *,
        on_step: Callable[[StepReport], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> LayeredLatents:
        """The same without decoding; see `__call__`."""
        with self._lock:
            # 1. Pictures at the working size, RGBA in [-1, 1].
            pixels = request.read_pictures(4 * self.codec.factor)
            # 2. Captions, given or made, as embeddings; and those of no caption, for guidance.
            captions = request.each_caption if request.each_caption is not None else self._describe(pixels)
            text = self._encode_text(captions)
            negative = self._encode_text([NO_CAPTION] * len(pixels)) if request.sampling.guidance > 1 else None
            # 3. Clean latents: context frames, and the source last.
            contexts = request.read_contexts(pixels)
            clean = [self._encode(each) for each in (contexts, pixels) if each is not None]
            rows, columns = clean[-1].shape[-2] // 2, clean[-1].shape[-1] // 2
            layout = TokenLayout(rows, columns, request.num_layers - 1, self.frame0.kind, num_context=len(clean) - 1)
            # 4. Noise, of each sample by its own seed.
            generators = [torch.Generator().manual_seed(seed) for seed in request.each_seed]
            shape = (len(pixels), layout.num_predicted, *clean[0].shape[1:])
            noise = pack(randn_tensor(shape, generator=generators, device=self.device, dtype=self.dtype))
            # 5. From noise to layers.
            inputs = _Inputs(layout, pack(torch.stack(clean, dim=1)), text, negative, request.sampling)
            latents = self._denoise(noise, inputs, on_step, cancel or CancelToken())
            return LayeredLatents(unpack(latents, rows, columns), layout, pixels, tuple(captions))

    @torch.no_grad()
    def decode(self, latents: LayeredLatents) -> list[LayeredPicture]:
        """Latents to pictures.

        Raises:
            SamplingFailed: the VAE's output is not finite.
        """
        layers = self._decode_layers(latents.frames, latents.layout)
        shadows = self._decode_shadow(latents)
        sources = (latents.pixels[:, :3] + 1) / 2
        return [
            LayeredPicture(layers[place], sources[place], None if shadows is None else shadows[place], latents.captions[place])
            for place in range(len(layers))
        ]

    def _denoise(self, latents: Tensor, inputs: _Inputs, on_step: Callable[[StepReport], None] | None, cancel: CancelToken) -> Tensor:
        scheduler, sampling = build_scheduler(), inputs.sampling
        scheduler.set_timesteps(
            sigmas=np.linspace(1.0, 0, sampling.steps + 1)[:-1], device=self.device, mu=flow.shift(inputs.layout.frame_tokens)
        )
        scheduler.set_begin_index(0)
        with step_cache(self.transformer, sampling):
            for step, timestep in enumerate(scheduler.timesteps):
                output = self._guided_output(latents, timestep, inputs, cancel)
                sigma = float(scheduler.sigmas[step])
                before, latents = latents, scheduler.step(output, timestep, latents, return_dict=False)[0]
                if not bool(torch.isfinite(latents).all()):
                    raise SamplingFailed(_not_finite(f"step {step + 1} of {sampling.steps}", self.dtype))
                if on_step is not None:

                    def preview(point: Tensor = before, answer: Tensor = output, sigma: float = sigma) -> Tensor:
                        clean = flow.clean_estimate(point, answer, sigma)
                        return self._decode_layers(unpack(clean, inputs.layout.rows, inputs.layout.columns), inputs.layout)

                    on_step(StepReport(step + 1, sampling.steps, preview))
        return latents

    def _guided_output(self, latents: Tensor, timestep: Tensor, inputs: _Inputs, cancel: CancelToken) -> Tensor:
        """The transformer's answer for the predicted frames; with guidance, led away from the one without a caption."""
        cancel.check()
        answer = self._output(latents, timestep, inputs, inputs.text, "cond")
        if inputs.negative is None:
            return answer
        cancel.check()
        without = self._output(latents, timestep, inputs, inputs.negative, "uncond")
        guided = without + inputs.sampling.guidance * (answer - without)
        if inputs.sampling.normalize_guidance:
            return guided * (torch.norm(answer, dim=-1, keepdim=True) / torch.norm(guided, dim=-1, keepdim=True))
        return guided

    def _output(self, latents: Tensor, timestep: Tensor, inputs: _Inputs, text: TextTokens, name: str) -> Tensor:
        count = len(latents)
        remembered = inputs.sampling.cache is not Cache.NONE
        with self.transformer.cache_context(name) if remembered else nullcontext():
            output: Tensor = self.transformer(
                hidden_states=torch.cat([latents, inputs.condition], dim=1),
                timestep=timestep.expand(count).to(latents.dtype) / 1000,
                encoder_hidden_states=text.embeddings,
                encoder_hidden_states_mask=text.mask,
                img_shapes=inputs.layout.img_shapes(count),
                additional_t_cond=torch.zeros(count, dtype=torch.long, device=self.device),
                return_dict=False,
            )[0]
        return output[:, inputs.layout.predicted]

    def _decode_layers(self, frames: Tensor, layout: TokenLayout) -> Tensor:
        """(B, P, C, h, w) -> (B, L, 4, H, W) float32 in [0, 1], on the CPU."""
        wanted = frames[:, int(layout.has_frame0) :]
        pictures = self._decode(wanted.flatten(0, 1))
        return ((pictures + 1) / 2).reshape(*wanted.shape[:2], *pictures.shape[1:])

    def _decode_shadow(self, latents: LayeredLatents) -> Tensor | None:
        """(B, 3, H, W) float32 in [-1, 1], on the CPU; None where frame 0 holds no S."""
        frame = latents.frames[:, 0]
        match self.frame0.kind:
            case Frame0.SHADOW_PIXEL:
                return read_shadow(self._decode(frame), self.frame0.gain)
            case Frame0.SHADOW_LATENT:
                composed = self._encode(latents.pixels) - frame
                return shadow_of(latents.pixels, self._decode(composed)[:, :3])
            case _:
                return None

    def _decode(self, latents: Tensor) -> Tensor:
        pictures = self.codec.decode(latents.to(self._vae_device)).float().cpu()
        if not bool(torch.isfinite(pictures).all()):
            raise SamplingFailed(_not_finite("decoding", self.codec.vae.dtype))
        return pictures

    def _describe(self, pixels: Tensor) -> list[str]:
        """One caption per picture; empty ones where the text model makes none."""
        if isinstance(self.text, Captioner) and self.text.can_caption:
            return [self.text.caption(picture) for picture in pixels]
        return [""] * len(pixels)

    def _encode(self, pixels: Tensor) -> Tensor:
        return self.codec.encode(pixels.to(self._vae_device)).to(self.device, self.dtype)

    def _encode_text(self, texts: Sequence[str]) -> TextTokens:
        embeddings, mask = self.text.encode(texts)
        return TextTokens(embeddings.to(self.device, self.dtype), None if mask is None else mask.to(self.device))

    @property
    def _vae_device(self) -> torch.device:
        return torch.device(self.codec.vae.device)


def _not_finite(where: str, dtype: torch.dtype) -> str:
    half = " Half precision overflows in this model: load it in bfloat16." if dtype == torch.float16 else ""
    return (
        f"The model's output is not a number any more, at {where}.{half} The checkpoint may be damaged, or its format not meant for this"
        " computer: verify it (python -m liwi checkpoints verify), or load it in bfloat16 or float32."
    )
