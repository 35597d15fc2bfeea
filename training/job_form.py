"""Jobs as a form: which there are to begin with, their values with what each means, and changes to them, checked as ``--set`` is."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from liwi.errors import LiwiError
from liwi.export.atomic import new_file
from training.errors import JobError
from training.job import Job, encode_job, read_job
from training.launch import Launcher, checked_name
from training.run_folder import JOB, flat_job

PROJECT_JOBS = Path(__file__).parent / "jobs"
SAVED = ".jobs"

_KEY = re.compile(r"[Tt]he key '([\w.]+)'")
_ATTRIBUTE = re.compile(r"^ {4}(?P<names>\w+(?:, \w+)*): (?P<text>.+)$")


def job_files(launcher: Launcher) -> dict[str, Path]:
    """Where jobs come from, by id: those of the project, then saved ones, then those of runs."""
    saved = launcher.runs / SAVED
    found = {f"project/{path.stem}": path for path in sorted(PROJECT_JOBS.glob("*.toml"))}
    found |= {f"saved/{path.stem}": path for path in (sorted(saved.glob("*.toml")) if saved.is_dir() else [])}
    return found | {f"run/{folder.name}": folder / JOB for folder in launcher.folders() if (folder / JOB).is_file()}


def job_file(launcher: Launcher, source: str) -> Path:
    """The file of a job by its id; `JobError` if there is none."""
    found = job_files(launcher).get(source)
    if found is None:
        raise JobError(f"There is no job {source[:100]!r} any more. Choose another.")
    return found


def changed_job(path: Path, changes: Mapping[str, str]) -> Job:
    """A job with other values.

    Args:
        path: of the job.
        changes: ``"schedule.steps"`` to text as typed: TOML, or plain text where the value is a text.

    Raises:
        JobError: names the key that is wrong.
    """
    texts = {key for key, value in flat_job(read_job(path)).items() if isinstance(value, str)}
    return read_job(path, [f"{key}={json.dumps(text, ensure_ascii=False) if key in texts else text}" for key, text in changes.items()])


def wrong_key(error: LiwiError) -> str | None:
    """The key that an error names, ``"schedule.steps"``; None where it names none."""
    found = _KEY.search(str(error))
    return found[1] if found else None


def form_rows(job: Job) -> list[dict[str, Any]]:
    """Every value of a job: table, key, value as it is typed, whether it is text, and what it means."""
    meanings = _meanings()
    rows = []
    for key, value in flat_job(job).items():
        table, _, _ = key.rpartition(".")
        typed = value if isinstance(value, str) else _toml(value)
        rows.append({"table": table, "key": key, "value": typed, "text": isinstance(value, str), "meaning": meanings.get(key, "")})
    return rows


def save_job(launcher: Launcher, name: str, job: Job) -> str:
    """Keep a job under a name, over one of the same name; returns its id."""
    name = checked_name(name)
    with new_file(launcher.runs / SAVED / f"{name}.toml") as path:
        path.write_text(encode_job(job), "utf-8")
    return f"saved/{name}"


def _toml(value: bool | int | float | Sequence[Any]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(json.dumps(each) if isinstance(each, str) else _toml(each) for each in value) + "]"
    return repr(value)


def _meanings() -> dict[str, str]:
    """What each key means, as the docstrings of the job's dataclasses say."""
    from training.objectives import OBJECTIVES

    found = _attributes(Job) | {"objective": f"what is trained: {', '.join(OBJECTIVES)}"}
    hints = get_type_hints(Job)
    for table in fields(Job):
        if is_dataclass(hints[table.name]):
            found |= {f"{table.name}.{key}": text for key, text in _attributes(hints[table.name]).items()}
    return found


def _attributes(kind: type) -> dict[str, str]:
    found: dict[str, str] = {}
    names: list[str] = []
    _, _, section = (kind.__doc__ or "").partition("Attributes:\n")
    for line in section.splitlines():
        line = line.removeprefix("    ")
        match = _ATTRIBUTE.match(line)
        if match:
            names = match["names"].split(", ")
            found |= dict.fromkeys(names, match["text"])
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found
