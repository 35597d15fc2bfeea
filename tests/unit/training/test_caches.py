"""The cache of tensors: what is read is what was written for that sample, encoder and setting, or nothing."""

import multiprocessing
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from liwi.errors import ExportError
from training.caches import TensorCache, fingerprint

TENSORS = {"latents": torch.arange(12.0).view(3, 4), "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16), "count": torch.tensor(3)}


def cache(folder: Path, encoder: str = "a", **settings: object) -> TensorCache:
    return TensorCache(folder, encoder=encoder, settings=settings)


def same(found: dict[str, Tensor] | None, expected: dict[str, Tensor]) -> bool:
    return found is not None and found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in expected)


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    cache(tmp_path, side=64).write("one", TENSORS)
    found = cache(tmp_path, side=64).read("one")
    assert same(found, TENSORS)
    assert found is not None and {name: value.dtype for name, value in found.items()} == {
        name: value.dtype for name, value in TENSORS.items()
    }


def test_another_sample_encoder_or_setting_is_another_entry(tmp_path: Path) -> None:
    cache(tmp_path, side=64).write("one", TENSORS)
    assert cache(tmp_path, side=64).read("two") is None
    assert cache(tmp_path, side=65).read("one") is None
    assert cache(tmp_path, "b", side=64).read("one") is None


def test_a_sample_is_encoded_once(tmp_path: Path) -> None:
    made = []
    for _ in range(3):
        assert same(cache(tmp_path).obtain("one", lambda: made.append(1) or TENSORS), TENSORS)
    assert len(made) == 1
    assert cache(tmp_path).missing(["two", "one", "two"]) == ["two"]


@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda content: content[:-3], lambda content: content[:-1] + b"\x07", lambda _: b"{" * 99]
)
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage: object) -> None:
    kept = cache(tmp_path)
    kept.write("one", TENSORS)
    path = kept.path("one")
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert kept.read("one") is None
    assert same(kept.obtain("one", lambda: TENSORS), TENSORS)
    assert same(kept.read("one"), TENSORS)


def test_a_network_is_known_by_its_weights_and_settings() -> None:
    torch.manual_seed(0)
    first, other = nn.Linear(2, 2), nn.Linear(2, 2)
    again = nn.Linear(2, 2)
    again.load_state_dict(first.state_dict())
    assert fingerprint(first) == fingerprint(again)
    assert fingerprint(first) != fingerprint(other)


def obtain_all(folder: str) -> bool:
    return all(same(cache(Path(folder)).obtain(str(number), lambda: TENSORS), TENSORS) for number in range(60))


def test_processes_may_make_the_same_entries_at_once(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(obtain_all, [str(tmp_path)] * 2, chunksize=1) == [True, True]
    assert cache(tmp_path).missing([str(number) for number in range(60)]) == []
    assert not list(tmp_path.rglob("*.partial"))


def test_a_disk_that_refuses_is_said_and_nothing_half_written_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError, match="could not be written"):
        cache(tmp_path / "file").write("one", TENSORS)
