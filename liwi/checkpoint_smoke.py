"""The smoke test: a checkpoint is loaded in a fresh process and used once, within a time and some memory.

`smoke_test` starts this very module as a program. What goes wrong there, a crash included, comes back as one message.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from liwi.checkpoint_kinds import KindEntry, resolve
from liwi.registry_errors import SmokeTestFailed

_ROOT = Path(__file__).resolve().parents[1]
_LONGEST_MESSAGE = 500


def smoke_test(folder: Path, entry: KindEntry) -> None:
    """Load the checkpoint in ``folder`` and use it once, in a process of its own.

    Raises:
        SmokeTestFailed: it did not load, the run went wrong, took too long or too much memory, or the process crashed; says which.
    """
    command = [sys.executable, "-m", "liwi.checkpoint_smoke", entry.loader, entry.smoke, str(folder.resolve()), str(entry.smoke_megabytes)]
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # a loader that downloads is not tested but replaced
    with tempfile.TemporaryFile() as answer:
        process = subprocess.Popen(
            command, cwd=_ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=answer, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            code: int | None = process.wait(entry.smoke_seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        answer.seek(0)
        message = answer.read(16 * _LONGEST_MESSAGE)
    if code != 0:
        raise SmokeTestFailed(f"The smoke test failed: {_explain(code, message, entry)}")


def _explain(code: int | None, answer: bytes, entry: KindEntry) -> str:
    if code is None:
        return f"it did not finish within {entry.smoke_seconds:g} s."
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return str(json.loads(answer)["failed"])[:_LONGEST_MESSAGE]
    how = signal.Signals(-code).name if code < 0 and -code in set(signal.Signals) else f"exit status {code}"
    return f"its process ended with {how}; it may hold {entry.smoke_megabytes} MB."


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and whatever it started."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def main(loader: str, smoke: str, folder: str, megabytes: str) -> int:
    """The fresh process's work: load, use once, say what went wrong as one line of JSON.

    Returns:
        The exit status, 0 for a checkpoint that works.
    """
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whatever a library prints is no answer
    limit = int(megabytes) * 2**20
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))  # not RLIMIT_AS: CUDA reserves address space by the terabyte
    try:
        resolve(smoke)(resolve(loader)(Path(folder)))
    except BaseException as error:
        message = f"it needs more than {megabytes} MB." if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
        answer.write(json.dumps({"failed": message[:_LONGEST_MESSAGE]}))
        answer.flush()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
