"""A process that forks children which act on registries and die on the way: started by the tests of faults, one line of JSON per order.

An order names a registry, an act with its arguments, and either after how many looks at or changes to a file the child is killed
(``kill_at``), or how large a file it may write (``most_bytes``: what a full disk is to a program). The answer is the wait status
and what the child reported.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from tests.unit.registry_kinds import DATASET, JOB, open_registry

WATCHED = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.scandir", "shutil.rmtree"}


def die_at(operation: int, root: str) -> None:
    """Have this process killed just before its ``operation``-th file operation on the registry."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in WATCHED and (isinstance(arguments[0], int) or root in os.fsdecode(arguments[0])):
            seen += 1
            if seen == operation:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def act(order: dict[str, Any]) -> None:
    registry, arguments = open_registry(Path(order["root"])), dict(order["arguments"])
    if order["act"] == "publish":
        registry.publish(Path(arguments["folder"]), kind="vector", job=JOB, dataset=DATASET, metrics={"iou": 0.5}, who="Child")
    else:
        getattr(registry, order["act"])(arguments.pop("what"), who="Child", **arguments)


def child(order: dict[str, Any], report: int) -> None:
    message = "done"
    try:
        if "most_bytes" in order:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["most_bytes"],) * 2)
        if "kill_at" in order:
            die_at(order["kill_at"], order["root"])
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
