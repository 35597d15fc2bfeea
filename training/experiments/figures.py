"""What the logs of an experiment's runs say, as ``figures.json`` holds it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.run_folder import read_log


def evaluations_of(out: Path, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """For each run in ``out`` that has begun: its evaluations so far, and the seconds that it took."""
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        if (out / name).is_dir():
            lines = read_log(out / name)
            evaluations = [{key: value for key, value in line.items() if key != "event"} for line in lines if line["event"] == "evaluation"]
            seconds = sum(line["seconds"] for line in lines if line["event"] in ("step", "evaluation"))
            found[name] = {"evaluations": evaluations, "seconds": round(seconds)}
    return found
