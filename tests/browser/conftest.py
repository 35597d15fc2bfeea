"""A real Chromium, and Gradio apps to point it at.

Fixtures for every browser test: `browser` (one per session), `page` (one per test; fails the test on script errors and console errors),
`launch` (starts a Gradio app on a free loopback port). A failing test leaves a screenshot in ``out/screenshots/``.
"""

import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import gradio as gr
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.fragments import Fragment, read_fragments
from tests.browser.stage_app import StageApp, default_pictures, open_app, reset_stage
from tests.browser.workbench_app import WorkbenchApp, copied_app, import_characters, open_model, open_workbench
from tests.conftest import made_once

CHROMIUM = os.environ.get("LIWI_CHROMIUM", "/usr/bin/chromium")
SCREENSHOTS = Path("out/screenshots")

KNOWN_NOISE = (
    "manifest.json",  # Gradio asks for a web-app manifest that is not there
    "favicon",
    "queue/data",  # the event stream ends when the page closes
    "AbortError: signal is aborted without reason",  # so it does when a page is left that still waits for an answer,
    "Unexpected error Connection errored out.",  # and says so to that page
    "Too many arguments provided for the endpoint",
)
"""Parts of console messages that are Gradio's own and mean nothing."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        BLANK_PAGES.clear()
        chromium.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Remember on the test whether it failed, for the screenshot."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.stash[FAILED] = report.failed


FAILED = pytest.StashKey[bool]()


@pytest.fixture
def page_errors() -> list[str]:
    """Script and console errors of the test's page so far. A test that provokes one removes it from the list."""
    return []


@pytest.fixture
def page(browser: Browser, page_errors: list[str], request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh page, 1280 x 860. The test fails if a script or the console reported an error that is not known noise."""
    with watched_page(browser, page_errors) as page:
        yield page
        finish_test(page, page_errors, request)


BLANK_PAGES: list[Page] = []
"""Each alone in an empty context that an earlier test has left."""


@contextmanager
def watched_page(browser: Browser, errors: list[str], **options: Any) -> Iterator[Page]:
    """A page in a context of its own whose script and console errors are added to ``errors``.

    Without options the context is an earlier one, emptied: it still has Gradio's scripts, compiled, and need not be made.
    """
    page = BLANK_PAGES.pop() if BLANK_PAGES and not options else new_page(browser, **options)
    context, origins = page.context, set[str]()
    page.on("pageerror", lambda error: errors.append(f"script error: {error}"))
    page.on("console", lambda message: note_console(message, errors))
    page.on("framenavigated", lambda frame: origins.add("://".join(urlsplit(frame.url)[:2])))
    try:
        yield page
    except BaseException:
        context.close()  # whatever went wrong stays out of the next test
        raise
    if options:
        context.close()
    else:
        BLANK_PAGES.append(empty(context, origins))


def new_page(browser: Browser, **options: Any) -> Page:
    """A page, 1280 x 860 if nothing else is said, in a new context."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
    context.set_default_timeout(10_000)
    return context.new_page()


def empty(context: BrowserContext, origins: set[str]) -> Page:
    """Close the context's pages and forget what they stored; a blank page in it."""
    for page in context.pages:
        page.close()
    context.set_offline(False)
    context.unroute_all()
    context.clear_cookies()
    context.clear_permissions()
    blank = context.new_page()
    session = context.new_cdp_session(blank)
    for origin in origins:
        if origin.startswith("http"):
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage,indexeddb,cache_storage"})
    session.detach()
    return blank


def finish_test(page: Page, errors: list[str], request: pytest.FixtureRequest) -> None:
    """Keep a screenshot if the test failed, and fail it if the page reported errors."""
    if request.node.stash.get(FAILED, False):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{request.node.name}.png")
    assert errors == [], "the page reported errors"


def note_console(message: ConsoleMessage, errors: list[str]) -> None:
    """Add a console error to ``errors`` unless it is known noise."""
    text = f"{message.text} ({message.location.get('url', '')})"
    if message.type == "error" and not any(noise in text for noise in KNOWN_NOISE):
        errors.append(f"console: {text}")


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., str]]:
    """``launch(blocks, routes=[...])`` starts an app and returns its address; it is closed after the module's tests."""
    started: list[gr.Blocks] = []

    def start(blocks: gr.Blocks, routes: list[Any] | None = None, **options: Any) -> str:
        started.append(blocks)
        return start_app(blocks, routes, **options)

    yield start
    for blocks in started:
        blocks.close(verbose=False)


def start_app(blocks: gr.Blocks, routes: list[Any] | None = None, **options: Any) -> str:
    """Serve ``blocks``, and Starlette ``routes`` beside it, from a thread; returns the address once it answers."""
    port = options.pop("server_port", None) or free_port()
    served = {"server_name": "127.0.0.1", "server_port": port, "prevent_thread_lock": True, "quiet": True, "footer_links": []}
    served["run_history"] = False  # else every call is written to the browser's storage, and the page gets slower with each
    blocks.launch(**{**served, "app_kwargs": {"routes": routes or []}, **options})
    address = f"http://127.0.0.1:{port}"
    wait_until_served(address)
    return address


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_served(address: str, seconds: float = 20) -> None:
    """Return once the app answers, or fail."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{address}/config", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="session")
def stage_app() -> Iterator[StageApp]:
    """One small app around a stage for all tests of the stage."""
    app = StageApp(pictures=default_pictures())
    blocks = app.blocks()
    app.address = start_app(blocks, app.routes())
    yield app
    blocks.close(verbose=False)


@pytest.fixture(scope="session")
def stage_tab(browser: Browser, stage_app: StageApp) -> Iterator[tuple[Page, list[str]]]:
    """The page that the stage's tests share, and its errors."""
    errors: list[str] = []
    with watched_page(browser, errors) as page:
        open_app(page, stage_app)
        yield page, errors


@pytest.fixture
def stage(stage_tab: tuple[Page, list[str]], stage_app: StageApp, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The shared page with the standard picture, nothing drawn, the box tool, and nothing heard yet."""
    page, errors = stage_tab
    errors.clear()
    reset_stage(page, stage_app)
    yield page
    try:
        finish_test(page, errors, request)
    finally:
        if request.node.stash.get(FAILED, False):
            open_app(page, stage_app)  # whatever went wrong stays out of the next test


@pytest.fixture(scope="session")
def workbench_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database of synthetic characters and their pictures, made once; work on copies of it."""
    return made_once(tmp_path_factory, "workbench_files", import_characters)


@pytest.fixture(scope="module")
def workbench_app(workbench_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkbenchApp]:
    """The workbench on a copy of the characters' database; the tests of a module share it."""
    with served_workbench(copied_app(workbench_files, tmp_path_factory.mktemp("workbench"))) as app:
        yield app


@contextmanager
def served_workbench(app: WorkbenchApp, port: int | None = None) -> Iterator[WorkbenchApp]:
    """Serve a workbench, on a free port if none is given; its database is closed with it."""
    blocks = app.blocks()
    app.address = start_app(blocks, app.routes(), server_port=port)
    try:
        yield app
    finally:
        blocks.close(verbose=False)
        app.database.close()


@pytest.fixture
def workbench(page: Page, workbench_app: WorkbenchApp) -> Page:
    """A fresh page of the workbench, with no model open."""
    open_workbench(page, workbench_app)
    return page


@pytest.fixture
def opened(workbench: Page, workbench_app: WorkbenchApp) -> Page:
    """The workbench with the first character open, at 100 %, as at rest."""
    open_model(workbench, workbench_app.pass_ids[0])
    workbench.keyboard.press("9")
    return workbench


@pytest.fixture
def fragments(opened: Page, workbench_app: WorkbenchApp) -> list[Fragment]:
    """The fragments of the character in `opened`, with their pixels."""
    return read_fragments(opened, workbench_app.stores.pictures)
