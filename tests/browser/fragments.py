"""What the tests of the workbench's canvas compare with: the fragments' own pixels, and what the page says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from annotator.pictures import PictureStore
from tests.browser.workbench_app import ask

PICK_ALPHA = 24
"""From which alpha on the page takes a fragment as being there."""


@dataclass(frozen=True)
class Fragment:
    """A fragment as the server keeps it: alpha is (H, W) uint8 in its box [left, top, right, bottom]."""

    id: int
    name: str
    box: tuple[int, int, int, int]
    rgba: NDArray[np.uint8]
    hidden: bool

    def alpha_at(self, x: int, y: int) -> int:
        """Alpha of a pixel of the model; 0 outside the box."""
        left, top, right, bottom = self.box
        return int(self.rgba[y - top, x - left, 3]) if left <= x < right and top <= y < bottom else 0


def read_fragments(page: Page, pictures: PictureStore) -> list[Fragment]:
    """The open model's fragments that have pixels, back to front, with pixels read from the files."""
    found = []
    for mesh in ask(page, "(page) => page.model.meshes"):
        if mesh["extent"] is not None:
            sha256 = re.findall(r"[0-9a-f]{64}", mesh["url"])[0]
            found.append(Fragment(mesh["id"], mesh["mesh_id"], tuple(mesh["extent"]), pictures.load(sha256), mesh["hidden"]))
    return found


def composite(fragments: list[Fragment], x: int, y: int) -> NDArray[np.float64]:
    """Straight RGBA in [0, 255] of fragments drawn over each other at a pixel."""
    colour, coverage = np.zeros(3), 0.0
    for fragment in fragments:
        alpha = fragment.alpha_at(x, y) / 255
        if alpha:
            own = fragment.rgba[y - fragment.box[1], x - fragment.box[0], :3]
            colour, coverage = own * alpha + colour * (1 - alpha), alpha + coverage * (1 - alpha)
    return np.array([*(colour / coverage if coverage else colour), 255 * coverage])


def spots(fragments: list[Fragment], num: int) -> Iterator[tuple[int, int]]:
    """Pixels in the middle of the model where something is drawn."""
    generator = np.random.default_rng(0)
    while num:
        x, y = (int(value) for value in generator.integers(330, 690, 2))
        if sum(fragment.alpha_at(x, y) > 200 for fragment in fragments) >= 2:
            num -= 1
            yield x, y


def shown(fragments: list[Fragment]) -> list[Fragment]:
    """What is drawn at rest."""
    return [fragment for fragment in fragments if not fragment.hidden]


def click(page: Page, x: float, y: float, **options: Any) -> None:
    """Click on the middle of a pixel of the model."""
    page.mouse.click(*ask(page, "(page, [x, y]) => page.clientPoint(x + 0.5, y + 0.5)", [x, y]), **options)


def selected(page: Page) -> list[int]:
    """Ids of what is selected."""
    return list(ask(page, "(page) => page.selection.ids"))


def visible(page: Page) -> set[int]:
    """Ids of what is visible."""
    return set(ask(page, "(page) => page.visibleIds()"))


def picture(page: Page) -> str:
    """The canvas as it is, as a data URL."""
    return str(ask(page, "(page) => { page.redraw(); return document.querySelector('.viewport .layer-canvas').toDataURL(); }"))


def of_class(page: Page, name: str) -> list[int]:
    """Ids of the fragments of a class."""
    return list(ask(page, "(page, name) => page.model.meshes.map((mesh) => mesh.id).filter((id) => page.classOf(id) === name)", name))


def row(page: Page, name: str) -> Any:
    """The row of a group or fragment in the tree, by its exact name."""
    return page.locator(".tree-row").filter(has=page.locator(".row-name", has_text=re.compile(f"^{re.escape(name)}$"))).first


def resting_box(page: Page, element: Any) -> dict[str, float]:
    """Where an element lies in the window, once it is drawn and has come to rest: rows are made anew with the next frame."""
    box: dict[str, float] | None = None
    for _ in range(200):
        before, box = box, element.bounding_box()
        if box is not None and box == before:
            return box
        page.wait_for_timeout(50)
    raise AssertionError("The element did not come to rest.")
