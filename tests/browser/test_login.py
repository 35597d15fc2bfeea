"""Logging in as a person does: the whole app with accounts, in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from liwi.accounts import set_password
from tests.integration.serving import running_app

pytestmark = pytest.mark.browser

NAME, PASSWORD = "${1}<b>安娜</b>", "correct horse battery"
"""A name that would run as a script, or look like one's own page, if it ever became part of one."""
ADMIN = "ada"


SESSION = """async () => {
    const headers = {"Content-Type": "application/json"};
    return (await fetch("workbench/api/session", {method: "POST", headers, body: "{}"})).json();
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with two people in its password file: an annotator and an admin."""
    folder = tmp_path_factory.mktemp("login")
    for name in (NAME, ADMIN):
        set_password(folder / "passwords.txt", name, PASSWORD)
    environment = {"LIWI_DEFAULT_ROLE": "annotator", "LIWI_ADMINS": ADMIN, "LIWI_RUNS": str(folder / "runs")}
    with running_app(folder, "--host", "0.0.0.0", "--passwords", str(folder / "passwords.txt"), environment=environment) as address:
        yield address


def log_in(page: Page, password: str = PASSWORD, name: str = NAME) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_person_logs_in_works_and_logs_out(page: Page, page_errors: list[str], address: str) -> None:
    page.goto(f"{address}/?from=a-link#labels/models")
    expect(page).to_have_title("Log in · LiWi Studio")
    log_in(page, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("do not fit together")
    expect(page.get_by_label("Name")).to_have_value(NAME)
    page_errors.clear()  # the browser reports the refusal, which is meant
    log_in(page)
    page.wait_for_url(f"{address}/?from=a-link#labels/models")
    expect(page.locator(".liwi-header .liwi-account")).to_contain_text(NAME, timeout=30_000)
    page.get_by_role("tab", name="Photo").wait_for()
    page.get_by_role("tab", name="Labels").click()
    page.wait_for_function("() => Boolean(document.querySelector('.liwi-workbench')?.__workbench)", timeout=30_000)
    said = page.evaluate(SESSION)
    assert (said["user"], said["role"]) == (NAME, "annotator")
    page.locator(".liwi-header .liwi-account button").click()
    page.wait_for_url(f"{address}/login")
    page.goto(address)
    page.wait_for_url(f"{address}/login*")


def test_training_is_for_admins(page: Page, page_errors: list[str], address: str) -> None:
    """An annotator sees no such tab, and is refused where they ask nevertheless; an admin's link opens it."""
    page.goto(f"{address}/#training")
    log_in(page)
    page.get_by_role("tab", name="Photo").wait_for(timeout=30_000)
    page.wait_for_timeout(500)
    expect(page.get_by_role("tab", name="Training")).to_have_count(0)
    ask = """async () => (await fetch("training/api/overview",
        {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"})).status"""
    assert page.evaluate(ask) == 403
    page.goto("about:blank")  # what the page goes on asking for would be refused, too
    page_errors.clear()  # the browser reports the refusal, which is meant
    page.context.clear_cookies()
    page.goto(f"{address}/login#training")
    log_in(page, name=ADMIN)
    expect(page.get_by_text("No run yet", exact=True)).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_login_can_be_read_in_light_and_dark_and_on_a_telephone(page: Page, address: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 320, "height": 600})
    page.goto(f"{address}/login")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    colours = page.evaluate("['color', 'backgroundColor'].map((name) => getComputedStyle(document.querySelector('main'))[name])")
    ink, card = ([int(part) for part in colour.strip("rgb()").split(",")] for colour in colours)
    assert abs(sum(ink) - sum(card)) > 450
    assert (sum(card) > sum(ink)) == (scheme == "light")
