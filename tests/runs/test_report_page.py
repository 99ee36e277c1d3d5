"""The report in a browser: an overview on one screen, nothing cut off, tables that sort, two themes, no request."""

import io

import pytest

from churnclv.progress import Progress
from churnclv.report.page import Page, write_page
from churnclv.report.sections import render_sections
from churnclv.report.texts.translation import Translation
from churnclv.testing.market import Market, simulate

SIZES = {"desk": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}


@pytest.fixture(scope="module")
def address(look, tmp_path_factory) -> str:
    """The address of a report on a simulated shop."""
    base = look(simulate(Market(customers=200, days=720), 3).log)
    texts = Translation.of("en")
    sections = render_sections(base, texts, None, 0.3, Progress(io.StringIO()))
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(write_page(Page("Customer report", "a shop"), sections, texts), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def open_page(browser, address):
    """Return a function that opens the report and fails where it asks for anything or writes to the console."""
    pages = []

    def open_one(size: str = "desk", **options):
        width, height = SIZES[size]
        page = browser.new_page(viewport={"width": width, "height": height}, **options)
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
        page.goto(address)
        pages.append((page, said))
        return page

    yield open_one
    for page, said in pages:
        assert said == []
        page.close()


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off_and_the_overview_begins_on_the_first_screen(open_page, size):
    page = open_page(size)
    width, height = SIZES[size]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    summary = page.locator(".summary .tiles").bounding_box()
    assert summary["y"] + summary["height"] < height
    for picture in page.locator("main img").all():
        box = picture.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_on_a_desk_the_whole_overview_is_on_one_screen_with_the_contents_beside_it(open_page):
    page = open_page()
    summary, contents = (page.locator(name).bounding_box() for name in (".summary", "nav"))
    assert summary["y"] + summary["height"] <= SIZES["desk"][1]
    assert contents["x"] + contents["width"] < summary["x"]
    page.mouse.wheel(0, 4000)
    for _ in range(100):  # the page's policy forbids the functions by which playwright waits
        page.wait_for_timeout(50)
        if page.evaluate("document.querySelector('nav a[aria-current]')?.hash") not in {None, "#summary"}:
            break
    else:
        pytest.fail("the contents do not say which section is on the screen")
    assert page.locator("nav").bounding_box()["y"] >= 0  # it stays


def column(page, place: int) -> list[str]:
    """Return the visible cells of a column of the table of periods."""
    return page.evaluate(
        """place => [...document.querySelector('table').tBodies[0].rows].filter(row => !row.hidden)
            .map(row => row.cells[place].textContent)""",
        place,
    )


def test_a_table_is_sorted_by_the_keyboard_and_back_again(open_page):
    page = open_page()
    before, customers = column(page, 0), [int(text.replace(",", "")) for text in column(page, 1)]
    head = page.locator("table").first.locator("th button")
    head.nth(1).press("Enter")
    assert [int(text.replace(",", "")) for text in column(page, 1)] == sorted(customers, reverse=True)
    assert page.locator("table").first.locator("th").nth(1).get_attribute("aria-sort") == "descending"
    head.nth(1).press("Enter")
    assert [int(text.replace(",", "")) for text in column(page, 1)] == sorted(customers)
    head.nth(0).press("Enter")
    assert column(page, 0) == before


def test_a_table_is_filtered(open_page):
    page = open_page()
    periods = column(page, 0)
    page.locator("input.filter").first.fill("2011")
    assert column(page, 0) == [period for period in periods if "2011" in period]
    page.locator("input.filter").first.fill("")
    assert column(page, 0) == periods


def test_the_page_is_dark_where_the_reader_is_and_on_demand(open_page):
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    light, dark = (open_page(color_scheme=scheme) for scheme in ("light", "dark"))
    bright, dim = (page.evaluate(paper) for page in (light, dark))
    assert bright == "rgb(255, 255, 255)"
    assert dim != bright
    for page, other in ((light, dim), (dark, bright)):
        page.locator("button.theme").click()
        assert page.evaluate(paper) == other


def test_without_scripts_every_row_figure_and_link_is_there(open_page):
    plain, full = open_page(java_script_enabled=False), open_page()
    assert plain.locator("button, input").count() == 0
    for what in ("main tbody tr", "main img", ".tile", "nav a"):
        assert plain.locator(what).count() == full.locator(what).count() > 0
