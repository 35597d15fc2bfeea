"""Who sees whom, measured on the real transformer at its tiny configuration."""

from typing import Any

import pytest
import torch
from diffusers.models.transformers import transformer_qwenimage

from liwi.layering.attention import GroupedAttentionProcessor, install
from liwi.layering.components import TINY_TRANSFORMER, QwenImageTransformer2DModel
from liwi.layering.layout import Frame0, TokenLayout
from tests.unit.layering.networks import call, noise, predict, stock_transformer, texts, transformer

LAYOUT = TokenLayout(3, 4, 2, num_context=1, degraded=(0, 1))
TEXT = texts("a cat on a red mat", "two dogs")  # of different lengths: one is padded


def test_without_degraded_frames_every_digit_is_upstreams() -> None:
    layout = LAYOUT.main_layout
    tokens = noise(layout)
    ours = predict(layout, tokens, TEXT)
    upstream = call(stock_transformer(), tokens, TEXT, [layout.stock_shapes()] * 2)
    assert torch.equal(ours, upstream)


def test_degraded_frames_change_no_main_token() -> None:
    tokens = noise(LAYOUT)
    with_them = predict(LAYOUT, tokens, TEXT)[:, LAYOUT.main]
    without = predict(LAYOUT.main_layout, tokens[:, LAYOUT.main], TEXT)
    assert float((with_them - without).abs().max()) < 1e-6


@pytest.mark.parametrize("frame0", list(Frame0))
def test_groups_are_the_same_as_a_dense_mask(frame0: Frame0, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = TokenLayout(3, 4, 2, frame0, num_context=1, degraded=(1, 0))
    tokens = noise(layout)
    grouped = predict(layout, tokens, TEXT)

    dense = _dense_mask(layout, TEXT.embeddings.shape[1])
    upstream = transformer_qwenimage.dispatch_attention_fn

    def masked(query: Any, key: Any, value: Any, attn_mask: Any = None, **rest: Any) -> Any:
        assert attn_mask is not None  # the text is padded
        return upstream(query, key, value, attn_mask=attn_mask & dense, **rest)

    monkeypatch.setattr(transformer_qwenimage, "dispatch_attention_fn", masked)
    reference = call(transformer(), tokens, TEXT, layout.img_shapes(2))  # no attention arguments: one joint attention over all
    assert float((grouped - reference).abs().max()) < 1e-6


def test_changing_a_degraded_frame_changes_no_other() -> None:
    tokens = noise(LAYOUT)
    changed = tokens.clone()
    n, start = LAYOUT.frame_tokens, LAYOUT.auxiliary.start
    changed[:, start : start + n] += 1
    difference = (predict(LAYOUT, changed, TEXT) - predict(LAYOUT, tokens, TEXT)).abs().unflatten(1, (-1, n)).amax((0, 2, 3))
    assert difference[-2] > 1e-3
    assert float(difference[[*range(LAYOUT.num_base), -1]].max()) == 0


def test_a_degraded_frame_stands_where_its_foreground_stands() -> None:
    angles, _ = transformer().pos_embed([LAYOUT], max_txt_seq_len=4)
    n = LAYOUT.frame_tokens
    frames = angles.unflatten(0, (-1, n))
    assert torch.equal(frames[-2], frames[2]) and torch.equal(frames[-1], frames[3])
    wrong = predict(LAYOUT.with_degraded((1, 0)), noise(LAYOUT), TEXT)[:, LAYOUT.auxiliary]
    assert float((wrong - predict(LAYOUT, noise(LAYOUT), TEXT)[:, LAYOUT.auxiliary]).abs().max()) > 1e-4


def test_without_frame_0_the_other_frames_keep_their_positions() -> None:
    full, none = TokenLayout(3, 4, 2, Frame0.SOURCE), TokenLayout(3, 4, 2, Frame0.NONE)
    full_angles, full_text = transformer().pos_embed([full], max_txt_seq_len=4)
    angles, text = transformer().pos_embed([none], max_txt_seq_len=4)
    assert torch.equal(angles, full_angles[12:]) and torch.equal(text, full_text)


def test_installing_twice_is_the_same_as_once_and_adds_no_weights() -> None:
    network = QwenImageTransformer2DModel(**TINY_TRANSFORMER)
    names = list(network.state_dict())
    install(network)
    positions = network.pos_embed
    install(network)
    assert network.pos_embed is positions
    assert list(network.state_dict()) == names
    assert {type(processor) for processor in network.attn_processors.values()} == {GroupedAttentionProcessor}


def test_a_transformer_that_is_not_layered_is_refused() -> None:
    plain = QwenImageTransformer2DModel(**{**TINY_TRANSFORMER, "use_layer3d_rope": False})
    with pytest.raises(ValueError, match="use_layer3d_rope"):
        install(plain)


def _dense_mask(layout: TokenLayout, num_text: int) -> torch.Tensor:
    """(T + N, T + N) bool, written out: what `TokenLayout.attention_matrix` says of frames, and text as one more main frame."""
    frames = torch.tensor(layout.attention_matrix())
    n = layout.frame_tokens
    image = frames.repeat_interleave(n, 0).repeat_interleave(n, 1)
    mask = torch.zeros(num_text + len(image), num_text + len(image), dtype=torch.bool)
    mask[num_text:, num_text:] = image
    main = num_text + layout.main.stop
    mask[:num_text, :main] = True
    mask[num_text:main, :num_text] = True
    return mask
