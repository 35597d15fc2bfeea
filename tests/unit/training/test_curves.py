"""Curves and states are read from logs that grow, are rewound, or are damaged."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from training.curves import _Series, curves
from training.run_folder import LOG
from training.run_state import describe_run


def write(folder: Path, *lines: Any, how: str = "a") -> None:
    with (folder / LOG).open(how) as file:
        file.writelines((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)


def step(number: int, loss: float = 1.0) -> dict[str, Any]:
    return {"event": "step", "step": number, "loss": loss, "seconds": 0.5}


def losses(folder: Path) -> list[tuple[int, float]]:
    return curves(folder)["step"].get("loss", [])


def test_a_run_gives_the_values_of_its_log(whole: Path) -> None:
    assert [number for number, _ in losses(whole)] == list(range(1, 9))
    assert [number for number, _ in curves(whole)["evaluation"]["alpha_iou"]] == [4, 8]


def test_a_log_that_grows_is_read_on_and_one_that_was_rewound_anew(whole: Path, tmp_path: Path) -> None:
    shutil.copy(whole / "job.toml", tmp_path)
    assert losses(tmp_path) == []
    write(tmp_path, step(1), step(2))
    assert losses(tmp_path) == [(1, 1.0), (2, 1.0)]
    with (tmp_path / LOG).open("a") as file:
        file.write('{"event": "step", "step": 3, "lo')
    assert describe_run(tmp_path).step == 2
    write(tmp_path, 'ss": 0.5}', step(4))
    assert losses(tmp_path)[2:] == [(3, 0.5), (4, 1.0)]
    shutil.move(tmp_path / LOG, tmp_path / "old")
    write(tmp_path, step(1), step(2, 0.25))
    assert losses(tmp_path) == [(1, 1.0), (2, 0.25)]
    assert describe_run(tmp_path).step == 2
    (tmp_path / LOG).unlink()
    assert losses(tmp_path) == []
    assert describe_run(tmp_path).loss is None


def test_what_is_no_line_of_a_log_is_passed_over(tmp_path: Path) -> None:
    write(
        tmp_path,
        "",
        "{",
        "[]",
        "3",
        '{"event": 3}',
        "[" * 10**5,
        {"event": "step", "step": "x", "loss": 1},
        '{"event": "step", "step": 1e400}',
    )
    write(tmp_path, '{"event": "step", "step": 1, "loss": NaN, "big": 1e999, "flag": true, "huge": 1' + "0" * 400 + "}", step(2))
    assert curves(tmp_path) == {"step": {"loss": [(2, 1.0)], "seconds": [(2, 0.5)]}, "evaluation": {}}
    assert describe_run(tmp_path).step == 2


def test_long_curves_are_thinned_without_losing_a_spike_and_read_on_where_they_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, *(step(number, 100.0 if number == 7777 else 1.0) for number in range(1, 50_001)))
    thinned = losses(tmp_path)
    assert len(thinned) <= 402
    assert (7777, 100.0) in thinned
    write(tmp_path, step(50_001))
    read: list[dict[str, Any]] = []
    take = _Series.take
    monkeypatch.setattr(_Series, "take", lambda series, line: (read.append(line), take(series, line)))
    assert losses(tmp_path)[-1] == (50_001, 1.0)
    assert [line["step"] for line in read] == [50_001]
