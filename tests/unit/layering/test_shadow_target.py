"""S as a target."""

import numpy as np
import pytest
import torch

from liwi.imaging.compositing import composite as composite_arrays
from liwi.layering.components import build_vae
from liwi.layering.latents import LatentCodec, pack, unpack
from liwi.layering.layout import Frame0
from liwi.layering.shadow_target import Frame0Target, composite, read_shadow, shadow_of, shadow_picture, with_opaque_alpha


@pytest.fixture(scope="module")
def codec() -> LatentCodec:
    torch.manual_seed(0)
    return LatentCodec(build_vae().eval().requires_grad_(False))


@pytest.fixture(scope="module")
def scene() -> tuple[torch.Tensor, torch.Tensor]:
    """A source (1, 4, 32, 32) and layers (1, 3, 4, 32, 32)."""
    generator = torch.Generator().manual_seed(1)
    layers = torch.rand(1, 3, 4, 32, 32, generator=generator) * 2 - 1
    layers[:, 0, 3] = 1
    source = torch.rand(1, 3, 32, 32, generator=generator) * 2 - 1
    return with_opaque_alpha(source), layers


def test_the_composite_is_that_of_the_house(scene: tuple[torch.Tensor, torch.Tensor]) -> None:
    arrays = [((layer + 1) / 2).permute(1, 2, 0).numpy() for layer in scene[1][0]]
    expected = composite_arrays(arrays)[..., :3]
    np.testing.assert_allclose(((composite(scene[1])[0] + 1) / 2).permute(1, 2, 0).numpy(), expected, atol=1e-6)


def test_s_is_signed_and_added_to_the_composite_gives_the_source(scene: tuple[torch.Tensor, torch.Tensor]) -> None:
    source, layers = scene
    shadow = shadow_of(source, composite(layers))
    assert shadow.min() < 0 < shadow.max() and shadow.abs().max() <= 1
    torch.testing.assert_close((composite(layers) + 1) / 2 + shadow, (source[:, :3] + 1) / 2)


@pytest.mark.parametrize("gain", [1.0, 4.0])
def test_a_faint_shadow_survives_the_way_into_the_vaes_range_and_back(gain: float) -> None:
    shadow = torch.linspace(-0.2, 0.2, 48).reshape(1, 3, 4, 4)
    picture = shadow_picture(shadow, gain)
    assert picture.shape == (1, 4, 4, 4) and bool((picture[:, 3] == 1).all())
    torch.testing.assert_close(read_shadow(picture, gain), shadow)


def test_each_kind_of_frame_0_has_its_target(codec: LatentCodec, scene: tuple[torch.Tensor, torch.Tensor]) -> None:
    source, layers = scene
    assert Frame0Target(Frame0.NONE).latents(codec, source, layers) is None
    found = {kind: Frame0Target(kind).latents(codec, source, layers) for kind in Frame0 if kind is not Frame0.NONE}
    assert {latents.shape for latents in found.values()} == {(1, 4, 8, 8)}
    torch.testing.assert_close(found[Frame0.SOURCE], codec.encode(source))
    no_shadow = Frame0Target(Frame0.SHADOW_LATENT).latents(codec, with_opaque_alpha(composite(layers)), layers)
    assert no_shadow is not None and float(no_shadow.abs().max()) == 0


def test_packing_is_undone_by_unpacking() -> None:
    frames = torch.randn(2, 3, 4, 6, 8, generator=torch.Generator().manual_seed(0))
    tokens = pack(frames)
    assert tokens.shape == (2, 3 * 3 * 4, 16)
    assert torch.equal(unpack(tokens, 3, 4), frames)
    assert torch.equal(tokens[0, 0], frames[0, 0, :, :2, :2].reshape(-1))
