"""Jobs as a form: which there are to begin with, their values with what each means, and changes to them, checked as ``--set`` is."""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from liwi.errors import LiwiError
from liwi.export.atomic import new_file
from liwi.limits import limits_of
from training.errors import JobError
from training.job import Job, encode_job, encode_value, read_job
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
    texts = {row["key"] for row in form_rows(read_job(path)) if row["text"]}
    return read_job(path, [f"{key}={json.dumps(text, ensure_ascii=False) if key in texts else text}" for key, text in changes.items()])


def wrong_key(error: LiwiError) -> str | None:
    """The key that an error names, ``"schedule.steps"``; None where it names none."""
    found = _KEY.search(str(error))
    return found[1] if found else None


def form_rows(job: Job) -> list[dict[str, Any]]:
    """Every value of a job, also those that its objective would take as they are by default.

    Returns:
        Per value its table and key, the value as it is typed, whether it is text, what it means, what it may be, and its default as it is
        typed; empty texts where nobody says.
    """
    known = _known_values(job)
    values = {key: value.default for key, value in known.items()} | flat_job(job)
    tables = {key.rpartition(".")[0]: number for number, key in reversed(list(enumerate(values)))}  # a table's rows together
    rows = []
    for key, value in sorted(values.items(), key=lambda each: tables[each[0].rpartition(".")[0]]):
        said = known.get(key, _Known())
        rows.append(
            {
                "table": key.rpartition(".")[0],
                "key": key,
                "value": _typed(value),
                "text": isinstance(value, str),
                "meaning": said.meaning,
                "range": said.limit,
                "default": _typed(said.default),
            }
        )
    return rows


def save_job(launcher: Launcher, name: str, job: Job) -> str:
    """Keep a job under a name, over one of the same name; returns its id."""
    name = checked_name(name)
    with new_file(launcher.runs / SAVED / f"{name}.toml") as path:
        path.write_text(encode_job(job), "utf-8")
    return f"saved/{name}"


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a value: what it means, what it may be in words, its default."""

    meaning: str = ""
    limit: str = ""
    default: Any = ""


def _known_values(job: Job) -> dict[str, _Known]:
    """Of every key, as the dataclasses say that the job and its objective are read into."""
    from training.objectives import OBJECTIVES, tables_of

    meanings = meanings_of(Job)
    found = {
        "objective": _Known("what is trained.", ", ".join(OBJECTIVES)),
        "dataset": _Known(meanings["dataset"]),
    }
    kinds: dict[str, tuple[Any, ...]] = {name: (hint,) for name, hint in get_type_hints(Job).items() if is_dataclass(hint)}
    with contextlib.suppress(JobError):  # an objective that there is not: the form is there to change it
        kinds = {**tables_of(job), **kinds}
    for table, classes in kinds.items():
        for kind in classes:
            meanings, limits = meanings_of(kind), limits_of(kind)
            for each in fields(kind):
                default = "" if each.default is MISSING else each.default
                found[f"{table}.{each.name}"] = _Known(meanings.get(each.name, ""), str(limits.get(each.name, "")), default)
    return found


def meanings_of(kind: type) -> dict[str, str]:
    """What the fields of a dataclass mean, by name, as its docstring and those of the classes before it say under "Attributes"."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        found |= _attributes(each.__dict__.get("__doc__") or "")
    return found


def _typed(value: Any) -> str:
    """A value as a person types it: text without quotation marks, anything else as TOML has it."""
    return value if isinstance(value, str) else encode_value(value)


def _attributes(docstring: str) -> dict[str, str]:
    found: dict[str, str] = {}
    names: list[str] = []
    _, _, section = docstring.partition("Attributes:\n")
    for line in section.splitlines():
        line = line.removeprefix("    ")
        match = _ATTRIBUTE.match(line)
        if match:
            names = match["names"].split(", ")
            found |= dict.fromkeys(names, match["text"])
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found
