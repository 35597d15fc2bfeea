"""The devices of this computer, one run at a time on each.

A device is a file that is locked. The process of a run holds the lock as long as it lives, whoever started it and whatever becomes of the
app; the system takes it back when the process ends, however it ends. So two runs never share a device unknowingly, what a killed process
leaves behind is no lock, and to wait for a device is to wait for its lock, which costs nothing. The files' text is for messages alone.
"""

import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from liwi.settings import Settings
from training.errors import RunError
from training.job import Job

CPU, ALL_GPUS = "cpu", "gpus"

HELD = "TRAINING_DEVICE_HELD"
"""Environment variable of a process that was given its device, locked, by whoever started it."""


@cache
def count_gpus() -> int:
    """How many GPUs PyTorch can use here."""
    import torch

    return torch.cuda.device_count()  # without a context, which would take memory from the runs


def devices_of(job: Job, environment: Mapping[str, str], num_gpus: int) -> list[str]:
    """The devices that a run takes which this process begins: "cpu", or "gpu0" and so on.

    Args:
        job: says on what.
        environment: may leave only some GPUs visible, and says how many processes share the run.
        num_gpus: that are visible.
    """
    if job.schedule.device == "cpu" or num_gpus == 0:
        return [CPU]
    visible = environment.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(num_gpus)))).split(",")
    used = visible[: int(environment.get("LOCAL_WORLD_SIZE", "1"))]
    return [f"gpu{re.sub(r'[^A-Za-z0-9-]', '', name)}" for name in used]


@contextmanager
def device_for(job: Job, run: Path, *, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the devices of a run that this process begins, unless whoever started the process does.

    Args:
        job, run: the run and its folder.
        wait: whether to wait for a run that has them now.
        say: is told for whom it waits.

    Raises:
        RunError: another run has one of them, and nobody wants to wait.
    """
    if os.environ.get(HELD) or os.environ.get("LOCAL_RANK", "0") != "0":  # of several processes the first one holds
        yield
        return
    with hold_devices(devices_of(job, os.environ, count_gpus()), wait=wait, say=say) as locks:
        sign(locks, run)
        yield


@contextmanager
def hold_devices(names: Sequence[str], *, wait: bool = True, say: Callable[[str], None] = lambda _: None) -> Iterator[list[int]]:
    """Hold the locks of devices, in the order of their names so that nobody waits in a circle.

    Args:
        names: of the devices.
        wait: whether to wait for whoever has one of them now.
        say: is told for whom.

    Yields:
        File descriptors; a process that inherits them holds the devices, too.

    Raises:
        RunError: another run has one of them, and nobody wants to wait; or the folder of the locks cannot be used.
    """
    locks: list[int] = []
    try:
        try:
            folder = _lock_folder()
            locks.append(os.open(folder, os.O_RDONLY))
            fcntl.flock(locks[0], fcntl.LOCK_SH)  # whoever clears old temporary files away passes over a folder that is locked
            for name in sorted(names):
                locks.append(os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644))
                _lock(locks[-1], name, wait, say)
        except OSError as error:
            raise RunError(f"The devices cannot be locked ({error}). Set LIWI_DEVICES to another folder for their locks.") from error
        yield locks
    finally:
        for lock in locks:
            os.close(lock)


def sign(locks: Sequence[int], run: Path) -> None:
    """Write down whose devices they are now."""
    for lock in locks[1:]:
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(run.resolve()).encode(), 0)


def who_has(name: str) -> str:
    """The folder of the run that has a device, or had it last; empty where nobody ever did."""
    try:
        return (_lock_folder() / name).read_text("utf-8", "replace")[:1000]
    except (OSError, RunError):
        return ""


def _lock(file: int, name: str, wait: bool, say: Callable[[str], None]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        busy = f"The device {name} is in use by the run {os.pread(file, 1000, 0).decode('utf-8', 'replace') or 'of another process'}."
        if not wait:
            raise RunError(f"{busy} Stop that run, or leave --no-wait out to wait for its end.") from None
        say(f"{busy} Waiting for its end; Ctrl-C ends the waiting.")
        fcntl.flock(file, fcntl.LOCK_EX)


def _lock_folder() -> Path:
    """The folder of the locks; `RunError` where it is somebody else's."""
    settings = Settings.from_environment(os.environ)
    settings.device_locks.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.devices is None and settings.device_locks.lstat().st_uid != os.getuid():
        raise RunError(f"The folder {settings.device_locks} belongs to somebody else. Set LIWI_DEVICES to a folder of your own.")
    return settings.device_locks
