"""The full model without its 41 GB: its weights, counted; its costs, counted by torch."""

import math

import pytest
import torch
from diffusers import AutoencoderKLQwenImage

from liwi.layering.components import FULL_TRANSFORMER, FULL_VAE, TINY_TRANSFORMER, QwenImageTransformer2DModel, build_empty_transformer
from liwi.layering.costs import NUM_TEXT, Row, _count, as_markdown, measure_call
from liwi.layering.layout import Frame0, TokenLayout
from liwi.layering.placement import PUBLISHED_SIZES
from liwi.layering.sampling import Sampling


def test_the_full_transformer_has_every_weight_of_the_published_one() -> None:
    ours = build_empty_transformer(FULL_TRANSFORMER)
    with torch.device("meta"):
        upstream = QwenImageTransformer2DModel(**FULL_TRANSFORMER)
    wanted = {name: tuple(tensor.shape) for name, tensor in upstream.state_dict().items()}
    assert {name: tuple(tensor.shape) for name, tensor in ours.state_dict().items()} == wanted
    assert len(wanted) == 14 + 60 * 32
    assert sum(math.prod(shape) for shape in wanted.values()) == PUBLISHED_SIZES.transformer == 20_430_407_232
    blocks = [sum(weight.numel() for weight in block.parameters()) for block in ours.transformer_blocks]
    assert set(blocks) == {PUBLISHED_SIZES.largest_block}
    # By hand: width 3072; text enters with 3584 channels; a token has 64; two kinds of pictures.
    shapes = {
        "img_in.weight": (3072, 64),
        "txt_in.weight": (3072, 3584),
        "txt_norm.weight": (3584,),
        "time_text_embed.addition_t_embedding.weight": (2, 3072),
        "transformer_blocks.59.attn.to_q.weight": (3072, 3072),
        "transformer_blocks.59.attn.norm_added_k.weight": (128,),
        "transformer_blocks.0.img_mod.1.weight": (6 * 3072, 3072),
        "transformer_blocks.0.txt_mlp.net.0.proj.weight": (4 * 3072, 3072),
        "norm_out.linear.weight": (2 * 3072, 3072),
        "proj_out.weight": (64, 3072),
    }
    assert {name: wanted[name] for name in shapes} == shapes
    assert all(weight.is_meta for weight in ours.parameters())


def test_the_full_vae_takes_pictures_with_alpha() -> None:
    with torch.device("meta"):
        vae = AutoencoderKLQwenImage(**FULL_VAE)
    assert sum(weight.numel() for weight in vae.parameters()) == pytest.approx(PUBLISHED_SIZES.vae, rel=1e-3)
    assert vae.encoder.conv_in.weight.shape[1] == vae.decoder.conv_out.weight.shape[0] == 4


def test_costs_are_counted_and_grow_as_they_should() -> None:
    small, layout = {**TINY_TRANSFORMER, "num_layers": 3}, TokenLayout(4, 4, 1, degraded=(0,))
    cost = measure_call(layout, small)
    # Counting two blocks and going on is the same as counting all.
    counted = _count(layout, small, NUM_TEXT)
    assert cost.flops == counted.flops and cost.weights == pytest.approx(counted.weights)
    assert cost.activations == pytest.approx(counted.activations, rel=0.05)
    # A degraded frame costs its linear layers, those of the source once more, and attention over two frames only.
    main = _count(layout.main_layout, small, NUM_TEXT)
    tokens, width, blocks = layout.frame_tokens, 48, 3
    linear = blocks * 2 * tokens * (12 * width * width + 2 * width * width)
    attention = blocks * 2 * (2 * tokens * 2 * tokens * width)
    ends = 2 * tokens * 16 * width * 2
    assert cost.flops - main.flops == linear + attention + ends
    assert cost.tokens - main.tokens == tokens and cost.activations > main.activations
    line = as_markdown(Row(64, 1, Frame0.NONE, False, main), Sampling(steps=10))
    assert line.startswith("| 64 | 1 | without frame 0 | 64 |") and line.count("|") == 8
