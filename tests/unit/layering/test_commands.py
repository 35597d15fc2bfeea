"""The command line of the layered model."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from liwi import registry as registry_module
from liwi.checkpoint_kinds import resolve
from liwi.layering.checkpoint import ModelCard, save_checkpoint
from liwi.layering.commands import app
from liwi.layering.sampling import Sampling
from liwi.layering.shadow_target import Frame0Target
from liwi.registry import Registry
from tests.unit.layering.networks import transformer, vae, write_published


def run(*arguments: str) -> str:
    found = CliRunner().invoke(app, list(arguments))
    assert found.exit_code == 0, found.output + str(found.exception)
    return found.output


def test_it_says_what_fits_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    said = run("fits")
    assert "20.43 billion weights" in said and "There is no GPU" in said
    assert all(f"{size} GB" in said for size in (80, 48, 24, 16, 12))
    assert said.count("needs") >= 5


def test_a_published_model_becomes_a_checkpoint_without_being_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "smoke_test", lambda folder, entry: resolve(entry.smoke)(resolve(entry.loader)(folder)))
    base = write_published(tmp_path / "published")
    said = run("adopt", str(base), "--registry", str(tmp_path / "registry"))
    record = next(record for record in Registry(tmp_path / "registry").records() if record.kind == "layering")
    assert record.licence == "Apache-2.0" and f"promote {record.id}" in said
    folder = Registry(tmp_path / "registry").folder(record.id)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 10_000


def test_schedules_are_compared_with_the_full_one(tmp_path: Path) -> None:
    card = ModelCard(Frame0Target(), False, Sampling(steps=4, guidance=2.0, resolution=32), max_layers=2)
    save_checkpoint(tmp_path / "checkpoint", card, transformer=transformer(), vae=vae())
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)).save(tmp_path / "a.png")
    lines = run("schedules", str(tmp_path / "checkpoint"), str(tmp_path / "a.png"), "--steps", "4").splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    assert table[0].split("|")[1].strip() == "4 steps" and table[0].split("|")[3:6] == [" 100% ", " 0.0000 ", " 1.0000 "]
    assert [line.split("|")[1].strip() for line in table[1:]] == [
        "2 steps",
        "4 steps, first block cache",
        "4 steps, taylor cache",
        "4 steps without guidance",
    ]
