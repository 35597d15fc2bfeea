"""What the workbench says and lets people change about single fragments: how they are clipped."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fragments import selected
from tests.browser.workbench_app import ask

pytestmark = pytest.mark.browser


def test_the_inspector_says_what_clips_a_fragment_and_what_it_clips(opened: Page) -> None:
    clipped = ask(opened, "(page) => page.model.meshes.find((mesh) => mesh.clipped_by.length)")
    clipper = clipped["clipped_by"][0]
    ask(opened, "(page, id) => page.select([id])", clipped["id"])
    inside = opened.locator(".clip-line[data-clip='clip.inside'] .clip-names")
    assert [int(button.get_attribute("data-fragment") or 0) for button in inside.locator("[data-fragment]").all()] == clipped["clipped_by"]
    inside.locator(f"[data-fragment='{clipper}']").hover()
    assert ask(opened, "(page) => page.state.hovered") == [clipper]
    inside.locator(f"[data-fragment='{clipper}']").click()
    assert selected(opened) == [clipper]
    clips = opened.locator(".clip-line[data-clip='clip.clips'] [data-fragment]")
    wanted = ask(opened, "(page, id) => page.model.meshes.filter((mesh) => mesh.clipped_by.includes(id)).map((mesh) => mesh.id)", clipper)
    expect(clips).to_have_count(min(12, len(wanted)))
    assert clipped["id"] in wanted
    plain = ask(
        opened,
        "(page) => page.model.meshes.find((m) => !m.clipped_by.length && !page.model.meshes.some((o) => o.clipped_by.includes(m.id))).id",
    )
    ask(opened, "(page, id) => page.select([id])", plain)
    expect(opened.locator(".clip-line")).to_have_count(0)
