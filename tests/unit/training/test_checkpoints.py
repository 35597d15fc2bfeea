"""Checkpoints come back as they were written, and what is not as it was written is refused."""

from pathlib import Path

import pytest
import torch
from torch import nn

from training.checkpoints import (
    FROZEN,
    Learned,
    flatten_optimizer,
    list_checkpoints,
    load_checkpoint,
    prune,
    restore_optimizer,
    save_checkpoint,
)
from training.errors import CheckpointError


def trained(steps: int = 2) -> tuple[nn.Module, torch.optim.AdamW]:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(steps):
        model(torch.ones(1, 3)).square().sum().backward()
        optimizer.step()
    return model, optimizer


def tensors(model: nn.Module, optimizer: torch.optim.AdamW, *, average: bool = False) -> Learned:
    return Learned(model.state_dict(), model.state_dict() if average else {}, flatten_optimizer(optimizer), {})


def test_an_optimizer_goes_on_where_it_was(tmp_path: Path) -> None:
    model, optimizer = trained()
    folder = save_checkpoint(tmp_path, 2, tensors(model, optimizer), {"x": 0.5})
    found = load_checkpoint(folder)
    assert (found.step, dict(found.metrics), found.average) == (2, {"x": 0.5}, {})
    again = nn.Linear(3, 2)
    again.load_state_dict(found.model)
    other = torch.optim.AdamW(again.parameters(), lr=0.1)
    restore_optimizer(other, found.optimizer)
    for each, own in ((model, optimizer), (again, other)):
        own.zero_grad()
        each(torch.ones(1, 3)).square().sum().backward()
        own.step()
    assert torch.equal(model.state_dict()["weight"], again.state_dict()["weight"])


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "average.safetensors"])
def test_a_changed_byte_is_found_and_the_file_named(tmp_path: Path, name: str) -> None:
    model, optimizer = trained()
    folder = save_checkpoint(tmp_path, 2, tensors(model, optimizer, average=True), {})
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=name):
        load_checkpoint(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": "other"}', b"\xff"])
def test_a_damaged_description_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = save_checkpoint(tmp_path, 2, tensors(*trained()), {})
    (folder / "checkpoint.json").write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    model, optimizer = trained()
    folder = save_checkpoint(tmp_path, 2, tensors(model, optimizer), {})
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"lacks the file model\.safetensors"):
        load_checkpoint(folder)


def test_the_newest_and_the_best_are_kept(tmp_path: Path) -> None:
    model, optimizer = trained()
    for step in range(1, 7):
        save_checkpoint(tmp_path, step, tensors(model, optimizer), {})
    prune(tmp_path, 2, best=3)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step_00000003", "step_00000005", "step_00000006"]


def test_what_was_cut_off_while_being_written_is_no_checkpoint(tmp_path: Path) -> None:
    model, optimizer = trained()
    save_checkpoint(tmp_path, 1, tensors(model, optimizer), {})
    (tmp_path / "checkpoints" / ".step_00000002.abc.partial").mkdir()
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step_00000001"]


def test_weights_that_do_not_learn_are_written_once_and_belong_to_every_checkpoint(tmp_path: Path) -> None:
    frozen, learning = {"encoder": torch.arange(6.0)}, {"head": torch.ones(2)}
    first = save_checkpoint(tmp_path, 1, Learned(learning, learning, {}, frozen), {})
    written = (tmp_path / "checkpoints" / FROZEN).stat().st_mtime_ns
    second = save_checkpoint(tmp_path, 2, Learned(learning, {}, {}, {}), {})
    assert (tmp_path / "checkpoints" / FROZEN).stat().st_mtime_ns == written
    assert all(set(load_checkpoint(folder).model) == {"encoder", "head"} for folder in (first, second))
    assert (set(load_checkpoint(first).average), load_checkpoint(second).average) == ({"encoder", "head"}, {})
    (tmp_path / "checkpoints" / FROZEN).write_bytes(b"other")
    with pytest.raises(CheckpointError, match=FROZEN):
        load_checkpoint(second)
