"""The report in a browser: an overview on one screen, nothing cut off, a choice of period and segment, no request."""

import io

import pandas as pd
import pytest

from churnclv.progress import Progress
from churnclv.report.page import Page, write_page
from churnclv.report.sections import render_sections
from churnclv.report.texts.translation import UNKNOWN, Translation
from churnclv.testing.market import Market, simulate

SIZES = {"desk": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """The orders of a simulated shop."""
    return simulate(Market(customers=200, days=760), 3).log


@pytest.fixture(scope="module")
def address(look, log, tmp_path_factory) -> str:
    """The address of a report on the shop."""
    base = look(log)
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
    summary = page.locator(".summary .tiles").first.bounding_box()
    assert summary["y"] + summary["height"] < height
    shown = 0
    for period in ("month", "quarter", "year"):
        choose(page, "period", period)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        boxes = [box for picture in page.locator("main img").all() if (box := picture.bounding_box())]
        shown += len(boxes)
        for box in (*boxes, *(label.bounding_box() for label in page.locator(".options label:visible").all())):
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
    assert shown >= page.locator("main img").count()  # each is seen in one period or in all


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


@pytest.mark.parametrize("size", SIZES)
def test_a_heading_that_the_contents_lead_to_is_not_below_them(open_page, size):
    page, (width, height) = open_page(size), SIZES[size]
    for place in ("#kpis", "#segments", "#superstars"):
        page.evaluate(f"location.hash = '{place}'")
        page.wait_for_timeout(100)
        contents, heading = (page.locator(name).bounding_box() for name in ("nav", place))
        covered = contents["y"] + contents["height"] if contents["width"] > width / 2 else 0.0  # else they stand beside
        padding = page.evaluate(f"parseFloat(getComputedStyle(document.querySelector('{place}')).paddingTop)")
        assert covered <= heading["y"] + padding < height / 3


def choose(page, name: str, option: str, section: str = "segments") -> None:
    """Choose an option of a section's first visible switch of a name, by the keyboard alone."""
    radios = page.locator(f"section[aria-labelledby={section}] [data-switch={name}] > .options > input")
    group = next(each for each in radios.all() if each.evaluate("each => each.checkVisibility()"))
    number, wanted = group.get_attribute("name"), "each => each.value"
    options = [each.evaluate(wanted) for each in page.locator(f"input[name={number}]").all()]
    page.locator(f"input[name={number}]:checked").focus()
    now = page.evaluate("document.activeElement.value")
    step = options.index(option) - options.index(now)
    for _ in range(abs(step)):
        page.keyboard.press("ArrowRight" if step > 0 else "ArrowLeft")
    assert page.evaluate("document.activeElement.value") == option


def figures(page, section: str) -> dict[str, str]:
    """Return the values of the visible figures of a section by name, their intervals aside."""
    return page.evaluate(
        """section => Object.fromEntries([...document.querySelectorAll(`section[aria-labelledby=${section}] .tile`)]
            .filter(tile => tile.checkVisibility())
            .map(tile => [tile.querySelector("dt"), tile.querySelector(".value").firstChild])
            .map(pair => pair.map(node => node.textContent.trim())))""",
        section,
    )


def key_figures(log: pd.DataFrame, period: str) -> dict[str, str]:
    """Return the key figures of the last whole period, by pandas."""
    numbers = log["timestamp"].dt.to_period(period)
    last = (log["timestamp"].max().normalize() + pd.Timedelta(days=1)).to_period(period) - 1
    now, before = (set(log["customer_id"][numbers == number]) for number in (last, last - 1))
    money, lost = float(log["amount"][numbers == last].sum()), len(before - now) / len(before)
    return {"Revenue": f"{money:,.0f}" if money >= 1000 else f"{money:,.2f}", "Churn rate": f"{lost:.1%}",
            "Customers": f"{len(now):,}"}  # fmt: skip


PERIODS = {"month": "M", "quarter": "Q", "year": "Y"}


@pytest.mark.parametrize("scripts", [True, False])
def test_a_period_is_chosen_by_the_keyboard_and_its_figures_are_right(open_page, log, scripts):
    page = open_page(java_script_enabled=scripts)
    expected = {period: key_figures(log, code) for period, code in PERIODS.items()}
    assert len({tuple(figures.items()) for figures in expected.values()}) == len(PERIODS)
    for period in ("year", "month", "quarter"):
        choose(page, "period", period, "summary")
        if not scripts:  # with one, the choice holds for the whole page
            choose(page, "period", period, "kpis")
        shown = figures(page, "kpis")
        assert {name: shown[name] for name in expected[period]} == expected[period]
        assert figures(page, "summary") == {name: expected[period][name] for name in ("Revenue", "Churn rate")}


def test_the_report_opens_with_the_period_it_was_built_for(open_page, log):
    for page in (open_page(), open_page(java_script_enabled=False)):
        shown = figures(page, "kpis")
        expected = key_figures(log, "M")
        assert {name: shown[name] for name in expected} == expected


def number(text: str) -> float:
    """Return a figure of the page as a number."""
    return 0.0 if text == UNKNOWN else float(text.replace(",", "").rstrip("%"))


def test_a_segment_is_chosen_and_all_segments_add_up_to_everybody(open_page, log):
    page = open_page("phone")
    choose(page, "period", "quarter")
    names = page.locator("[data-switch=segment] > .options > input").evaluate_all("all => all.map(each => each.value)")
    everybody, added = figures(page, "segments"), {}
    expected = key_figures(log, "Q")
    assert everybody["Their revenue"] == expected["Revenue"]
    assert everybody["Their churn rate"] == expected["Churn rate"]
    assert everybody["Of them, ordered"] == expected["Customers"]
    for name in names[1:]:
        choose(page, "segment", name)
        shown = figures(page, "segments")
        assert len(shown) in {4, 5}
        for figure, text in shown.items():
            added[figure] = added.get(figure, 0.0) + number(text)
    for figure in ("In the segment at the start", "Of them, ordered", "In the segment now"):
        assert added[figure] == number(everybody[figure]) > 0
    assert added["Their revenue"] == pytest.approx(number(everybody["Their revenue"]), abs=len(names))  # as rounded


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


def shown_values(page) -> str:
    """Return the text that the first picture shows, if any part of it shows one."""
    return page.evaluate(
        """() => [...document.querySelector(".marks").children]
            .map(mark => getComputedStyle(mark, "::after").content).find(text => text !== "none") ?? \"\""""
    )


@pytest.mark.parametrize("scripts", [True, False])
def test_a_picture_shows_its_values_to_who_points_at_it(open_page, log, scripts):
    page = open_page(java_script_enabled=scripts)
    marks = page.locator(".marks").first.locator("span")
    month = log["timestamp"].dt.to_period("M")
    customers = log["customer_id"][month == "2010-06"].nunique()
    assert shown_values(page) == ""
    page.locator(".marks span[aria-label^='June 2010']").first.hover()
    assert f"June 2010\\acustomers who ordered: {customers}" in shown_values(page).replace("\\a ", "\\a")
    page.mouse.move(0, 0)
    assert shown_values(page) == ""
    if scripts:
        marks.first.focus()
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("February 2010")
        assert shown_values(page) != ""
        assert page.locator(".marks").first.locator("span[tabindex='0']").count() == 1


@pytest.mark.parametrize("size", SIZES)
def test_the_values_of_a_picture_are_not_cut_off(open_page, size):
    page = open_page(size)
    for place in range(page.locator(".marks").count()):
        marks = page.locator(".marks").nth(place)
        if not marks.is_visible():
            continue
        frame, each = marks.bounding_box(), marks.locator("span")
        for mark in (each.first, each.last):
            mark.scroll_into_view_if_needed()
            mark.evaluate("mark => { mark.tabIndex = 0; mark.focus(); }")
            box, size_of = mark.bounding_box(), "mark => {const it = getComputedStyle(mark, '::after'); return"
            width = mark.evaluate(f"{size_of} parseFloat(it.width)}}")
            frame = marks.bounding_box()
            left = box["x"] + box["width"] - width if "to-left" in (mark.get_attribute("class") or "") else box["x"]
            assert left >= frame["x"] - 1
            assert left + width <= frame["x"] + frame["width"] + 1


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
    assert plain.locator("button, input:not([type=radio])").count() == 0  # choices work without a script
    assert plain.locator("input").count() == full.locator("input[type=radio]").count() > 0
    for what in ("main tbody tr", "main img", ".tile", "nav a"):
        assert plain.locator(what).count() == full.locator(what).count() > 0
