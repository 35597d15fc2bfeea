"""The compact part network: shapes, determinism, places, and impossible sizes."""

import pytest
import torch

from liwi.errors import InputError
from liwi.experts.part_network import PartNetwork, PartNetworkSettings
from tests.unit.experts.part_networks import SMALL, small_network


def picture(batch: int = 2, height: int = 64, width: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, 3, height, width, generator=generator), torch.ones(batch, 1, height, width)


def test_it_answers_every_class_at_the_pictures_size() -> None:
    with torch.inference_mode():
        assert small_network()(*picture()).shape == (2, 19, 64, 64)
        assert small_network()(*picture(1, 32, 96)).shape == (1, 19, 32, 96)


def test_the_same_seed_gives_the_same_network_and_answer() -> None:
    with torch.inference_mode():
        first, again, other = (small_network(seed)(*picture()) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    rgb, alpha = picture()
    with torch.inference_mode():
        together, alone = small_network()(rgb, alpha), small_network()(rgb[1:], alpha[1:])
    assert torch.allclose(together[1:], alone, atol=1e-5)


def test_it_knows_where_in_the_frame_a_pixel_lies() -> None:
    flat = torch.full((1, 3, 64, 64), 0.5)
    with torch.inference_mode():
        answer = small_network()(flat, torch.ones(1, 1, 64, 64))
    assert float((answer[0, :, 20, 32] - answer[0, :, 44, 32]).abs().max()) > 1e-3


def test_untrained_it_claims_little() -> None:
    with torch.inference_mode():
        assert float(torch.sigmoid(small_network()(*picture())).mean()) < 0.1


def test_the_shipped_size_stays_below_twenty_megabytes_in_half_precision() -> None:
    with torch.device("meta"):
        network = PartNetwork(PartNetworkSettings())
    assert sum(parameter.numel() for parameter in network.parameters()) * 2 < 20e6


@pytest.mark.parametrize("wrong", [{"side": 0}, {"side": 60}, {"side": 2048}, {"widths": (33, 64)}, {"blocks": (1,)}, {"details": 0}])
def test_impossible_sizes_are_refused(wrong: dict[str, object]) -> None:
    from dataclasses import replace

    with pytest.raises(InputError):
        replace(SMALL, **wrong)  # type: ignore[arg-type]
