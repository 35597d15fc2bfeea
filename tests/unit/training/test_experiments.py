"""The experiments, cut down: the direction that an overfit takes, an ablation that goes on where it stopped, and tables that are honest."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_tools.manifests import encode_document
from training.errors import JobError
from training.experiments import ablation, overfit
from training.run_folder import read_log

SMALL = ablation.Scale(side=32, train=4, test=2, vae_steps=2, steps=2, batch_size=2, num_layers=1, num_heads=1, sampling_steps=1, seeds=2)


def width_of(path: Path) -> int:
    with Image.open(path) as picture:
        return picture.width


def test_a_short_piece_of_the_overfit_goes_in_the_right_direction(tmp_path: Path) -> None:
    scale = overfit.Scale(scenes=2, side=32, variants=1, base_dim=8, vae_steps=50, steps=60, num_layers=2, num_heads=2, sampling_steps=2)
    figures = overfit.run(tmp_path, scale, device="cpu")
    for name, part, share in (("vae", "alpha", 0.7), ("layering", "main", 0.8), ("layering", "auxiliary", 0.9)):
        losses = [line[part] for line in read_log(tmp_path / name) if line["event"] == "step"]
        assert np.mean(losses[-10:]) < share * np.mean(losses[:10]), f"{part} of the {name}"
    assert figures["reached"] is None
    assert {"alpha_iou", "prompted_alpha_iou", "rgb_l1", "prompted_rgb_l1"} <= set(figures["layering"]["evaluations"][-1])
    assert width_of(tmp_path / "figures.png") > 400
    before = (tmp_path / "layering" / "log.jsonl").read_bytes()
    overfit.run(tmp_path, scale, device="cpu")
    assert (tmp_path / "layering" / "log.jsonl").read_bytes().startswith(before)


def test_an_ablation_trains_each_row_and_seed_once_and_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    table = ablation.run(tmp_path, SMALL, device="cpu", rows=("no_source", "shadow_pixel"), say=said.append)
    assert [name for name, row in table["rows"].items()] == ["no_source", "shadow_pixel"]
    assert {row["seeds"] for row in table["rows"].values()} == {2}
    assert sum("seed" in line for line in said) == 4
    assert "alpha_iou_against_no_source" in table["rows"]["shadow_pixel"]
    said.clear()
    ablation.run(tmp_path, SMALL, device="cpu", rows=("no_source", "shadow_pixel"), say=said.append)
    assert not any("seed" in line for line in said)
    with pytest.raises(JobError, match="another scale"):
        ablation.run(tmp_path, ablation.Scale(side=48), device="cpu")


def write_results(folder: Path, values: dict[str, list[float]]) -> None:
    (folder / "results").mkdir()
    (folder / "scale.json").write_bytes(encode_document({"side": 64}))
    for name, each in values.items():
        for seed, value in enumerate(each):
            metrics = {"alpha_iou": value, "rgb_l1": 0.1, "foreground_l1": 0.1}
            (folder / "results" / f"{name}_{seed}.json").write_text(json.dumps({"metrics": metrics}))


def test_the_table_calls_undecided_what_chance_may_explain(tmp_path: Path) -> None:
    write_results(tmp_path, {"sft": [0.50, 0.60, 0.55], "no_source": [0.60, 0.70, 0.66], "shadow_pixel": [0.62, 0.69, 0.66]})
    rows = ablation.write_table(tmp_path)["rows"]
    mean, low, high = rows["no_source"]["alpha_iou_against_sft"]
    assert mean == pytest.approx(0.1033, abs=1e-3)
    assert 0 < low < mean < high
    text = (tmp_path / "table.md").read_text()
    assert "alpha_iou +0.1033, better" in text
    assert "alpha_iou +0.0033, undecided" in text
    assert width_of(tmp_path / "figure.png") > 1000


def test_rows_that_are_worse_are_called_worse(tmp_path: Path) -> None:
    write_results(tmp_path, {"sft": [0.50, 0.60], "no_source": [0.40, 0.501]})
    ablation.write_table(tmp_path)
    assert "worse" in (tmp_path / "table.md").read_text()


def test_every_row_differs_from_the_one_before_it_in_one_thing() -> None:
    for row in ablation.ROWS.values():
        if row.before:
            before = ablation.ROWS[row.before]
            assert (row.frame0 != before.frame0) + (row.auxiliary != before.auxiliary) == 1
