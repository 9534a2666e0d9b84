"""The pages in a real browser: from a new discovery to delivery, with scripts and without, nothing axe objects to."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pydantic import SecretStr

from discovery_pipeline.settings import Settings
from tests.journeys.browser import CHROMIUM, FLAGS, Service, serving

SERVERS = "hostname,ip_address,os,cpu_cores,memory_gb,environment,notes\n" + "".join(
    f"web{i:03},10.0.0.{i},Ubuntu 22.04,{2 + i % 7},{8 * (1 + i % 4)},{'prod' if i % 3 else 'test'},"
    f"{'<script>document.title=1</script>' if i == 3 else ''}\n"
    for i in range(1, 60)
)
"""Rows with a cell that would run, if it were let."""

PATIENCE = 90_000  # milliseconds, for a machine that does much else
pytestmark = pytest.mark.timeout(600)

Visit = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def home(server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    import psycopg
    from psycopg import sql

    with psycopg.connect(f"host={server.sockets} user=postgres dbname=postgres", autocommit=True) as operator:
        made = sql.SQL("create database browsed template {} owner discovery_owner")
        operator.execute(made.format(sql.Identifier(template)))
        operator.execute("revoke all on database browsed from public")
        url = f"postgresql://postgres@/browsed?host={server.sockets}"
        yield Settings(home=tmp_path_factory.mktemp("browsed"), database_url=SecretStr(url), rate_limit=100_000)
        operator.execute("drop database browsed with (force)")


@pytest.fixture(scope="module")
def service(home: Settings) -> Iterator[Service]:
    assert home.database_url is not None
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DISCOVERY_DATABASE_URL", home.database_url.get_secret_value())
        with serving(home) as running:
            yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser, service: Service) -> Visit:
    """A page of somebody who came by the link; whatever went wrong in it fails the test."""

    @contextmanager
    def opened(**more: Any) -> Iterator[Page]:
        faults: list[str] = []
        context = browser.new_context(base_url=service.url, **more)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
        page.goto(service.login_link())
        expect(page).to_have_url(re.compile(r"/discovery$"))
        yield page
        context.close()
        assert not faults

    return opened


def _is_fault(said: Any) -> bool:
    """Whether the console tells of something that is wrong; a refused form answers 409 or 422 by intention."""
    return said.type == "error" and not re.search("\\b(409|422)\\b", said.text)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("upload") / "servers.csv"
    file.write_text(SERVERS)
    return file


@pytest.fixture(scope="module")
def offered(browser: Browser, service: Service, servers: Path) -> str:
    """A flow whose suggestions wait for a review; its id."""
    page = browser.new_page(base_url=service.url)
    page.set_default_timeout(PATIENCE)
    page.goto(service.login_link())
    flow = begin(page, "Shared move")
    upload(page, servers)
    page.close()
    return flow


@pytest.fixture(scope="module")
def odd(browser: Browser, service: Service, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A flow whose data is odd in every way, delivered as far as that goes; its id."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "\u202eעברית 😀.csv").write_text(odd_rows(), encoding="utf-8")
    (folder / "titled.csv").write_text("Estate of the north\n\nhost,ip\n")
    page = browser.new_page(base_url=service.url, java_script_enabled=False)
    page.set_default_timeout(PATIENCE)
    page.goto(service.login_link())
    flow = begin(page, f"{'Längst' * 30} 😀 اسم", "Azure")
    page.set_input_files("input[type='file']", sorted(folder.iterdir()))
    page.click("button:has-text('Upload')")
    page.wait_for_selector(":text('Upload successful')")
    page.click("button:has-text('Continue to Field Mapping')")
    page.click("button:has-text('Accept All Suggestions')")
    page.fill("#profile-name", "Odd one")
    page.click("button:has-text('Save as mapping profile')")
    page.click("button:has-text('Save Mappings')")
    page.wait_for_selector(".flow-status:has-text('Validation: completed')")
    page.close()
    return flow


def odd_rows() -> str:
    """Names and values in many scripts, markup, very long ones, and faults of each kind."""
    names = (
        "hostname",
        "ip_address",
        "os",
        "cpu_cores",
        "memory_mb",
        "environment",
        "اسم المالك",
        "😀" * 20,
        "h" * 300,
    )
    uses = ("Production", "production", "Prod", "Test", "test", "TST", "n/a")
    rows = (
        (f"web{i}" if i % 9 else "", f"10.0.0.{i}" if i % 7 else "999.1.1.1", "Windows Server 2019", 2 + i % 7, 4096,
         uses[i % 7], f"مالك {i}", "<b>" + "v" * (i % 40) * 10, " padded " * (i % 5))
        for i in range(1, 90)
    )  # fmt: skip
    text = io.StringIO()
    csv.writer(text).writerows((names, *rows))
    return text.getvalue()


def begin(page: Page, name: str = "Harbour move", target: str = "AWS") -> str:
    """A new discovery, as somebody fills in the form; its id."""
    page.goto("/discovery")
    page.click("text=New Discovery")
    page.fill("input[name='name']", name)
    page.select_option("select[name='sourceSystem']", "ServiceNow")
    page.select_option("select[name='targetSystem']", target)
    page.click("button:has-text('Start Discovery')")
    page.wait_for_url("**/discovery/cmdb-import/**")
    return page.url.rsplit("/", 1)[-1]


def upload(page: Page, file: Path) -> None:
    page.set_input_files("input[type='file']", file)
    page.click("button:has-text('Upload')")
    page.wait_for_selector(":text('Upload successful'), .note.bad")
    expect(page.locator(".note.bad")).to_have_count(0)


def test_from_a_new_discovery_to_delivered_files(visit: Visit, servers: Path):
    with visit() as page:
        flow = begin(page)
        upload(page, servers)
        no_objections(page)
        page.click("button:has-text('Continue to Field Mapping')")
        page.wait_for_selector(".mapping-row")
        assert page.locator(".mapping-row").count() == SERVERS.splitlines()[0].count(",") + 1
        no_objections(page)
        page.click("button:has-text('Accept All Suggestions')")
        page.click("button:has-text('Save Mappings')")  # at once: what was just accepted is saved with it
        page.wait_for_url(f"**/discovery/cleansing/{flow}")
        expect(page.locator(".flow-status")).to_contain_text("Cleansing")
        expect(page.locator(".flow-status")).to_contain_text("Validation: completed")
        expect(page.get_by_role("link", name="Spellings of one value")).to_be_visible()
        no_objections(page)
        page.click("nav >> text=Validation")
        expect(page.locator("text=Rows by target")).to_be_visible()
        no_objections(page)
        with page.expect_download() as download:
            page.click("a[download]:has-text('aws.csv')")
        assert "web001" in Path(download.value.path()).read_text()
        page.goto(f"/discovery/report/{flow}")
        assert "Harbour move" in page.inner_text("h1")
        page.goto("/discovery")
        expect(page.locator("tr", has_text="Harbour move")).to_contain_text("delivered")
        no_objections(page)


def test_an_empty_form_says_what_is_required(visit: Visit):
    with visit() as page:
        page.click("text=New Discovery")
        page.click("button:has-text('Start Discovery')")
        expect(page.locator(".error-message").first).to_be_visible()
        assert "required" in page.locator(".error-message").first.inner_text().lower()
        page.fill("input[name='name']", "Half done")
        page.click("button:has-text('Start Discovery')")
        assert page.input_value("input[name='name']") == "Half done"
        no_objections(page)


def test_the_whole_way_without_a_script(visit: Visit, servers: Path):
    with visit(java_script_enabled=False) as page:
        flow = begin(page, "Plain move")
        upload(page, servers)
        page.click("button:has-text('Continue to Field Mapping')")
        page.click("button:has-text('Accept All Suggestions')")
        expect(page.locator(".note")).to_contain_text("Accepted")
        page.click("button:has-text('Undo')")
        expect(page.locator(".mapping-row.accepted")).to_have_count(0)
        page.click("button:has-text('Redo')")
        page.locator(".mapping-row", has_text="hostname").locator("a:has-text('More')").click()
        page.fill("input[name='transformation']", "upper")
        page.click("button:has-text('Preview')")
        expect(page.locator(".more .after").first).to_have_text(re.compile("WEB"))
        page.click("button:has-text('Use this')")
        expect(page.locator(".mapping-row", has_text="hostname")).to_contain_text("changed")
        page.click("button:has-text('Save Mappings')")
        page.wait_for_url(f"**/discovery/cleansing/{flow}")
        page.wait_for_selector(".flow-status:has-text('Validation: completed')")
        expect(page.locator("#steps")).to_be_visible()


def test_a_review_by_keyboard(visit: Visit, offered: str):
    with visit() as page:
        page.goto(f"/discovery/field-mapping/{offered}")
        page.keyboard.press("j")
        expect(page.locator(".mapping-row.here")).to_contain_text("hostname")
        page.keyboard.press("a")
        expect(page.locator(".mapping-row", has_text="hostname")).to_contain_text("accepted")
        expect(page.locator(".mapping-row.here")).to_contain_text("ip_address")
        page.keyboard.press("x")
        expect(page.locator(".mapping-row", has_text="ip_address")).to_contain_text("rejected")
        page.keyboard.press("u")
        expect(page.locator(".mapping-row", has_text="ip_address")).not_to_contain_text("rejected")
        page.keyboard.press("Shift+u")
        expect(page.locator(".mapping-row", has_text="ip_address")).to_contain_text("rejected")
        page.keyboard.press("U")  # without Shift: Caps Lock is on
        expect(page.locator(".mapping-row", has_text="ip_address")).not_to_contain_text("rejected")
        page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'u', shiftKey: true}))")
        expect(page.locator(".mapping-row", has_text="ip_address")).to_contain_text("rejected")
        page.keyboard.press("k")
        page.keyboard.press("k")
        page.keyboard.press("o")
        page.fill("input[name='transformation']", "upper")
        expect(page.locator(".more .after").first).to_have_text(re.compile("WEB"))
        page.fill("input[name='transformation']", "uper")
        expect(page.locator("[data-result]")).to_contain_text("fails")
        no_objections(page)
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.locator("dialog")).to_be_visible()
        no_objections(page)
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("2")
        expect(page.locator(".more", has=page.locator("[data-do=choose]"))).to_have_count(2)
        expect(page.locator(".mapping-row", has_text="ip_address")).not_to_contain_text("accepted")
        page.keyboard.press("2")
        expect(page.locator(".mapping-row.here")).to_contain_text("ip_address")
        expect(page.locator(".mapping-row", has_text="ip_address")).to_contain_text("accepted")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_line_that_names_the_columns_is_chosen(visit: Visit, tmp_path: Path, *, scripts: bool):
    odd = tmp_path / "odd.csv"
    odd.write_text("Estate\nhost,ip,ram\nname,address,GB\n" + "".join(f"web{i},10.0.0.{i},{i}\n" for i in range(1, 30)))
    with visit(java_script_enabled=scripts) as page:
        flow = begin(page, "Odd header")
        upload(page, odd)
        page.goto(f"/discovery/cmdb-import/{flow}")
        page.get_by_role("radio", name="Line 3").check()
        page.fill("input[name='header_rows']", "1")
        page.click("button:has-text('Read it like this')")
        expect(page.locator("details", has_text="as you chose")).to_be_visible()
        page.wait_for_selector(":text('Upload successful')")
        if scripts:
            no_objections(page)
        page.click("button:has-text('Continue to Field Mapping')")
        expect(page.locator(".mapping-row .name").first).to_have_text("name")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_refused_file_is_read_once_somebody_says_where_its_table_lies(visit: Visit, tmp_path: Path, *, scripts: bool):
    (tmp_path / "titled.csv").write_text("Estate of the north\n\nweb1,10.0.0.1\n")
    with visit(java_script_enabled=scripts) as page:
        begin(page, "Titled")
        page.set_input_files("input[type='file']", tmp_path / "titled.csv")
        page.click("button:has-text('Upload')")
        expect(page.locator(".error-message")).to_contain_text("header but no rows")
        expect(page.get_by_role("radio", name="Line 3")).to_be_checked()
        if scripts:
            no_objections(page)
        page.get_by_role("radio", name="No line has the column names").check()
        page.click("button:has-text('Read it like this')")
        page.wait_for_selector(":text('Upload successful')")
        expect(page.locator(".error-message")).to_have_count(0)


def test_all_high_are_listed_and_then_accepted_as_one_step(visit: Visit, servers: Path):
    with visit() as page:
        begin(page, "Sure ones")
        upload(page, servers)
        page.click("button:has-text('Continue to Field Mapping')")
        page.wait_for_selector(".mapping-row")
        page.keyboard.press("Shift+a")
        sheet = page.locator("#sure")
        expect(sheet).to_be_visible()
        listed = sheet.locator("li").count()
        no_objections(page)
        expect(sheet.get_by_role("button", name=f"Accept these {listed}")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".mapping-row.accepted")).to_have_count(listed)
        expect(page.locator(".mapping-row.open").first).to_be_focused()
        page.keyboard.press("u")
        expect(page.locator(".mapping-row.accepted")).to_have_count(0)


def test_one_of_two_columns_for_a_field_is_chosen_and_undone_in_one_step(visit: Visit, tmp_path: Path):
    two = tmp_path / "two.csv"
    two.write_text("name,ip_address,mgmt_ip\n" + "".join(f"web{i},10.0.0.{i},10.9.0.{i}\n" for i in range(1, 60)))
    with visit() as page:
        begin(page, "Two addresses")
        upload(page, two)
        page.click("button:has-text('Continue to Field Mapping')")
        first, second = page.locator(".mapping-row").nth(1), page.locator(".mapping-row").nth(2)
        expect(second).to_contain_text("also fits IPAddress, which ip_address")
        for _ in range(3):
            page.keyboard.press("j")
        page.keyboard.press("a")
        expect(second).to_contain_text("accepted")
        expect(first).to_contain_text("rejected")
        page.click("[data-do=undo]")
        expect(page.locator(".mapping-row.accepted, .mapping-row.rejected")).to_have_count(0)
        second.locator("button:has-text('Keep ip_address')").click()
        expect(first).to_contain_text("accepted")
        expect(second).to_contain_text("rejected")
        page.click("a:has-text('Preview')")
        expect(page.locator("table.data")).to_contain_text("10.0.0.1")
        no_objections(page)
        page.click("button:has-text('Save Mappings')")


def test_reviewers_see_each_others_decisions(visit: Visit, offered: str):
    with visit() as one, visit() as other:
        for page in (one, other):
            page.goto(f"/discovery/field-mapping/{offered}")
            page.wait_for_selector(".mapping-row")
        one.locator(".mapping-row", has_text="environment").locator("button:has-text('Ignore')").click()
        expect(other.locator(".mapping-row", has_text="environment")).to_contain_text("ignored")


def test_what_is_typed_stays_when_somebody_else_decides_and_is_refused_once(visit: Visit, offered: str):
    with visit() as one, visit() as other:
        for page in (one, other):
            page.goto(f"/discovery/field-mapping/{offered}")
            page.wait_for_selector(".mapping-row")
        mine, theirs = (page.locator(".mapping-row", has_text="hostname").first for page in (one, other))
        mine.click()
        one.keyboard.press("o")
        typed = one.locator(".more input[name=transformation]")
        typed.fill("trim | upper")
        theirs.locator("[data-do=reject]").first.click()
        expect(mine).to_contain_text("rejected")
        expect(typed).to_have_value("trim | upper")
        use = one.locator(".more button.main").first
        use.click()
        expect(one.locator("[data-live-region]")).to_contain_text("Somebody else decided this meanwhile")
        expect(mine).to_contain_text("rejected")
        expect(typed).to_have_value("trim | upper")
        use.click()
        expect(mine).to_contain_text("accepted")
        expect(mine).to_contain_text("trim | upper")
        one.click("[data-do=undo]")
        other.click("[data-do=undo]")


def test_what_is_typed_is_there_again_after_a_session_that_ended_at_a_key_press(
    browser: Browser, service: Service, offered: str
):
    page = browser.new_page(base_url=service.url)
    page.set_default_timeout(PATIENCE)
    page.goto(service.login_link())
    page.goto(f"/discovery/field-mapping/{offered}")
    page.locator(".mapping-row", has_text="hostname").first.click()
    page.keyboard.press("o")
    page.fill(".more input[name=transformation]", "trim | upper")
    page.fill(".more input[name=reason]", "names are capitals there")
    page.fill("#profile-name", "North")
    page.locator("#profile-name").blur()
    page.locator(".mapping-row", has_text="ip_address").first.click()
    page.context.clear_cookies()
    page.keyboard.press("x")
    expect(page.locator("#token")).to_be_visible()
    page.goto(service.login_link())
    page.goto(f"/discovery/field-mapping/{offered}")
    expect(page.locator(".more input[name=transformation]")).to_have_value("trim | upper")
    expect(page.locator(".more input[name=reason]")).to_have_value("names are capitals there")
    expect(page.locator(".more .after").first).to_have_text(re.compile("WEB"))
    expect(page.locator("#profile-name")).to_have_value("North")
    page.reload()
    page.wait_for_selector(".mapping-row")
    expect(page.locator(".more")).to_have_count(0)
    page.context.close()


LINES_OF_STEPS = "new Set([...document.querySelectorAll('.steps .dot')].map((dot) => dot.offsetTop)).size"


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 390), ("dark", 1280)])
def test_every_page_is_legible_whatever_stands_on_it(visit: Visit, offered: str, odd: str, scheme: str, width: int):
    with visit(viewport={"width": width, "height": 844}, color_scheme=scheme) as page:
        for path in ("/discovery?new=1", f"/discovery/field-mapping/{offered}", f"/discovery/validation/{offered}",
                     "/discovery/profiles", f"/discovery/profiles/Odd%20one?flow={odd}", "/discovery/engagements",
                     "/discovery/targets", "/discovery/targets/aws", f"/discovery?like={odd}",
                     f"/discovery/cmdb-import/{odd}", f"/discovery/field-mapping/{odd}", f"/discovery/cleansing/{odd}",
                     f"/discovery/clusters/{odd}", f"/discovery/validation/{odd}", f"/discovery/history/{odd}?to=0",
                     f"/discovery/agents/{odd}"):  # fmt: skip
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert page.evaluate(LINES_OF_STEPS) <= 1, path
            assert not page.evaluate(CUT), path
            no_objections(page)
        page.goto(f"/discovery/validation/{odd}")
        page.locator("#causes a.tiny").first.click()
        expect(page.locator("#one-fix")).to_be_visible()
        no_objections(page)
        page.goto(f"/discovery/report/{odd}")  # runs nothing, and so not axe either
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.goto("/discovery")
        page.click("text=Sign out")
        no_objections(page)


CUT = "[...document.querySelectorAll('thead th')].filter(h => h.scrollWidth > h.offsetWidth).map(h => h.innerText)"
"""Headers of columns that are longer than their columns are wide."""


def no_objections(page: Page) -> None:
    """Nothing serious or critical that axe finds."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    grave = {
        v["id"]: [n["html"][:160] for n in v["nodes"][:3]] for v in found if v["impact"] in ("serious", "critical")
    }
    assert not grave
