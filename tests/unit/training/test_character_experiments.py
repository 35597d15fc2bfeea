"""The experiments with characters, cut down: the direction that an overfit takes, and a comparison that goes on where it stopped."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liwi.seethrough.serving import load_parts, smoke_parts
from training.errors import JobError, TrainingStopped
from training.experiments import consistency, overfit_characters
from training.experiments.characters import Scale
from training.objectives.part_diffusion import PartDiffusionObjective
from training.objectives.transparency import TransparencyObjective
from training.run_folder import read_log

SMALL = Scale(train=2, side=32, vae_widths=(8, 8), latent_channels=4, widths=(8, 16), sampling_steps=2, evaluations=1, characters=1)


def test_a_short_piece_of_the_overfit_goes_in_the_right_direction(tmp_path: Path) -> None:
    sizes = {"vae_widths": (8, 16), "latent_channels": 8, "widths": (16, 32), "sampling_steps": 4, "characters": 2}
    scale = replace(SMALL, **sizes, vae_steps=150, decoder_steps=4, first_steps=240, steps=12, evaluations=3)
    figures = overfit_characters.run(tmp_path, scale, device="cpu")
    for name, part, share in (("vae", "alpha", 0.6), ("stage_1", "plain", 0.5)):
        losses = [line[part] for line in read_log(tmp_path / name) if line["event"] == "step"]
        assert np.mean(losses[-8:]) < share * np.mean(losses[:8]), f"{part} of {name}"
    joint = [line["plain"] for line in read_log(tmp_path / "stage_2") if line["event"] == "step"]
    single = [line["plain"] for line in read_log(tmp_path / "stage_1") if line["event"] == "step"]
    assert np.mean(joint) < 0.5 * np.mean(single[:8]), "stage 2 goes on with what stage 1 learned"
    first, *_, last = figures["stage_1"]["evaluations"]  # through the inference pipeline, from noise
    assert last["dice_loss"] < 0.8 * first["dice_loss"] and last["psnr"] > first["psnr"]
    (decoded,) = figures["decoder"]["evaluations"][-1:]
    assert decoded["dice_loss"] <= figures["vae"]["evaluations"][-1]["dice_loss"] + 0.05
    assert figures["reached"] is None
    PartDiffusionObjective.make_checkpoint(tmp_path / "stage_2" / "export", tmp_path / "checkpoint")
    smoke_parts(load_parts(tmp_path / "checkpoint"))  # what was learned can be served, whatever its latents' size
    assert {"dice_loss", "dice_loss_all", "alpha_iou", "psnr", "extra"} <= set(figures["stage_2"]["evaluations"][-1])
    assert (tmp_path / "figures.png").is_file()
    before = (tmp_path / "stage_2" / "log.jsonl").read_bytes()
    overfit_characters.run(tmp_path, scale, device="cpu")
    assert (tmp_path / "stage_2" / "log.jsonl").read_bytes().startswith(before)


def test_what_is_asked_to_stop_begins_no_later_training_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scale, loss = replace(SMALL, vae_steps=4, decoder_steps=2, first_steps=2, steps=2), TransparencyObjective.loss

    def interrupted(self: TransparencyObjective, *given: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return loss(self, *given)

    monkeypatch.setattr(TransparencyObjective, "loss", interrupted)
    with pytest.raises(TrainingStopped, match="after step 1 of 4 of vae"):
        overfit_characters.run(tmp_path, scale, device="cpu")
    assert not (tmp_path / "decoder").exists()
    monkeypatch.undo()
    assert "stage_2" in overfit_characters.run(tmp_path, scale, device="cpu")


def test_the_comparison_trains_each_row_once_and_says_what_is_undecided(tmp_path: Path) -> None:
    said: list[str] = []
    scale = replace(SMALL, held_out=1, vae_steps=2, decoder_steps=2, first_steps=2, steps=2)
    table = consistency.run(tmp_path, scale, device="cpu", say=said.append)
    assert [line.partition(":")[0] for line in said] == ["vae", "decoder", "stage_1", "alone", "stage_2"]
    assert set(table["rows"]) == set(consistency.ROWS) and set(table["gain"]) == set(consistency.METRICS)
    for name in consistency.ROWS:
        (tmp_path / f"{name}.json").write_text(
            json.dumps({"characters": [dict.fromkeys(consistency.METRICS, value) for value in (0.1, 0.3)]})
        )
    assert "undecided" in (consistency.write_table(tmp_path), (tmp_path / "table.md").read_text())[1]
    with pytest.raises(JobError, match="another scale"):
        consistency.run(tmp_path, replace(scale, steps=3), device="cpu", say=said.append)
