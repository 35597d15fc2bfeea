"""Quickened VAEs answer as they did."""

import torch

from liwi.layering.components import build_vae
from liwi.layering.single_frame import quicken


@torch.no_grad()
def test_pictures_and_videos_come_out_as_before() -> None:
    torch.manual_seed(0)
    vae = build_vae().eval()
    picture, video = torch.rand(2, 4, 1, 16, 24) * 2 - 1, torch.rand(1, 4, 5, 16, 16) * 2 - 1
    latents = vae.encode(picture).latent_dist.mode()
    decoded, moving = vae.decode(latents).sample, vae.encode(video).latent_dist.mode()
    keys = list(vae.state_dict())
    quicken(quicken(vae))
    assert list(vae.state_dict()) == keys
    torch.testing.assert_close(vae.encode(picture).latent_dist.mode(), latents, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(vae.decode(latents).sample, decoded, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(vae.encode(video).latent_dist.mode(), moving, rtol=1e-4, atol=1e-5)
