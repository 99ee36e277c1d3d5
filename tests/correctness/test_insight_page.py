"""The page: hostile text stays text, nothing is fetched, all has words in both languages, colours can be read."""

import base64
import hashlib
import io
import re
from html.parser import HTMLParser
from itertools import product
from string import Formatter

import numpy as np
import pandas as pd
import pytest

from churnclv.data.settings import Columns
from churnclv.errors import InputError
from churnclv.progress import Progress
from churnclv.report.charts import (
    draw_bars,
    draw_curves,
    draw_flows,
    draw_heat,
    draw_movements,
    draw_periods,
    draw_points,
    draw_profit,
    draw_shares,
    frame,
)
from churnclv.report.customer_base import CustomerBase
from churnclv.report.page import (
    MOST_BYTES,
    Page,
    address,
    defuse,
    is_report,
    values_of,
    write_page,
    write_report,
    write_tables,
)
from churnclv.report.period_switch import offered_periods, switch_section
from churnclv.report.periods import Period
from churnclv.report.rfm_scores import NOT_YET
from churnclv.report.section import Column, Figure, Grid, Missing, Picture, Section, Tiles, shown_blocks
from churnclv.report.sections import render_sections
from churnclv.report.settings import ReportSettings
from churnclv.report.texts.translation import TEXTS, Translation

QUIET = Progress(io.StringIO())
SCRIPT, FORMULA = "<script>alert('x')</script>", '=HYPERLINK("http://evil.example","click")'


class Reader(HTMLParser):
    """Collects tags, and ids that are repeated."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.depth = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in ("meta", "link", "img", "br", "input"):
            self.depth.append(tag)

    def handle_endtag(self, tag):
        assert self.depth.pop() == tag


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.depth == []
    return reader


def story(base, language="en", champion=None):
    texts = Translation.of(language)
    sections = render_sections(base, texts, champion, 0.3, QUIET)
    return sections, write_page(Page("Report", "about"), sections, texts)


def hostile():
    """Return a log whose ids, products, actions and kinds of text are attacks."""
    rows = []
    for n in range(40):
        who = f"{SCRIPT}{n}" if n % 2 else f"{FORMULA}{n}"
        for visit in range(1 + n % 4):
            day = f"2024-0{1 + visit}-1{n % 10}"
            rows += [(who, f"{day} 09:00", "", "action", SCRIPT), (who, f"{day} 10:00", "", "action", "$x^2$"),
                     (who, f"{day} 12:00", str(10 + n), "order", FORMULA if n % 3 else SCRIPT)]  # fmt: skip
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount", "kind", "item"])


@pytest.fixture(scope="module")
def attacked(look):
    return story(look(hostile(), {"columns": Columns(kind="kind", item="item")}))


def test_hostile_text_is_only_text(attacked):
    sections, html = attacked
    assert "&lt;script&gt;" in html  # it is shown, as an action of the funnel
    assert read(html).tags.count("script") == 1  # the page's own
    (own,) = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    assert "alert" not in own
    assert {section.name for section in sections} >= {"kpis", "segments", "funnel", "superstars"}


def test_no_customer_id_is_on_the_page(attacked):
    _, html = attacked
    assert not re.search(r"alert\(&#39;x&#39;\)&lt;/script&gt;\d", html)


def test_pictures_take_foreign_text_as_text():
    picture = frame(draw_bars([SCRIPT, "$\\frac{1}{2}$"], *np.ones((3, 2)), "x"), "alt", "caption")
    assert "<script>" not in picture.svg
    assert "\\frac{1}{2}" in picture.svg


def test_the_parts_of_a_picture_lie_where_they_are_drawn_and_have_its_values():
    counts = np.array([3.0, 1200.0, np.nan, 7.0])
    lines = draw_periods(["May", "June", "July", "August"], {"customers": counts, "new": counts / 2}, "n")
    picture = frame(lines, "", "")
    assert [mark.name for mark in picture.marks] == ["May", "June", "August"]  # July is not known
    width = float(re.search(r'viewBox="0 0 ([\d.]+)', picture.svg)[1])
    drawn = sorted({float(x) / width * 100 for x in re.findall(r'<use xlink:href="#m\w+" x="([\d.]+)" y', picture.svg)})
    june = picture.marks[1]  # the first and the last are cut at the axis
    assert min(abs(x - june.left - june.width / 2) for x in drawn) < 0.1
    assert [values_of(mark, Translation.of("en")) for mark in picture.marks][1] == "June\ncustomers: 1,200\nnew: 600"
    assert values_of(picture.marks[1], Translation.of("it")).startswith("June\ncustomers: 1.200")
    for mark in picture.marks:
        assert 0 <= mark.left < mark.left + mark.width <= 100
        assert 0 <= mark.top < mark.top + mark.height <= 100


@pytest.mark.parametrize(
    ("language", "shown"), [("en", ["12,000", "0.5%", "tea 1,000"]), ("it", ["12.000", "0,5%", "tea 1,000"])]
)
def test_numbers_in_a_picture_are_of_the_pages_language_and_names_stay(language, shown):
    drawn = "".join(f"<text>{text}</text>" for text in ("12,000", "0.5%", "tea 1,000"))
    link = address(Picture(f"<svg>{drawn}</svg>", "", ""), Translation.of(language))
    svg = base64.b64decode(link.removeprefix("data:image/svg+xml;base64,")).decode()
    assert re.findall(r"<text>(.*?)</text>", svg) == shown


def test_flows_are_counted_in_the_pages_language():
    figure = draw_flows(
        np.array([[3000.0]]), ["x"], ["y"], ("then", "now"), lambda n: Translation.of("it").write(n, "int")
    )
    assert {text.get_text() for text in figure.axes[0].texts} == {"x 3.000", "y 3.000"}


CURVE = {"all": (np.array([np.nan, 0.5]), np.array([np.nan, 0.4]), np.array([np.nan, 0.6]))}
PAIR = np.array([0.25, 0.75])


@pytest.mark.parametrize(
    ("drawn", "texts"),
    [
        (lambda: draw_bars(["a", "b"], PAIR, PAIR - 0.05, PAIR, "x"),
         ["a\n25.0% [20.0%, 25.0%]", "b\n75.0% [70.0%, 75.0%]"]),
        (lambda: draw_curves(CURVE, "months", "share"), ["months: 1\nall: 50.0% [40.0%, 60.0%]"]),
        (lambda: draw_heat(np.array([[0.1, np.nan]]), ["May"], ["1", "2"], ("age", "")), ["May · age: 1\n10.0%"]),
        (lambda: draw_shares(["May", "June"], {"a": PAIR, "b": 1 - PAIR}, "share"),
         ["May\na: 25.0%\nb: 75.0%", "June\na: 75.0%\nb: 25.0%"]),
        (lambda: draw_movements(["May"], {"new": np.array([5.0])}, {"gone": np.array([2.0])}, "money"),
         ["May\nnew: 5.00\ngone: -2.00"]),
        (lambda: draw_flows(np.array([[3.0, 0.0]]), ["x"], ["y", "z"], ("then", "now")), ["x → y\n3", "x → y\n3"]),
        (lambda: draw_points(PAIR, 100 * PAIR, PAIR, ["a", "b"], ("recent", "spend")),
         ["a\nrecent: 25.0%\nspend: 25.00", "b\nrecent: 75.0%\nspend: 75.00"]),
        (lambda: draw_profit(np.array([0.0, 0.5, 1.0]), np.array([0.0, 9.0, 4.0]), ("share", "profit"), ""),
         ["share: 0.0%\nprofit: 0.00", "share: 50.0%\nprofit: 9.00", "share: 100.0%\nprofit: 4.00"]),
    ],
    ids=["bars", "curves", "heat", "shares", "movements", "flows", "points", "profit"],
)  # fmt: skip
def test_every_chart_gives_its_values(drawn, texts):
    marks = frame(drawn(), "", "").marks
    assert [values_of(mark, Translation.of("en")) for mark in marks] == texts
    assert all(mark.width > 0 and mark.height > 0 for mark in marks)


def test_names_of_parts_are_only_text():
    picture = frame(draw_bars([SCRIPT], *np.ones((3, 1)), "x"), "alt", "caption")
    html = write_page(Page("t", ""), [Section("kpis", (picture,))], Translation.of("en"))
    assert 'aria-label="&lt;script&gt;' in html
    assert read(html).tags.count("script") == 1


def test_a_spreadsheet_takes_no_cell_for_a_formula(attacked, tmp_path):
    sections, _ = attacked
    paths = write_tables(tmp_path, sections)
    assert paths
    for path in paths:
        cells = pd.read_csv(path, dtype=str, keep_default_na=False)
        texts = [*cells.columns, *cells.select_dtypes(exclude="number").to_numpy().ravel()]
        risky = [text for text in texts if re.match(r"\s*[=+@]|\s*-[^\d.]", text)]
        assert risky == []
    parquet = pd.read_parquet(tmp_path / "funnel.parquet")
    assert SCRIPT in set(parquet["step"])  # data stay as they are where nothing runs them


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "  =1", "\n=1"])
def test_texts_that_begin_like_formulas_are_defused(text):
    assert defuse(pd.DataFrame({"a": [text], "b": [-1.5]})).iloc[0].tolist() == ["'" + text, -1.5]


def test_the_page_needs_nothing_else(attacked):
    _, html = attacked
    reader = read(html)
    addresses = [value for _, name, value in reader.attributes if name in ("src", "href", "data", "action")]
    assert addresses
    assert all(value.startswith(("#", "data:")) for value in addresses)
    assert "url(" not in html
    assert "@import" not in html
    policy = next(value for _, name, value in reader.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'")
    (own,) = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    assert policy.endswith(f"script-src 'sha256-{digest}'")  # no other script runs
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]


def test_a_page_of_the_version_before_is_a_report_that_may_be_replaced(tmp_path, attacked):
    former = attacked[1].replace("; script-src", '"><meta name="x" content="')
    for name, html in (("now", attacked[1]), ("former", former)):
        (tmp_path / name).write_text(html, encoding="utf-8")
        assert is_report(tmp_path / name)
    (tmp_path / "other").write_text("<!doctype html><title>thesis</title>", encoding="utf-8")
    assert not is_report(tmp_path / "other")


def test_the_top_shows_figures_of_sections_that_have_a_value_and_says_when():
    known, unknown = (Figure(name, value, "money", "May 2024", "people", 3, why="?") for name, value in
                      (("revenue", 12.0), ("clv", None)))  # fmt: skip
    section = Section("kpis", (Tiles((unknown, known)),), highlights=("clv", "revenue"))
    assert section.highlighted == [known]
    top = write_page(Page("t", ""), [section], Translation.of("en")).partition('class="summary"')[2]
    top = top.partition("</section>")[0]
    assert re.findall(r"<dt>(.*?)</dt>", top) == ["Revenue"]
    assert "May 2024" in top


def test_a_switch_offers_its_options_and_the_top_has_the_figures_of_each():
    def section(revenue):
        return Section("kpis", (Tiles((Figure("revenue", revenue, "money", "May", "people", 3),)),), f"{revenue:.0f}",
                       {"kpis": pd.DataFrame({"revenue": [revenue]})}, highlights=("revenue",))  # fmt: skip

    amounts = {Period.month: 1.0, Period.quarter: 3.0, Period.year: 12.0}
    base = CustomerBase(None, None, None, None, None, True, None, ReportSettings(period=Period.quarter))
    made = switch_section(base, Translation.of("en"), lambda each: section(amounts[each.settings.period]))
    assert made.headline == "3"
    assert [figure.value for figure in made.highlighted] == [3.0]
    assert {period: made.highlighted_of(period)[0].value for period in ("month", "year")} == {
        "month": 1.0,
        "year": 12.0,
    }
    assert made.headline_of("year") == "12"
    assert {name: table["revenue"][0] for name, table in made.tables.items()} == {
        "kpis": 3.0, "kpis_month": 1.0, "kpis_year": 12.0,
    }  # fmt: skip
    html = write_page(Page("t", ""), [made, Section("ladder", (), "always")], Translation.of("en"))
    top, _, below = html.partition('class="summary"')[2].partition("</section>")
    for part in (top, below):
        assert re.findall(r'value="(\w+)"( checked)?', part) == [("month", ""), ("quarter", " checked"), ("year", "")]
    assert re.findall(r'class="value">(.*?)<', top) == re.findall(r'class="value">(.*?)<', below) == [
        "1.00", "3.00", "12.00",
    ]  # fmt: skip
    assert top.count("always") == 3
    numbers = re.findall(r'<input type="radio"[^>]* id="(.*?)"', html)
    assert len(numbers) == len(set(numbers)) == 6


def test_a_page_in_weeks_offers_weeks_too():
    assert [each.name for each in offered_periods(Period.week)] == ["week", "month", "quarter", "year"]
    assert [each.name for each in offered_periods(Period.year)] == ["month", "quarter", "year"]


def test_cells_are_sorted_by_their_numbers_and_unknown_ones_are_last():
    rows = pd.DataFrame({"segment": ["a", "b"], "customers": [1234.5, np.nan], "play": ["x", None]})
    grid = Grid("caption", rows, (Column("segment"), Column("customers", "int"), Column("play", "text")))
    html = write_page(Page("t", ""), [Section("kpis", (grid,))], Translation.of("en"))
    table = html.partition("<tbody>")[2].partition("</tbody>")[0]
    assert re.findall(r'data-value="(.*?)"', table) == ["1", "1234.5", "2", ""]


def test_every_picture_has_words_and_every_anchor_a_target(attacked):
    _, html = attacked
    reader = read(html)
    alts = [value for tag, name, value in reader.attributes if tag == "img" and name == "alt"]
    assert len(alts) == reader.tags.count("img") > 3
    assert all(len(alt) > 20 for alt in alts)
    ids = [value for _, name, value in reader.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for _, name, value in reader.attributes if name == "href" and value.startswith("#")}
    assert targets <= set(ids)


def test_every_figure_says_what_of_when_and_of_whom(attacked):
    sections, _ = attacked
    options = ("month", "quarter", "year", "all", "Champions", NOT_YET)
    figures = [figure for section in sections for option in options for block in shown_blocks(section.blocks, option)
               if isinstance(block, Tiles) for figure in block.figures]  # fmt: skip
    assert figures
    for figure in figures:
        assert f"figure.{figure.name}.is" in TEXTS
        assert figure.period
        assert figure.population
        assert (figure.n is not None) if figure.value is not None else figure.why


def test_a_page_that_is_too_large_is_refused(tmp_path):
    with pytest.raises(InputError, match="more than 2,000,000"):
        write_report(tmp_path / "report.html", "x" * (MOST_BYTES + 1))


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_both_languages_say_the_same(key):
    english, italian = TEXTS[key]
    assert english
    assert italian

    def fields(text):
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    assert fields(english) == fields(italian)


# the least that a log can be
EDGES = {
    "one customer": [("ann", "2024-01-05", "10")],
    "one period": [(f"c{n}", f"2024-01-{n % 28 + 1:02}", str(n + 1)) for n in range(60)],
    "no repeat buyers": [(f"c{n}", f"2023-{n % 12 + 1:02}-05", str(n + 1)) for n in range(60)],
    "all spend the same": [(f"c{n % 40}", f"2023-{n % 12 + 1:02}-05", "10") for n in range(200)],
    "nothing paid": [(f"c{n % 40}", f"2023-{n % 12 + 1:02}-05", "0") for n in range(120)],
    "mostly refunds": [("ann", "2024-01-05", "10"), ("ann", "2024-01-15", "-10"), ("bob", "2024-02-05", "-1")],
}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "language"), list(product(EDGES, ("en", "it"))))
def test_small_and_strange_logs_say_what_is_missing_and_draw_nothing_empty(look, name, language):
    base = look(pd.DataFrame(EDGES[name], columns=["customer_id", "timestamp", "amount"]))
    sections, html = story(base, language)
    read(html)
    assert "nan" not in re.sub(r"base64,[^\"]*|<style>.*?</style>", "", html, flags=re.DOTALL).lower().split()
    for section in sections:
        assert section.blocks
        shown = shown_blocks(section.blocks)
        if not any(isinstance(block, Picture | Grid | Tiles) for block in shown):
            assert any(isinstance(block, Missing) for block in shown), section.name


def test_a_table_shows_its_first_rows_and_counts_the_rest():
    grid = Grid("caption", pd.DataFrame({"segment": [f"s{n}" for n in range(20)]}), (Column("segment"),), 15)
    html = write_page(Page("t", ""), [Section("kpis", (grid,), None)], Translation.of("en"))
    assert "5 further rows" in html
    assert "s14" in html
    assert "s15" not in html


def test_a_figure_without_a_value_says_why():
    tiles = Tiles((Figure("cac", None, "money", "May", "people", why="needs a table"),))
    html = write_page(Page("t", ""), [Section("kpis", (tiles,))], Translation.of("en"))
    assert "needs a table" in html


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(ink, paper):
    high, low = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def themes(html):
    """Return the colours of the light and of the dark page, by name."""
    pairs = re.findall(r"--(\w+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", html)
    plain = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", html))
    light, dark = ({name: pair[side] for name, *pair in pairs} for side in (0, 1))
    assert light == plain  # where a browser knows no dark page
    return {"light": light, "dark": dark}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [("ink", "paper"), ("ink", "wash"), ("soft", "paper"), ("soft", "wash"), ("blue", "paper"), ("blue", "wash"),
     ("rust", "paper"), ("warn", "warm")],
)  # fmt: skip
def test_letters_stand_out_as_much_as_wcag_aa_asks(attacked, theme, ink, paper):
    colours = themes(attacked[1])[theme]
    assert contrast(colours[ink], colours[paper]) >= 4.5
