"""The transparency networks: the published tensors, what goes in and out, files; and the padding of colours."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

from liwi.errors import InputError
from liwi.registry_errors import CheckpointDamaged
from liwi.seethrough.color_padding import pad_colors
from liwi.seethrough.transparency import OFFSET_SCALE, TransparencySettings, TransparentVAE
from tests.tensor_lists import published_tensors
from tests.unit.seethrough.tiny_networks import TRANSPARENCY, stirred, tiny_vae


@pytest.fixture(scope="module")
def vae() -> AutoencoderKL:
    return tiny_vae()


def tiny() -> Any:
    torch.manual_seed(0)
    return stirred(TransparentVAE(TRANSPARENCY))


def test_the_full_networks_have_the_published_tensors_key_for_key() -> None:
    with torch.device("meta"):
        tensors = TransparentVAE().state_dict()
    assert len(tensors) == 556
    assert {name: str(tuple(tensor.shape)) for name, tensor in tensors.items()} == published_tensors(
        "seethrough_tensors.txt", {"transparency"}
    )
    assert sum(tensor.numel() for tensor in tensors.values()) == pytest.approx(105.3e6, rel=1e-3)


@torch.inference_mode()
def test_decoding_gives_alpha_and_colours_of_each_latent_by_itself(vae: AutoencoderKL) -> None:
    networks, latents = tiny(), torch.randn(3, 4, 8, 8)
    answer = networks.decode(vae, latents)
    assert answer.shape == (3, 4, 16, 16)
    assert 0 <= float(answer.min()) < float(answer.max()) <= 1
    pixels = vae.decode(latents).sample * 0.5 + 0.5
    torch.testing.assert_close(answer, networks.decoder.model(pixels, latents).clip(0, 1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(networks.decode(vae, latents[1:2]), answer[1:2], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(networks.decoder.model(pixels, latents * 0), networks.decoder.model(pixels, latents), atol=1e-3)


@torch.inference_mode()
def test_the_offset_puts_the_latent_and_chance_does_without_it(vae: AutoencoderKL) -> None:
    networks, argb = tiny(), torch.rand(2, 4, 16, 16)
    premultiplied = (argb[:, 1:] * 2 - 1) * argb[:, :1]
    distribution = vae.encode(premultiplied).latent_dist
    wanted = distribution.mean + distribution.std * OFFSET_SCALE * networks.encoder.model(argb)
    torch.testing.assert_close(networks.encode(vae, argb), wanted)
    drawn = [networks.encode(vae, argb, use_offset=False, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert torch.equal(drawn[0], distribution.sample(torch.Generator().manual_seed(1)))


@torch.inference_mode()
def test_sides_that_cannot_be_halved_often_enough_are_refused(vae: AutoencoderKL) -> None:
    with pytest.raises(InputError, match="multiples of 8 pixels, got 12 x 16"):
        tiny().decode(vae, torch.randn(1, 4, 8, 6))


@torch.inference_mode()
def test_networks_come_back_from_their_folder_with_their_sizes(tmp_path: Path) -> None:
    networks = tiny()
    networks.save_pretrained(tmp_path / "trans_vae")
    again = TransparentVAE.from_pretrained(tmp_path, subfolder="trans_vae")
    assert again.settings == TRANSPARENCY
    pixels, latents = torch.rand(1, 3, 16, 16), torch.randn(1, 4, 8, 8)
    assert torch.equal(again.decoder.model(pixels, latents), networks.decoder.model(pixels, latents))


def test_published_files_say_nothing_of_sizes_and_others_are_named(tmp_path: Path) -> None:
    networks = tiny()
    networks.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"_class_name": "TransparentVAE", "_diffusers_version": "0.37.0"}))
    with pytest.raises(CheckpointDamaged, match=r"lacks the tensors 'decoder\.model\.down_blocks"):
        TransparentVAE.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [{"widths": ()}, {"widths": (8,)}, {"widths": (8, 9)}, {"layers": 0}, {"layers": 17}, {"offset_widths": (8,) * 9}, {"groups": 10**9}],
)
def test_impossible_sizes_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        TransparencySettings(**{"groups": 4, **wrong})


def test_opaque_colours_stay_and_transparent_ones_take_their_surroundings() -> None:
    argb = torch.zeros(1, 4, 32, 32)
    argb[:, 1:] = torch.tensor([0.3, 0.9, 0.1]).view(1, 3, 1, 1)  # hidden colours that nobody may see
    argb[0, :, 8:16, :16] = torch.tensor([1, 1, 0, 0]).view(4, 1, 1)
    argb[0, :, 8:16, 16:] = torch.tensor([1, 0, 0, 1]).view(4, 1, 1)
    padded = pad_colors(argb)
    assert torch.equal(padded[0, :, 8:16], argb[0, 1:, 8:16])
    assert float(padded[0, 1].abs().max()) < 1e-6
    torch.testing.assert_close(padded[0, 0] + padded[0, 2], torch.ones(32, 32), atol=1e-4, rtol=0)
    assert float(padded[0, 0, 20, 4]) > 0.7 and float(padded[0, 2, 20, 28]) > 0.7


def test_one_colour_fills_everything_and_nothing_visible_is_black() -> None:
    argb = torch.rand(2, 4, 20, 33)
    argb[0, 1:] = torch.tensor([0.2, 0.4, 0.6]).view(3, 1, 1)
    argb[1, 0] = 0
    padded = pad_colors(argb)
    assert padded.shape == (2, 3, 20, 33)
    torch.testing.assert_close(padded[0], argb[0, 1:], atol=1e-5, rtol=0)
    assert float(padded[1].abs().max()) == 0
