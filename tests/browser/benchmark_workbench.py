"""How fast the workbench opens a model of 300 fragments, and redraws when a class is hidden or shown, measured in the browser.

    python -m tests.browser.benchmark_workbench [--fragments 300] [--cut 40] [--turns 5] [--models FOLDER] [--one-by-one]

The model is made of the fragments of several synthetic characters over each other, which overlap more than those of any real one; with
``--models`` the real Live2D models in a folder are measured too. "cut" is the same model with ``--cut`` of its fragments, the largest, in
three pieces of different classes each. Prints JSON with

* ``open_ms``: from the call of ``openModel`` in a fresh page (no picture in the browser's cache) until everything is drawn; target 1,500;
* ``class_redraw_ms``: all that the page does about hiding or showing a class, rasterising forced, for every class, fitted and at 100 %,
  with and without the colours of the classes; target 16;
* ``class_redraw_best_ms``: the same, of every class the best of all turns: what it costs while no other program runs;
* ``until_frame_ms``: until the next frame is on its way, tree included;
* ``load``: of the machine, since other work on it is in the figures.

``--one-by-one`` asks for every picture on its own instead of for the package.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session

from annotator.access import LOCAL_USER, ensure_local_user
from annotator.claims import claim
from annotator.database import Database, open_database
from annotator.imports import import_models, import_synthetic
from annotator.labels import relabel
from annotator.pieces import box_of
from annotator.queries import view_model
from annotator.schema import Model, ModelArtMesh, ModelPart, Pass, Prediction, Table
from annotator.stores import Stores
from annotator.values import Change, LabelKind, LabelValue
from data_tools.live2d.pieces import GRID, Piece
from liwi.seethrough.body_parts import BodyPart
from tests.browser.conftest import CHROMIUM, start_app
from tests.browser.workbench_app import WorkbenchApp, ask, open_model, open_workbench

Row = TypeVar("Row", bound=Table)

CLASSES = """async (page, turns) => {
    const groups = new Map();
    for (const unit of page.model.meshes.flatMap((mesh) => page.unitsOf(mesh.id))) {
        const name = String(page.classOf(unit));
        groups.set(name, [...(groups.get(name) ?? []), unit]);
    }
    const redraws = [], frames = [];
    for (let turn = 0; turn < turns; turn++) {
        for (const ids of groups.values()) {
            for (const shown of [false, true]) redraws.push(page.measure(() => page.setShown(ids, shown)));
            const start = performance.now();
            page.setShown(ids, false);
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
            frames.push(performance.now() - start);
            page.setShown(ids, true);
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        }
    }
    return [redraws, frames];
}"""


def large_model(database: Database, stores: Stores, num: int) -> int:
    """Put a model of ``num`` fragments into the database, taken from synthetic characters; returns its pass."""
    seeds = range(max(1, -(-num // 55)))
    report = import_synthetic(database, stores, ensure_local_user(database), "parts", seeds)
    with database.write() as session:
        rows = session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id.in_(report.imported)).order_by(ModelArtMesh.id)).all()
        model = _copied(session.get_one(Model, report.imported[0]), name="large", sha256="0" * 64, num_art_meshes=num)
        session.add(model)
        session.flush()
        for part in session.scalars(select(ModelPart).where(ModelPart.model_id == report.imported[0])).all():
            session.add(_copied(part, model_id=model.id))
        _add_fragments(session, model.id, (list(rows) * 2)[:num])
        found = Pass(model_id=model.id, round=0, state="new", num_labelled=0, changed_at=0)
        session.add(found)
        session.flush()
        return found.id


def _add_fragments(session: Session, model_id: int, rows: list[ModelArtMesh]) -> None:
    for place, row in enumerate(rows):
        mesh = _copied(row, model_id=model_id, place=place, mesh_id=f"{row.mesh_id}_{place}", render_order=place, part_place=0)
        session.add(mesh)
        session.flush()
        for guess in session.scalars(select(Prediction).where(Prediction.art_mesh_id == row.id)).all():
            session.add(_copied(guess, art_mesh_id=mesh.id))


def cut_fragments(database: Database, pass_id: int, num: int) -> None:
    """Cut the largest fragments of a pass: the upper half is the front hair, the lower left quarter objects."""
    claim(database, LOCAL_USER, pass_id)
    view = view_model(database, LOCAL_USER, pass_id)
    meshes = sorted((mesh for mesh in view.art_meshes if mesh.picture), key=lambda mesh: -mesh.num_pixels)[:num]
    changes = []
    for mesh in meshes:
        left, top, right, bottom = (value * GRID // view.model.width for value in box_of(mesh))
        across, down = (left + right) // 2, (top + bottom) // 2
        upper = Piece(((left, top), (right, top), (right, down), (left, down)), BodyPart.FRONT_HAIR)
        quarter = Piece(((left, down), (across, down), (across, bottom), (left, bottom)), BodyPart.OBJECTS)
        value = LabelValue(LabelKind.PART, BodyPart.TOPWEAR, pieces=(upper, quarter))
        changes.append(Change(mesh.id, 0, value))
    relabel(database, LOCAL_USER, pass_id, f"cut-{pass_id:08d}", changes)


def _copied(row: Row, **changes: Any) -> Row:
    """A new row like ``row`` but for ``changes``; a number of its own comes by itself."""
    columns = type(row).__table__.columns
    values = {column.name: getattr(row, column.name) for column in columns if not (column.primary_key and column.name == "id")}
    return type(row)(**{**values, **changes})


def summary(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum in milliseconds."""
    return {"median": round(median(times), 1), "p95": round(float(np.percentile(times, 95)), 1), "max": round(max(times), 1)}


def measure_opening(browser: Browser, app: WorkbenchApp, pass_id: int, turns: int, *, one_by_one: bool) -> list[float]:
    """Milliseconds to open a model, each time in a browser that knows nothing of it."""
    times = []
    for _ in range(turns):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        if one_by_one:
            page.route("**/workbench/passes/*/pictures", lambda route: route.abort())
        open_workbench(page, app)
        page.wait_for_timeout(1500)  # the page's own start shall be over
        open_model(page, pass_id)
        times.append(float(ask(page, "(page) => page.scene.openedMs")))
        context.close()
    return times


def measure_classes(page: Page, turns: int) -> dict[str, Any]:
    """Hide and show every class, fitted and at 100 %, with and without the overlay."""
    report = {}
    for key, view in (("0", "fitted"), ("9", "at_100_percent")):
        page.keyboard.press(key)
        page.wait_for_timeout(400)
        for tint in (False, True):
            ask(page, "(page, on) => page.setTint(on)", tint)
            page.wait_for_timeout(200)
            ask(page, CLASSES, 1)  # scaled copies and silhouettes are made once
            redraws, frames = ask(page, CLASSES, turns)
            name = view + ("_with_colours" if tint else "")
            best = summary([float(value) for value in np.reshape(redraws, (turns, -1)).min(axis=0)])
            report[name] = {"class_redraw_ms": summary(redraws), "class_redraw_best_ms": best, "until_frame_ms": summary(frames)}
    return report


def measure_model(browser: Browser, app: WorkbenchApp, pass_id: int, options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one model."""
    times = measure_opening(browser, app, pass_id, options.turns, one_by_one=options.one_by_one)
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    open_workbench(page, app)
    open_model(page, pass_id)
    report = {"open_ms": summary(times), **measure_classes(page, options.turns)}
    report["fragments"] = ask(page, "(page) => page.model.meshes.length")
    page.close()
    return report


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fragments", type=int, default=300)
    parser.add_argument("--cut", type=int, default=40)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--one-by-one", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        app = WorkbenchApp(open_database(folder / "annotations.db"), Stores.below(folder), [])
        passes = {"synthetic": large_model(app.database, app.stores, options.fragments)}
        if options.models:
            import_models(app.database, app.stores, LOCAL_USER, "real", [options.models])
            with app.database.read() as session:
                real = session.execute(select(Model.name, Pass.id).join(Pass, Pass.model_id == Model.id).where(Model.num_art_meshes > 150))
                passes |= {row[0]: row[1] for row in real if row[0] != "large"}
        blocks = app.blocks()
        app.address = start_app(blocks, app.routes())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        report: dict[str, Any] = {model: measure_model(browser, app, pass_id, options) for model, pass_id in passes.items()}
        if options.cut:
            cut_fragments(app.database, passes["synthetic"], options.cut)
            report["cut"] = measure_model(browser, app, passes["synthetic"], options)
        report["load"] = os.getloadavg()[0]
        print(json.dumps(report, indent=2))
        browser.close()
        blocks.close(verbose=False)
        app.database.close()


if __name__ == "__main__":
    main()
