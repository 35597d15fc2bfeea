"""A process that forks children which act on registries and die on the way: started by the tests of faults, one line of JSON per order.

An order names a registry, an act with its arguments, and one of these: after how many looks at or changes to a file the child is killed
(``kill_at``); a folder into which the registry is copied before each of them (``copies``: what a kill at that moment leaves); or how large
a file it may write (``most_bytes``: what a full disk is to a program). The answer is the wait status and what the child reported.
"""

import json
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.unit.registry_kinds import DATASET, JOB, open_registry

WATCHED = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.scandir", "shutil.rmtree"}


def before_each(root: str, do: Callable[[int], object]) -> None:
    """Have something done just before each file operation of this process on the registry; it hears their number, from 1."""
    seen, busy = 0, False

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen, busy
        if not busy and event in WATCHED and (isinstance(arguments[0], int) or root in os.fsdecode(arguments[0])):
            seen, busy = seen + 1, True
            do(seen)
            busy = False

    sys.addaudithook(watch)


def watch_over(order: dict[str, Any]) -> None:
    """Have the child meet its fate."""
    root = order["root"]
    if "most_bytes" in order:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["most_bytes"],) * 2)
    if "kill_at" in order:
        before_each(root, lambda number: os.kill(os.getpid(), signal.SIGKILL if number == order["kill_at"] else 0))
    if "copies" in order:
        before_each(root, lambda number: shutil.copytree(root, Path(order["copies"], str(number))))


def act(order: dict[str, Any]) -> None:
    registry, arguments = open_registry(Path(order["root"])), dict(order["arguments"])
    if order["act"] == "publish":
        registry.publish(Path(arguments["folder"]), kind="vector", job=JOB, dataset=DATASET, metrics={"iou": 0.5}, who="Child")
    else:
        getattr(registry, order["act"])(arguments.pop("what"), who="Child", **arguments)


def child(order: dict[str, Any], report: int) -> None:
    message = "done"
    try:
        watch_over(order)
        act(order)
    except BaseException as error:
        message = f"{type(error).__name__}: {error}"
    os.write(report, message.encode()[:4000])
    os._exit(0)


def main() -> None:
    for line in sys.stdin:
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            child(json.loads(line), writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            message = pipe.read().decode()
        _, status = os.waitpid(process, 0)
        print(json.dumps({"killed": os.WIFSIGNALED(status), "message": message}), flush=True)


if __name__ == "__main__":
    main()
