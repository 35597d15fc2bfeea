"""Runs on this machine: a process each, one at a time per device, the others in a queue that is kept on disk.

The process of a run inherits the lock of its device (`training.devices`) and keeps it as long as it lives, whatever becomes of the app.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psutil

from liwi.errors import LiwiError
from training.devices import ALL_GPUS, CPU, HELD, count_gpus, hold_devices, sign
from training.errors import JobError, RunError
from training.job import Job
from training.launch import Device, Launch, LaunchState, launches, read_launch, run_folders, update_launch, write_launch
from training.run_folder import JOB, OUTPUT, holder

_ROOT = Path(__file__).parents[1]
_KEPT_SECRET = ("SECRET", "PASSWORD", "DATABASE", "TOKEN")
"""Environment variables with these in their names are of the app, not of its runs."""
_PAUSE_SECONDS = 30.0
_NICENESS = 5
"""People at the page come before training."""


class ThisMachine:
    """`training.launch.Runner` for the computer that the app runs on.

    Args:
        runs: the folder of run folders; see `training.launch.Launcher`.
        num_gpus: tests pass their own; as PyTorch counts them where None.
    """

    name = "here"
    title = "This machine"

    def __init__(self, runs: Path, *, num_gpus: int | None = None) -> None:
        self._runs = runs.expanduser().resolve()
        self._num_gpus = num_gpus
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    def devices(self) -> Sequence[Device]:
        """The GPUs, then the processor."""
        count = self._gpus()
        gpus = [Device(f"gpu{number}", f"GPU {number}" if count > 1 else "GPU") for number in range(count)]
        return [*gpus, *([Device(ALL_GPUS, f"All {count} GPUs")] if count > 1 else []), Device(CPU, "CPU")]

    def check(self, job: Job, device: str) -> None:
        """Raise `JobError` where the device is not there, or the job wants another."""
        known = [each.name for each in self.devices()]
        if device not in known:
            raise JobError(f"This machine has no device {device[:40]!r}; it has {', '.join(known)}.")
        if "://" in job.dataset:
            raise JobError(f"The key 'dataset' is {job.dataset[:80]!r}; a run on this machine needs a folder. Download it first.")
        wanted, gpu = job.schedule.device, device != CPU
        if wanted == "cuda" and not gpu:
            has = "Choose a GPU" if self._gpus() else "This machine has no GPU"
            raise JobError(f'The key \'schedule.device\' is "cuda", and the run would be on the CPU. {has}, or set the key to "auto".')
        if wanted == "cpu" and gpu:
            raise JobError('The key \'schedule.device\' is "cpu", and the run would block a GPU. Choose the CPU, or set the key to "auto".')

    def start(self, job: Job, run_folder: Path) -> None:  # noqa: ARG002 (the job stands in the folder)
        """Wait for the device in a thread of its own, which waits for every run on that device."""
        launch = read_launch(run_folder)
        if launch is not None:
            self._wake(launch.device)

    def state(self, run_folder: Path) -> LaunchState:
        """As ``launch.json`` says, but a process that is gone has ended."""
        launch = read_launch(run_folder)
        if launch is None:
            return LaunchState.STARTED if holder(run_folder) else LaunchState.LOST
        if launch.state == LaunchState.STARTED and process_of(launch) is None and holder(run_folder) is None:
            return LaunchState.LOST
        return LaunchState(launch.state)

    def stop(self, run_folder: Path, *, hard: bool) -> None:
        """See `stop_process`."""
        stop_process(run_folder, hard=hard)

    def recover(self) -> None:
        """Wait for the devices on which runs wait, or live on from an earlier app."""
        for folder in run_folders(self._runs):
            with contextlib.suppress(LiwiError):  # a damaged launch is shown where runs are shown
                launch = read_launch(folder)
                if launch and launch.runner == self.name and launch.state in (LaunchState.QUEUED, LaunchState.STARTED):
                    self._wake(launch.device)

    def wait(self, seconds: float) -> bool:
        """Whether nothing waits or runs any more, after this long at most; for tests and command lines."""
        end = time.monotonic() + seconds
        for thread in list(self._threads.values()):
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads.values())

    def _gpus(self) -> int:
        return count_gpus() if self._num_gpus is None else self._num_gpus

    def _wake(self, device: str) -> None:
        with self._lock:
            if device not in self._threads:
                thread = threading.Thread(target=self._serve, args=(device,), name=f"runs-on-{device}", daemon=True)
                self._threads[device] = thread
                thread.start()

    def _serve(self, device: str) -> None:
        """Start what waits for a device, one after the other, until nothing does."""
        while True:
            try:
                with hold_devices(self._locks(device)) as locks:
                    with self._lock:  # whoever queues a run now finds either this thread looking, or none
                        folder = self._take(device)
                        if folder is None:
                            del self._threads[device]
                            return
                    process = self._begin(folder, device, locks)
                if process is not None:  # our own hold on the device is gone; the process's is not
                    _note_the_end(folder, process.wait())
            except (LiwiError, OSError) as error:  # a full disk, say: what waits goes on waiting
                print(f"The queue of runs on {device} stands still: {error}", file=sys.stderr)
                time.sleep(_PAUSE_SECONDS)

    def _locks(self, device: str) -> list[str]:
        return [each.name for each in self.devices() if each.name not in (CPU, ALL_GPUS)] if device == ALL_GPUS else [device]

    def _take(self, device: str) -> Path | None:
        """The run that has waited longest for a device that we hold; what is said to run on it has ended unseen."""
        with launches(self._runs):
            waiting: list[tuple[float, Path, Launch]] = []
            for folder in run_folders(self._runs):
                with contextlib.suppress(RunError):
                    launch = read_launch(folder)
                    if launch is None or (launch.runner, launch.device) != (self.name, device):
                        continue
                    if launch.state == LaunchState.STARTED and process_of(launch) is None:
                        write_launch(folder, replace(launch, state=LaunchState.LOST))
                    elif launch.state == LaunchState.QUEUED:
                        waiting.append((launch.asked_at, folder, launch))
            if not waiting:
                return None
            _, folder, launch = min(waiting)
            write_launch(folder, replace(launch, state=LaunchState.STARTED, started_at=time.time(), app_pid=os.getpid()))
            return folder

    def _begin(self, folder: Path, device: str, locks: Sequence[int]) -> "subprocess.Popen[bytes] | None":
        """Start the process of a run; None where that fails, which is written down."""
        try:
            count = self._gpus() if device == ALL_GPUS else 1
            sign(locks, folder)
            with (folder / OUTPUT).open("ab") as output:
                process = subprocess.Popen(
                    command_for(folder, num_processes=count),
                    env=_environment(device),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # what ends the app does not end its runs
                    pass_fds=locks,
                )
            with contextlib.suppress(psutil.Error, OSError):
                psutil.Process(process.pid).nice(_NICENESS)
        except OSError as error:
            problem = f"The process could not be started ({error.strerror})."
            update_launch(folder, state=LaunchState.ENDED, code=1, ended_at=time.time(), problem=problem)
            return None
        update_launch(folder, pid=process.pid, pid_started=psutil.Process(process.pid).create_time())
        return process


def _note_the_end(folder: Path, code: int) -> None:
    """Write down how a run ended, as soon as the disk takes it: what filled the disk may be the run itself."""
    ended_at = time.time()
    while folder.is_dir():
        with contextlib.suppress(LiwiError, OSError):
            update_launch(folder, state=LaunchState.ENDED, code=code, ended_at=ended_at)
            return
        time.sleep(_PAUSE_SECONDS)


def command_for(folder: Path, *, num_processes: int = 1) -> list[str]:
    """The command of a run whose job stands in its folder; the same goes on with it."""
    training = ["-m", "training", "run", str(folder / JOB), "--out", str(folder)]
    if num_processes == 1:
        return [sys.executable, *training]
    return [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", str(num_processes), *training]


def process_of(launch: Launch) -> psutil.Process | None:
    """The living process of a launch on this machine; None where it is gone."""
    try:
        process = psutil.Process(launch.pid) if launch.pid > 0 else None
        if process is None or abs(process.create_time() - launch.pid_started) > 1 or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process
    except (psutil.Error, OSError):
        return None


def stop_process(folder: Path, *, hard: bool) -> None:
    """End a run of this machine: after its step with a checkpoint, or at once. One that waits is taken out of the queue.

    Raises:
        RunError: it does not run.
    """
    with launches(folder.parent):
        launch = read_launch(folder)
        if launch is not None and launch.state == LaunchState.QUEUED:
            write_launch(folder, replace(launch, state=LaunchState.WITHDRAWN, ended_at=time.time()))
            return
        number, started = holder(folder), process_of(launch) if launch else None
        if number is None and started is None:
            raise RunError(f"The run {folder.name!r} does not run, so there is nothing to stop.")
        if launch is not None:
            write_launch(folder, replace(launch, stop="hard" if hard else "gently"))
    with contextlib.suppress(psutil.NoSuchProcess):
        trainer = psutil.Process(number) if number is not None else started
        assert trainer is not None
        if not hard:
            trainer.send_signal(signal.SIGTERM)
            return
        family = {each for each in (started, trainer) if each is not None}
        family |= {child for each in family for child in each.children(recursive=True)}
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()  # whoever started it waits for it: who else did would take the exit status away


def memory_of(folder: Path) -> dict[str, float]:
    """Megabytes that a run's processes hold, and what the device has, as far as this can be told: ``process``, ``gpu``, ``gpu_total``."""
    launch = None
    with contextlib.suppress(RunError):
        launch = read_launch(folder)
    number = holder(folder)
    found: dict[str, float] = {}
    with contextlib.suppress(psutil.Error):
        root = process_of(launch) if launch else None
        root = root or (psutil.Process(number) if number is not None else None)
        if root is not None:
            found["process"] = sum(each.memory_info().rss for each in [root, *root.children(recursive=True)]) / 2**20
    if found and launch is not None and launch.device not in ("", CPU):
        found |= _gpu_memory(launch.device)
    return found


def last_output(folder: Path, limit: int = 16_384) -> str:
    """The end of what a run's process has said."""
    try:
        with (folder / OUTPUT).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
            return file.read(limit).decode("utf-8", "replace")
    except OSError:
        return ""


def _environment(device: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not any(word in name for word in _KEPT_SECRET)}
    kept |= {
        HELD: device,
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "TQDM_DISABLE": "1",  # bars of libraries would be all that the page shows of its output
    }
    if device != ALL_GPUS:
        kept["CUDA_VISIBLE_DEVICES"] = "" if device == CPU else device.removeprefix("gpu")
    return kept


def _gpu_memory(device: str) -> dict[str, float]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return {}
    which = [] if device == ALL_GPUS else ["-i", device.removeprefix("gpu")]
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        asked = [program, *which, "--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
        lines = subprocess.run(asked, capture_output=True, text=True, timeout=3, check=True).stdout.splitlines()
        rows = [[float(each) for each in line.split(",")] for line in lines]
        return {"gpu": sum(row[0] for row in rows), "gpu_total": sum(row[1] for row in rows)}
    return {}
