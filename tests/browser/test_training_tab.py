"""The training tab as an admin uses it: launch, watch, publish, promote, roll back; and what it does while nobody looks."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from liwi.experts.learned_segmenter import LearnedSegmenter
from liwi.registry import Registry
from liwi.registry_serving import Served
from tests.unit.training.tiny import tiny_job
from training.admin_tab import build_training_tab
from training.job_form import save_job
from training.launch import Launcher
from training.run_here import ThisMachine
from training.ui.api import TrainingServices, training_routes

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
PATIENCE = 90_000


@dataclass
class App:
    """The app's address, and what it works on."""

    address: str
    services: TrainingServices


@pytest.fixture(scope="module")
def app(samples: Path, launch: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A page with another tab and the training tab, for a person who is an admin, with one saved job."""
    folder = tmp_path_factory.mktemp("training")
    machine = ThisMachine(folder / "runs", num_gpus=0)
    launcher, registry = Launcher(folder / "runs", [machine]), Registry(folder / "registry", shipped=None)
    services = TrainingServices(launcher, registry, samples.parent, lambda _: "ada", lambda person: person == "ada")
    save_job(launcher, "tiny", tiny_job(samples))
    with gr.Blocks() as blocks, gr.Tabs():
        with gr.Tab("Other"):
            gr.Markdown("Nothing here")
        with gr.Tab("Training"):
            build_training_tab()
    yield App(launch(blocks, training_routes(services)), services)
    services.works.close()
    machine.wait(PATIENCE / 1000)


def test_from_a_job_to_what_serves_and_back(page: Page, app: App) -> None:
    served = Served[LearnedSegmenter](app.services.registry, "matting")
    page.goto(f"{app.address}/#training", timeout=60_000)
    page.get_by_role("button", name="Start the first run", exact=True).click(timeout=60_000)
    page.get_by_label("Begin with").select_option("saved/tiny", timeout=30_000)
    steps = page.get_by_label("schedule.steps")
    expect(steps).to_have_value("8")
    steps.fill("2")
    page.get_by_label("schedule.warm_up").fill("2")
    expect(page.locator('[data-key="schedule.warm_up"]')).to_contain_class("wrong")
    expect(page.get_by_role("alert")).to_contain_text("'schedule.warm_up' must be less than schedule.steps (2)")
    steps.fill("6")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_label("Name of the run").fill("my run")
    page.get_by_role("button", name="Launch", exact=True).click()
    state = page.locator(".run-title .state")
    expect(state).to_have_text("finished", timeout=PATIENCE)
    expect(page.locator(".facts")).to_contain_text("6 of 6")
    expect(page.get_by_role("figure", name="Loss", exact=True)).to_contain_text("@6")

    page.reload()
    page.get_by_role("button", name="Publish…", exact=True).click(timeout=60_000)
    page.get_by_label("Licence of the weights").fill("Apache-2.0")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="matting-").click(timeout=PATIENCE)
    card = page.locator(".record.marked")
    expect(card).to_contain_text("candidate")
    assert served.get() is None
    card.get_by_role("button", name="Promote…", exact=True).click()
    page.get_by_label("Reason").fill(HOSTILE)
    page.get_by_role("button", name="Promote", exact=True).click()
    expect(card).to_contain_text("served", timeout=PATIENCE)
    holding = served.get()
    assert holding is not None
    assert holding.record.id == card.get_attribute("data-checkpoint")
    page.get_by_role("button", name="Roll back…", exact=True).click()
    page.get_by_label("Reason").fill("worse")
    page.get_by_role("button", name="Roll back", exact=True).click()
    expect(card).to_contain_text("retired")
    served.get()
    assert served.wait(10)
    assert served.get() is None
    page.get_by_text("What was done").click()
    expect(page.locator("td .reason").nth(1)).to_have_text(HOSTILE)


def test_a_run_is_stopped_and_resumed_and_nobody_asks_while_nobody_looks(page: Page, app: App, samples: Path) -> None:
    job = tiny_job(samples, schedule={"steps": 100_000})
    app.services.launcher.launch(job, "endless", runner="here", device="cpu", who="ada")
    page.goto(f"{app.address}/#training/run/endless", timeout=60_000)
    state = page.locator(".run-title .state")
    expect(state).to_have_text("training", timeout=PATIENCE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/training/api/" in request.url else None)
    page.get_by_role("tab", name="Other").click()
    page.wait_for_timeout(500)
    asked.clear()
    page.wait_for_timeout(2500)
    assert asked == []
    page.get_by_role("tab", name="Training").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(state).to_have_text("stopped", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    assert asked != []


def test_curves_of_one_size_share_a_chart(page: Page, app: App, whole: Path) -> None:
    folder = app.services.launcher.runs / "sizes"
    shutil.copytree(whole, folder)
    with (folder / "log.jsonl").open("a") as file:
        for step in (9, 10):
            metrics = {"alpha_iou": 0.6, "dice_loss": 0.05 * step, "psnr": 19.0 + step}
            file.write(json.dumps({"event": "evaluation", "step": step, **metrics}) + "\n")
    page.goto(f"{app.address}/#training/run/sizes", timeout=60_000)
    charts = page.locator(".chart", has=page.get_by_role("heading", name="Held-out metrics"))
    expect(charts.locator(".legend-entry", has_text="psnr")).to_be_visible(timeout=30_000)
    names = [chart.locator(".legend-entry > .long").all_text_contents() for chart in charts.all()]
    assert ["psnr"] in names
    together = next(each for each in names if "alpha IoU" in each)
    assert "dice loss" in together
    wide = [chart.locator("svg path.line").first.evaluate("(line) => line.getBBox().width") for chart in charts.all()]
    assert min(wide) > 5, "every chart was drawn with its width"
