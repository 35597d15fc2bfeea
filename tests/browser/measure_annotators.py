"""How long select + label + saved takes for eight annotators at once on one SQLite file, driven through the real page in Chromium.

    python -m tests.browser.measure_annotators [--pages 8] [--clients 0] [--labels 60] [--pace 1.0] [--data FOLDER]

Each annotator has a browser context and a model of their own. Per fragment: the key of the next fragment, the key of a class, and then
waiting until the header says "saved"; the time runs inside the page from the first keydown to the frame that shows it. ``--pace`` is
seconds per fragment (0: as fast as it goes). ``--clients`` adds annotators without a page, who send what a page would send, at the same
pace. Server, browser and script share the machine. Prints the 50th and 95th percentile and the maximum, and checks that every label that
a page showed as saved stands in the database.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.async_api import Browser, Page, async_playwright

from annotator.access import LOCAL_USER, ensure_local_user, set_user
from annotator.database import Database, open_database
from annotator.imports import import_synthetic
from annotator.reviews import request_second_passes
from annotator.stores import Stores
from annotator.values import Role
from tests.browser.conftest import CHROMIUM, free_port, wait_until_served
from tests.browser.workbench_app import DRAWN, READY, TEXTURE_SIZE

WORKBENCH = "document.querySelector('.liwi-workbench').__workbench"
KEYS = "fbhciywlgernmkjtapsdqvo"
INSTALL = """() => {
    const header = document.querySelector('.saving');
    const clock = window.clock = {start: null, sent: 0, saved: 0, counts: true, times: []};
    document.addEventListener('keydown', () => { clock.start ??= performance.now(); }, true);
    new MutationObserver(() => {
        if (header.dataset.state !== 'saved' || clock.start === null) return;
        const {start, counts} = clock;
        clock.start = null;
        requestAnimationFrame(() => { clock.saved += 1; if (counts) clock.times.push(performance.now() - start); });
    }).observe(header, {attributes: true, attributeFilter: ['data-state']});
    document.querySelector('.liwi-workbench').__workbench.on('saving', () => {
        if (header.dataset.state !== 'saved' && clock.start !== null) clock.sent = clock.saved + 1;
    });
}"""
UNCHANGED = "() => { clock.counts = clock.sent > clock.saved || clock.start === null; return !clock.counts; }"


async def annotate(page: Page, labels: int, pace: float, wait: float, shift: int) -> tuple[list[float], float]:
    """Label fragment after fragment, with other classes for another ``shift``; returns the milliseconds of each and the seconds of all."""
    await page.evaluate(INSTALL)
    await asyncio.sleep(wait)  # people do not press their keys at the same moment
    start = time.perf_counter()
    for number in range(labels):
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press(KEYS[(number + shift) % len(KEYS)])
        if await page.evaluate(UNCHANGED):  # it had this label from an earlier run: another one, which does not count
            await page.keyboard.press(KEYS[(number + shift + 1) % len(KEYS)])
        await page.wait_for_function("(number) => clock.saved > number", arg=number, polling=25)
        await asyncio.sleep(max(0.0, start + pace * (number + 1) - time.perf_counter()))
    return await page.evaluate("clock.times"), time.perf_counter() - start


async def open_page(browser: Browser, address: str, person: str, pass_id: int) -> Page:
    """A browser of this person with the model open and claimed, and the selection staying where it is after a label."""
    context = await browser.new_context(viewport={"width": 1280, "height": 860})
    await context.add_cookies([{"name": "person", "value": person, "url": address}])
    page = await context.new_page()
    await page.goto(address)
    await page.wait_for_function(READY, timeout=60_000)
    await page.evaluate(f"async (id) => {{ await {WORKBENCH}.openModel(id); }}", pass_id)
    await page.wait_for_function(DRAWN, arg=pass_id, timeout=60_000)
    await page.wait_for_function(f"() => {WORKBENCH}.mayEdit()", timeout=60_000)
    await page.locator(".after-row select").select_option("stay")
    await page.evaluate("document.activeElement?.blur()")
    return page


async def send_like_a_page(address: str, person: str, pass_id: int, labels: int, pace: float, wait: float) -> list[float]:
    """An annotator without a page: claim, then one label after the other at this pace; milliseconds per request."""
    async with httpx.AsyncClient(base_url=address, cookies={"person": person}, timeout=60) as client:

        async def ask(name: str, **body: object) -> dict[str, Any]:
            answer = await client.post(f"/workbench/api/{name}", json=body)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            return found

        opened = await ask("open", pass_id=pass_id)
        versions = {mesh["id"]: 0 for mesh in opened["meshes"]} | {label["art_mesh_id"]: label["version"] for label in opened["labels"]}
        meshes = list(versions)
        await ask("claim", pass_id=pass_id)
        await asyncio.sleep(wait)
        start, times = time.perf_counter(), []
        for number in range(labels):
            mesh = meshes[number % len(meshes)]
            change = {
                "art_mesh_id": mesh,
                "version": versions[mesh],
                "kind": "part",
                "part": "face",
                "side": None,
                "unsure": False,
                "comment": "",
            }
            began = time.perf_counter()
            await ask("relabel", pass_id=pass_id, operation_id=uuid.uuid4().hex, changes=[change])
            versions[mesh] += 1
            times.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(max(0.0, start + pace * (number + 1) - time.perf_counter()))
        return times


def prepare(folder: Path, num: int) -> tuple[Database, list[str], list[int]]:
    """A database with a pass for each of ``num`` annotators: characters, each with a second pass."""
    folder.mkdir(parents=True, exist_ok=True)
    database = open_database(folder / "annotations.db")
    seeds = range(3, 3 + (num + 1) // 2)
    import_synthetic(database, Stores.below(folder), ensure_local_user(database), "default", seeds, texture_size=TEXTURE_SIZE)
    people = [f"annotator {number}" for number in range(num)]
    for person in people:
        set_user(database, LOCAL_USER, person, Role.ANNOTATOR)
    request_second_passes(database, LOCAL_USER, 1, 1.0)
    with database.read() as session:
        passes = [int(row[0]) for row in session.connection().exec_driver_sql("SELECT id FROM pass ORDER BY round, id")]
    return database, people, passes[:num]


def told(times: list[float]) -> str:
    """Percentiles in words."""
    p50, p95 = np.percentile(times, [50, 95])
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {max(times):.0f} ms over {len(times)}"


async def measure(address: str, people: list[str], passes: list[int], options: argparse.Namespace, shift: int) -> list[float]:
    """All annotators at work at once; returns the milliseconds of every label made through a page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        pages = [await open_page(browser, address, *each) for each in zip(people[: options.pages], passes, strict=False)]
        others = list(zip(people, passes, strict=True))[options.pages :]
        waits = [options.pace * place / len(people) for place in range(len(people))]
        work = [annotate(page, options.labels, options.pace, wait, shift) for page, wait in zip(pages, waits, strict=False)]
        sent = [
            send_like_a_page(address, person, pass_id, options.labels, options.pace, wait)
            for (person, pass_id), wait in zip(others, waits[options.pages :], strict=True)
        ]
        by_page, by_client = await asyncio.gather(asyncio.gather(*work), asyncio.gather(*sent))
        unsent = [await page.evaluate(f"{WORKBENCH}.saving.waiting") for page in pages]
        await browser.close()
    print(f"{options.pages} pages and {options.clients} clients without a page, {options.labels} labels each, pace {options.pace} s")
    print(f"  key of the next fragment to 'saved' on the screen: {told([each for times, _ in by_page for each in times])}")
    print(
        f"  the {options.labels} labels of one annotator took {max(seconds for _, seconds in by_page):.1f} s at most; {sum(unsent)} unsent"
    )
    if by_client:
        print(f"  requests of the clients: {told([each for times in by_client for each in times])}")
    return [each for times, _ in by_page for each in times]


def main() -> None:
    """Parse the arguments, serve, measure, compare with the database."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=8)
    parser.add_argument("--clients", type=int, default=0)
    parser.add_argument("--labels", type=int, default=60)
    parser.add_argument("--pace", type=float, default=1.0)
    parser.add_argument("--data", type=Path, default=None, help="keep the database in this folder, to use it again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = options.data or Path(made) / "data"
        database, people, passes = prepare(folder, options.pages + options.clients)
        before = _num_labels(database)
        port = free_port()
        command = [sys.executable, "-m", "tests.browser.serve_workbench", str(folder), str(port)]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_until_served(f"http://127.0.0.1:{port}", 120)
            asyncio.run(measure(f"http://127.0.0.1:{port}", people, passes, options, before // options.labels))
        finally:
            server.terminate()
            server.wait()
        print(f"  in the database: {_num_labels(database) - before} new labels of {len(people) * options.labels} decided")


def _num_labels(database: Database) -> int:
    with database.read() as session:
        return int(session.connection().exec_driver_sql("SELECT count(*) FROM label").scalar_one())


if __name__ == "__main__":
    main()
