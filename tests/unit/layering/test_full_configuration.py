"""The full model without its 41 GB: its weights, counted; its costs, counted by torch."""

import math

import pytest
import torch
from diffusers import AutoencoderKLQwenImage

from liwi.layering.components import FULL_TRANSFORMER, FULL_VAE, TINY_TRANSFORMER, QwenImageTransformer2DModel, build_empty_transformer
from liwi.layering.costs import NUM_TEXT, _count, as_markdown, table
from liwi.layering.layout import TokenLayout
from liwi.layering.placement import PUBLISHED_SIZES


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
    small = {**TINY_TRANSFORMER, "num_layers": 3}
    rows = list(table((64,), most=1, settings=small))
    assert [row.degraded for row in rows] == [False, False, True]
    main, without, cost = (row.cost for row in rows)
    assert without.flops < main.flops < cost.flops and without.tokens < main.tokens < cost.tokens
    # Counting two blocks and going on is the same as counting all.
    layout = TokenLayout(4, 4, 1, degraded=(0,))
    counted = _count(layout, small, NUM_TEXT)
    assert cost.flops == counted.flops and cost.weights == pytest.approx(counted.weights)
    assert cost.activations == pytest.approx(counted.activations, rel=0.05)
    # A degraded frame costs its linear layers, those of the source once more, and attention over two frames only.
    tokens, width, blocks = layout.frame_tokens, 48, 3
    linear = blocks * 2 * tokens * (12 * width * width + 2 * width * width)
    attention = blocks * 2 * (2 * tokens * 2 * tokens * width)
    ends = 2 * tokens * 16 * width * 2
    assert cost.flops - main.flops == linear + attention + ends
    assert as_markdown(rows[0]).count("|") == 8 and "(training)" in as_markdown(rows[2])
