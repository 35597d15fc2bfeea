"""Qwen2.5-VL as Qwen-Image-Layered uses it: texts become embeddings, and pictures without a text get a caption.

The caption tells the whole scene, hidden parts included; it does not say which layer is which. Upstream's own pipeline does both; here it
is given one picture at a time, which is all that it handles.
"""

from collections.abc import Sequence
from typing import Any, Literal

import torch
from diffusers import QwenImageLayeredPipeline
from PIL import Image
from torch import Tensor
from transformers import BatchFeature

from liwi.layering.text import TextTokens

LONGEST = 512
"""Most tokens of a text."""


class ImageTextProcessor:
    """What upstream needs of a ``Qwen2VLProcessor``, which itself demands torchvision for videos that nobody has.

    Args:
        image_processor: a ``Qwen2VLImageProcessorPil``.
        tokenizer: a ``Qwen2Tokenizer``.
    """

    image_token = "<|image_pad|>"

    def __init__(self, image_processor: Any, tokenizer: Any) -> None:
        self.image_processor, self.tokenizer = image_processor, tokenizer

    def __call__(self, text: str, images: Image.Image, *, padding: bool = True, return_tensors: str = "pt") -> BatchFeature:
        """Token ids, patches, and which tokens are patches, of one text that holds one image token."""
        seen = self.image_processor(images=[images], return_tensors=return_tensors)
        count = int(seen["image_grid_thw"][0].prod()) // self.image_processor.merge_size**2
        tokens = self.tokenizer([text.replace(self.image_token, self.image_token * count)], padding=padding, return_tensors=return_tensors)
        is_patch = tokens["input_ids"] == self.tokenizer.convert_tokens_to_ids(self.image_token)
        return BatchFeature({**tokens, **seen, "mm_token_type_ids": is_patch.long()})

    def batch_decode(self, *ids: Any, **options: Any) -> list[str]:
        """Token ids -> texts."""
        texts: list[str] = self.tokenizer.batch_decode(*ids, **options)
        return texts


class QwenText:
    """`liwi.layering.text.TextConditioning` and `Captioner` by the 7B model of the published checkpoint, or a tiny one of its kind.

    Args:
        text_encoder: a ``Qwen2_5_VLForConditionalGeneration``.
        tokenizer: its ``Qwen2Tokenizer``.
        image_processor: its ``Qwen2VLImageProcessorPil``; without one there are no captions.
        device: where the encoder runs.
        language: of captions.
    """

    def __init__(
        self,
        text_encoder: Any,
        tokenizer: Any,
        image_processor: Any = None,
        *,
        device: torch.device | str = "cpu",
        language: Literal["en", "zh"] = "en",
    ) -> None:
        processor = None if image_processor is None else ImageTextProcessor(image_processor, tokenizer)
        self._upstream = QwenImageLayeredPipeline(
            scheduler=None, vae=None, text_encoder=text_encoder, tokenizer=tokenizer, processor=processor, transformer=None
        )
        self._device, self._language = device, language

    @property
    def can_caption(self) -> bool:
        """Whether pictures can be described."""
        return self._upstream.vl_processor is not None

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> TextTokens:
        """See `TextConditioning.encode`. At most `LONGEST` tokens of each text are read."""
        embeddings, mask = self._upstream.encode_prompt(list(texts), device=self._device, max_sequence_length=LONGEST)
        return TextTokens(embeddings, None if mask is None else mask.bool())

    @torch.no_grad()
    def caption(self, pixels: Tensor) -> str:
        """Describe a picture.

        Args:
            pixels: (4, H, W) in [-1, 1]; alpha is not looked at.
        """
        rgb = ((pixels[:3] + 1) * 127.5).round().clamp(0, 255).to("cpu", torch.uint8).permute(1, 2, 0).numpy()
        caption: str = self._upstream.get_image_caption(Image.fromarray(rgb), use_en_prompt=self._language == "en", device=self._device)
        return caption
