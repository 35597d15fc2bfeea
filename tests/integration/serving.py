"""Real servers for the tests: routes served by uvicorn from a thread, and the whole app as a process."""

import contextlib
import os
import runpy
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

ROOT = Path(__file__).parents[2]
SETTINGS = ("LIWI_", "OAUTH_", "OPENID_", "SPACE_")
"""How the names of the environment variables that the app reads begin."""


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(routes: Sequence[BaseRoute], middleware: Sequence[Middleware] = (), *, port: int = 0) -> Iterator[str]:
    """Routes on a loopback port; gives the address."""
    port = port or free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=list(routes), middleware=list(middleware)), host="127.0.0.1", port=port, log_level="error", ws="none"
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def running_app(folder: Path, *flags: str, environment: Mapping[str, str] | None = None, port: int = 0) -> Iterator[str]:
    """`app.py` as a process of its own with its data below ``folder``; gives the address once it answers."""
    port = port or free_port()
    process = start_app(folder, "--port", str(port), *flags, environment=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while True:
            assert process.poll() is None, (folder / "app.log").read_text()
            assert time.monotonic() < deadline, "the app does not answer"
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{address}/robots.txt", timeout=5)
                break
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def start_app(folder: Path, *flags: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The process of the app; what it says goes to ``app.log`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    chosen = {**kept, "LIWI_DATA": str(folder / "data"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **(environment or {})}
    with (folder / "app.log").open("wb") as log:
        command = [sys.executable, "app.py", "--no-browser", *flags]
        return subprocess.Popen(command, cwd=ROOT, env=chosen, stdout=log, stderr=subprocess.STDOUT)


def refusal(folder: Path, *flags: str) -> str:
    """What ``python app.py flags`` says when it ends with an error for people; it runs in this process, where Gradio is loaded already."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(SETTINGS)]:
            patch.delenv(name)
        patch.setenv("LIWI_DATA", str(folder / "data"))
        patch.setattr(sys, "argv", ["app.py", "--no-browser", *flags])
        patch.setattr(sys, "excepthook", sys.excepthook)  # Typer sets its own
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
    said = ended.value.code
    assert isinstance(said, str), said  # Python prints it, without a traceback, and ends with 1
    return said
