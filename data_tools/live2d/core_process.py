"""Cubism Core behind a protocol, in a process that may die without harm.

`Evaluator` is what the reader needs of an implementation; `CoreProcess` is the one there is: it starts `worker`, bounds its time and
memory, takes nothing it says on trust, and starts it again after a crash. Everything about the moc3 format itself is Core's business.
"""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from data_tools.live2d.cubism_core import ENVIRONMENT_VARIABLE, find_library
from data_tools.live2d.description import Description, Float32, PoseState, UnreadableModel, read_description, read_pose
from data_tools.live2d.framing import BrokenMessage, receive, send
from liwi.errors import EngineUnavailable

MAX_MOC_BYTES = 64 * 2**20
"""Largest moc3 file that is read; the samples have 0.1 to 2 MB."""

MEMORY_MEGABYTES = 1024
LOAD_SECONDS = 20.0
POSE_SECONDS = 10.0
_ROOT = Path(__file__).resolve().parents[2]


class Evaluator(Protocol):
    """Whatever brings a moc3 file to life."""

    @property
    def description(self) -> Description:
        """What stays the same at every pose."""
        ...

    def evaluate(self, parameters: Float32, part_opacities: Float32) -> PoseState:
        """The model at these parameter values (clamped to their ranges) and part opacities."""
        ...

    def close(self) -> None:
        """Give back what it holds; a second call does nothing."""
        ...


class CoreProcess:
    """Cubism Core in a worker process of its own.

    Args:
        moc: the moc3 file's bytes.
        megabytes: the worker's address space.
        load_seconds, pose_seconds: how long it may take before it is ended.

    Raises:
        UnreadableModel: Core refuses the file, crashes on it, hangs on it, or describes something impossible.
        EngineUnavailable: there is no Cubism Core.
    """

    def __init__(
        self, moc: bytes, *, megabytes: int = MEMORY_MEGABYTES, load_seconds: float = LOAD_SECONDS, pose_seconds: float = POSE_SECONDS
    ) -> None:
        if not moc.startswith(b"MOC3"):
            raise UnreadableModel("it does not begin like a moc3 file")
        if len(moc) > MAX_MOC_BYTES:
            raise UnreadableModel(f"its moc3 file has {len(moc) / 2**20:.0f} MB, at most {MAX_MOC_BYTES // 2**20} are read")
        library = find_library()
        if library is None:
            raise EngineUnavailable(
                f"Cubism Core is missing. Install it with 'pip install live2d-py', or let {ENVIRONMENT_VARIABLE} name its library."
            )
        self._library, self._moc, self._megabytes = str(library), moc, megabytes
        self._load_seconds, self._pose_seconds = load_seconds, pose_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        try:
            self._description = self._start()
        except BaseException:
            self.close()
            raise

    @property
    def description(self) -> Description:
        """What stays the same at every pose."""
        return self._description

    def evaluate(self, parameters: Float32, part_opacities: Float32) -> PoseState:
        """The model at a pose; a worker that died before is started again. Safe across threads.

        Raises:
            UnreadableModel: this pose makes Core crash or hang, or gives numbers that are none.
        """
        blobs = {"parameters": _bytes(parameters), "part_opacities": _bytes(part_opacities)}
        with self._lock:
            if self._process is None:
                self._start()
            _, answer = self._ask(blobs, self._pose_seconds)
        return read_pose(self._description, answer)

    def close(self) -> None:
        """End the worker."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    if stream:
                        stream.close()

    def _start(self) -> Description:
        command = [sys.executable, "-S", "-E", "-m", "data_tools.live2d.worker", self._library, str(self._megabytes)]
        self._process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=True
        )
        return read_description(*self._ask({"moc": self._moc}, self._load_seconds))

    def _ask(self, blobs: dict[str, bytes], seconds: float) -> tuple[dict[str, Any], dict[str, bytes]]:
        process = self._process
        assert process is not None
        assert process.stdin is not None and process.stdout is not None
        with deadline(process, seconds) as expired:
            try:
                send(process.stdin, {}, blobs)
                header, answer = receive(process.stdout)
            except (BrokenMessage, OSError) as error:
                self.close()
                how = f"Cubism Core did not finish within {seconds:g} s" if expired.is_set() else "Cubism Core crashed on it"
                raise UnreadableModel(how) from error
        if "missing" in header:
            self.close()
            raise EngineUnavailable(
                f"Cubism Core in {Path(self._library).name!r} cannot be loaded ({str(header['missing'])[:200]}). "
                "On Debian and Ubuntu it needs: apt-get install libx11-6 libxext6"
            )
        if "refused" in header:
            self.close()
            raise UnreadableModel(str(header["refused"])[:200])
        return header, answer


@contextlib.contextmanager
def deadline(process: "subprocess.Popen[bytes]", seconds: float) -> Iterator[threading.Event]:
    """End the process when the time is over, which ends every read from it; the event says whether that happened."""
    expired = threading.Event()

    def end() -> None:
        expired.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _bytes(values: Float32) -> bytes:
    return np.ascontiguousarray(values, np.float32).tobytes()
