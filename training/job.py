"""A training job: TOML in, frozen dataclasses out. Unknown keys, wrong types and impossible combinations are errors that name the key.

::

    objective = "matting"
    dataset   = "out/matting"      # a dataset folder; one that is not absolute is looked for below the current folder

    [model]     widths = [64, 128, 256]      # what the objective understands
    [optimizer] learning_rate = 1e-3
    [schedule]  steps = 2000  batch_size = 16  accumulate = 1  warm_up = 100
    [evaluate]  every = 500  metric = "alpha_iou"
    [checkpoints] every = 100  keep_last = 2
    [memory]    gradient_checkpointing = true  shard = "weights"
    [record]    tensorboard = true
"""

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin, get_type_hints

from liwi.errors import InputError
from liwi.limits import OneOf, Range, limits_of
from training.errors import JobError

T = TypeVar("T")

MAX_JOB_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class OptimizerSettings:
    """AdamW and what is done to gradients and weights.

    Attributes:
        learning_rate: at its highest, after the warm-up.
        weight_decay: on matrices and kernels; biases and norms have none.
        betas: of Adam, two.
        clip: largest norm of the gradient; 0 does not clip.
        average: decay of the exponential moving average of the weights, per step; 0 keeps none.
    """

    learning_rate: Annotated[float, Range(0, 10, above=True)] = 1e-3
    weight_decay: Annotated[float, Range(0)] = 0.01
    betas: Annotated[tuple[float, ...], Range(0, 1, below=True)] = (0.9, 0.99)
    clip: Annotated[float, Range(0)] = 1.0
    average: Annotated[float, Range(0, 1, below=True)] = 0.998


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """How long, how much at a time, on what.

    Attributes:
        steps: updates of the weights.
        batch_size: samples per process and pass; a step sees batch_size * accumulate * processes samples.
        accumulate: passes per step.
        warm_up: steps over which the learning rate rises; fewer than steps.
        rate: how it falls after that; "constant" does not.
        final: the learning rate's last value, as a share of its highest.
        precision: "auto" takes bf16 where the processor has it; a GPU multiplies float32 as TF32 unless it is "no".
        device: "auto" takes a GPU where there is one.
        threads: of PyTorch on the CPU; 0 leaves it to the environment.
        loaders: threads that make batches while a step is computed; 0 makes each when it is needed.
        channels_last: whether channels lie next to each other in memory, which suits convolutions on a GPU.
        deterministic: whether a GPU, too, may only compute in ways that give the same bits each time.
        seed: of everything.
    """

    steps: Annotated[int, Range(1)] = 1000
    batch_size: Annotated[int, Range(1)] = 8
    accumulate: Annotated[int, Range(1)] = 1
    warm_up: Annotated[int, Range(0)] = 50
    rate: Annotated[str, OneOf("cosine", "linear", "constant")] = "cosine"
    final: Annotated[float, Range(0, 1)] = 0.01
    precision: Annotated[str, OneOf("auto", "bf16", "no")] = "auto"
    device: Annotated[str, OneOf("auto", "cpu", "cuda")] = "auto"
    threads: Annotated[int, Range(0, 512)] = 0
    loaders: Annotated[int, Range(0, 64)] = 2
    channels_last: bool = False
    deterministic: bool = False
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """Measuring on held-out data.

    Attributes:
        every: steps between; the last step is always measured.
        metric: which one decides what is best; its objective says whether more is better.
    """

    every: Annotated[int, Range(1)] = 500
    metric: str = ""


@dataclass(frozen=True, slots=True)
class CheckpointSettings:
    """Saving.

    Attributes:
        every: steps between; a checkpoint is also written at every evaluation.
        keep_last: how many of the newest stay; the best one stays too.
    """

    every: Annotated[int, Range(1)] = 100
    keep_last: Annotated[int, Range(1)] = 2


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """How a large network is made to fit.

    Attributes:
        gradient_checkpointing: compute what the gradient needs a second time instead of keeping it; for networks that can.
        shard: what the processes of a run divide among themselves: "no"; "gradients", and with them the optimiser's state, which DeepSpeed
            calls ZeRO 2; or "weights" as well, ZeRO 3.
    """

    gradient_checkpointing: bool = False
    shard: Annotated[str, OneOf("no", "gradients", "weights")] = "no"


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """What is written beside the log.

    Attributes:
        pictures: whether an objective that offers some has them written at every evaluation.
        tensorboard: whether all numbers go to TensorBoard, too, where the package is installed.
    """

    pictures: bool = True
    tensorboard: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that decides what a run does.

    Attributes:
        objective: a name of `training.objectives.OBJECTIVES`.
        dataset: a dataset folder; for a run on the Hub, hf://datasets/OWNER/NAME.
        model, data: what the objective understands, see `training.objectives.tables_of`.
        optimizer, schedule, evaluate, checkpoints, memory, record: see there.
    """

    objective: str
    dataset: str
    model: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    optimizer: OptimizerSettings = OptimizerSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    checkpoints: CheckpointSettings = CheckpointSettings()
    memory: MemorySettings = MemorySettings()
    record: RecordSettings = RecordSettings()

    def __post_init__(self) -> None:
        schedule, betas, shard = self.schedule, self.optimizer.betas, self.memory.shard
        _need(bool(self.dataset), "dataset", "is empty; name a dataset folder")
        _need(schedule.warm_up < schedule.steps, "schedule.warm_up", f"must be less than schedule.steps ({schedule.steps})")
        _need(len(betas) == 2, "optimizer.betas", f"are two numbers, got {len(betas)}")
        _need(shard == "no" or not schedule.channels_last, "schedule.channels_last", 'needs memory.shard to be "no"')


def read_job(path: Path, changes: Sequence[str] = ()) -> Job:
    """Read a job file and apply ``--set`` changes.

    Args:
        path: a TOML file.
        changes: ``"schedule.steps=100"`` each; the value as TOML, or plain text.

    Raises:
        JobError: no such file, not TOML, or a key or value that cannot be.
    """
    try:
        if path.stat().st_size > MAX_JOB_BYTES:
            raise JobError(f"{path} is larger than {MAX_JOB_BYTES // 2**20} MB; that is no job.")
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise JobError(f"There is no job file {path}. Those of the project lie in training/jobs.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise JobError(f"{path} is no TOML file ({str(error)[:200]}).") from error
    for change in changes:
        _apply(document, change)
    return parse_job(document)


def parse_job(document: Mapping[str, Any]) -> Job:
    """A job of what TOML holds; `JobError` names the first key that is wrong."""
    return read_table(Job, document)


def read_table(kind: type[T], values: Mapping[str, Any], name: str = "") -> T:
    """Fill a dataclass from a table of TOML: also how objectives read theirs.

    Args:
        kind: a dataclass; its fields are float, int, bool, str, lists of numbers as ``tuple[float, ...]``, tables, or dataclasses of these.
            Their limits (`liwi.limits`) are checked.
        values: what the table holds.
        name: of the table; empty for the job itself.

    Raises:
        JobError: a key is unknown or missing, or a value is of another type or refused by ``kind``.
    """
    prefix = f"{name}." if name else ""
    known, hints = {each.name: each for each in fields(cast(Any, kind))}, get_type_hints(kind)
    for key in values:
        _need(key in known, f"{prefix}{key}", f"is unknown; known here: {', '.join(known)}")
    arguments = {key: _convert(hints[key], value, f"{prefix}{key}") for key, value in values.items()}
    for key, limit in limits_of(kind).items():
        _need(key not in arguments or limit.holds(arguments[key]), f"{prefix}{key}", f"must be {limit}, got {str(values.get(key))[:60]}")
    for key, each in known.items():
        _need(key in arguments or (each.default, each.default_factory) != (MISSING, MISSING), f"{prefix}{key}", "is missing")
    try:
        return kind(**arguments)
    except JobError:
        raise
    except InputError as error:
        raise JobError(f"The table [{name}] cannot be: {error}") from error


def encode_job(job: Job) -> str:
    """TOML that `parse_job` reads back as an equal job; the same job gives the same text."""
    values = asdict(job)
    lines = [f"{key} = {encode_value(value)}" for key, value in values.items() if not isinstance(value, Mapping)]
    for key, table in values.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{key}]", *(f"{name} = {encode_value(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def encode_value(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(encode_value(each) for each in value) + "]"
    return repr(value)


def _apply(document: dict[str, Any], change: str) -> None:
    """Put one ``key=value`` into the document."""
    name, separator, text = change.partition("=")
    if not separator or not name.strip():
        raise JobError(f"--set takes KEY=VALUE, for example schedule.steps=100, got {change!r}.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *tables, key = name.strip().split(".")
    place = document
    for table in tables:
        inner = place.setdefault(table, {})
        if not isinstance(inner, dict):
            raise JobError(f"{name.strip()}: {table!r} is no table.")
        place = inner
    place[key] = value


def _convert(wanted: Any, value: Any, name: str) -> Any:
    """``value`` as the type of a field: no guessing, but a whole number may stand for a float."""
    if is_dataclass(wanted) and isinstance(wanted, type):
        _need(isinstance(value, dict), name, "is a table: write it as [" + name + "]")
        return read_table(wanted, value, name)
    if wanted is float:
        _need(isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value), name, f"is a number, got {value!r}")
        return float(value)
    if wanted is bool:
        _need(isinstance(value, bool), name, f"is true or false, got {value!r}")
        return value
    if wanted is int:
        _need(isinstance(value, int) and not isinstance(value, bool), name, f"is a whole number, got {value!r}")
        return value
    if wanted is str:
        _need(isinstance(value, str), name, f"is text, got {value!r}")
        return value
    if get_origin(wanted) is tuple:
        _need(isinstance(value, list), name, f"is a list of numbers, got {value!r}")
        return tuple(_convert(get_args(wanted)[0], each, name) for each in value)
    _need(isinstance(value, dict), name, f"is a table: write it as [{name}]")
    return {key: _scalar(each, f"{name}.{key}") for key, each in value.items()}


def _scalar(value: Any, name: str) -> Any:
    """Values of the tables that objectives check: plain ones, and lists of plain ones."""
    plain = isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))
    listed = isinstance(value, list) and all(isinstance(each, bool | int | float | str) for each in value)
    _need(plain or listed, name, f"is a number, text, true, false or a list of these, got {value!r}")
    return value


def _need(condition: bool, key: str, complaint: str) -> None:
    if not condition:
        raise JobError(f"The key {key!r} {complaint}.")
