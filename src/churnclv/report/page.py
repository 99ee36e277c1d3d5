"""The page: sections become one HTML file that needs nothing else, and tables become files beside it."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import require
from ..files import replacing, write_json, write_text
from ..outputs import FolderOutput, Output
from .estimates import is_unknown
from .period_switch import PERIOD
from .section import Column, Figure, Mark, Picture, Section, Switch
from .texts.translation import UNKNOWN, Translation

MOST_BYTES = 2_000_000
_DRAWN_NUMBER = re.compile(r"(?<=>)\N{MINUS SIGN}?(\d{1,3}(,\d{3})+|\d+\.\d+)%?(?=</text>)")  # and nothing beside it
_POLICY = """\
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"""
_HEAD_BYTES = 1024  # within which the policy identifies the page of an earlier report
_TEMPLATES = Path(__file__).parent / "templates"
_UNSAFE_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Page:
    """The title, the introduction and the notes around the sections."""

    title: str
    about: str
    notes: tuple[str, ...] = ()


def write_page(page: Page, sections: Sequence[Section], texts: Translation) -> str:
    """Return the report as HTML. Every text is escaped: names, ids and comments cannot become markup."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    engine = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    script, numbers = (_TEMPLATES / "report.js").read_text(encoding="utf-8"), count(1)
    return engine.get_template("report.html").render(
        page=page, sections=sections, texts=texts, text=texts.text, write=texts.write, has=texts.has, cell=cell,
        address=address, head=_head(script), css=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
        script=script, interval=interval, values_of=values_of, with_ids=with_ids, sort_key=sort_key,
        next_number=lambda: next(numbers), periods=period_switch(sections),
        highlights_of=lambda period: [figure for each in sections for figure in each.highlighted_of(period)],
    )  # fmt: skip


def period_switch(sections: Sequence[Section]) -> Switch | None:
    """Return the first switch of periods on the page, whose options the overview offers too; None where none is."""
    blocks = (block for section in sections for block in section.blocks)
    return next((block for block in blocks if isinstance(block, Switch) and block.name == PERIOD), None)


def _head(script: str) -> str:
    """Return the policy of the page: nothing is loaded, and of scripts only its own runs, known by its digest."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f'{_POLICY}; script-src \'sha256-{digest}\'">\n<link rel="icon" href="data:,">'


def address(picture: Picture, texts: Translation) -> str:
    """Return a picture as a data URI; its numbers, which are drawn in English, are written in the page's language."""

    def write(number: re.Match[str]) -> str:
        marks = str.maketrans({",": texts.language.comma, ".": texts.language.point})
        return number[0].translate(marks)

    svg = _DRAWN_NUMBER.sub(write, picture.svg)
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def values_of(mark: Mark, texts: Translation) -> str:
    """Return the values of a part of a picture as lines of text."""
    lines = []
    for each in mark.values:
        text = texts.write(each.value, each.style)
        spread = each.low is not None and each.high is not None and each.low < each.high
        ends = f" [{texts.write(each.low, each.style)}, {texts.write(each.high, each.style)}]" if spread else ""
        lines.append(f"{each.name}: {text}{ends}" if each.name else f"{text}{ends}")
    return "\n".join([mark.name, *lines] if mark.name else lines)


def interval(figure: Figure, texts: Translation) -> str:
    """Return a figure's interval in brackets; nothing where it has none."""
    if figure.low is None or figure.high is None:
        return ""
    return f"[{texts.write(figure.low, figure.style)}, {texts.write(figure.high, figure.style)}]"


def cell(row: Mapping[str, Any], column: Column, texts: Translation) -> str:
    """Return one cell of a table as text, with its interval."""
    value: Any = row.get(column.name)
    if is_unknown(value):
        return UNKNOWN
    text = str(value) if isinstance(value, str) else texts.write(float(value), column.style)
    low, high = (row.get(name) if name else None for name in (column.low, column.high))
    if is_unknown(low) or is_unknown(high):
        return text
    return f"{text} [{texts.write(low, column.style)}, {texts.write(high, column.style)}]"


def sort_key(row: Mapping[str, Any], column: Column) -> str:
    """Return the attribute by which a cell is sorted: its number, empty where unknown; none for a text."""
    value: Any = row.get(column.name)
    if isinstance(value, str):
        return ""
    if is_unknown(value):
        return ' data-value=""'
    return f' data-value="{float(value)}"'


def with_ids(table: pd.DataFrame) -> bool:
    """Whether a table holds customer ids."""
    return "customer_id" in table.columns


def page_outputs(out: str | Path) -> tuple[Output, FolderOutput]:
    """Return the page and the folder of its tables as outputs; a report's folder may be replaced."""
    page = Output("out", str(out), "a report", is_report, streams=False)
    path = page.target
    folder = path.parent / f"{path.stem}_tables"
    content = f"the tables of {path.name}"
    return page, FolderOutput("out", str(folder), content, lambda _: is_report(path), whole=False)


def is_report(path: Path) -> bool:
    """Whether a file is a page of an earlier report."""
    try:
        with path.open("rb") as page:
            return _POLICY.encode() in page.read(_HEAD_BYTES)
    except OSError:
        return False


def write_report(path: Path, html: str) -> None:
    """Write the page.

    Raises:
        InputError: it would be too large to send by e-mail.
    """
    size = len(html.encode())
    problem = f"{path}: the report would have {size:,} bytes, more than {MOST_BYTES:,}."
    require(size < MOST_BYTES, problem, remedy="a longer report.period (quarter or year) has fewer rows.")
    write_text(path, html)


def write_tables(folder: Path, sections: Sequence[Section]) -> list[Path]:
    """Write the sections' tables into the folder, as CSV and Parquet, and documents; return the CSV files."""
    written = []
    for section in sections:
        for name, table in section.tables.items():
            path = folder / f"{name}.csv"
            with replacing(path) as temporary:
                defuse(table).to_csv(temporary, index=False)
            with replacing(path.with_suffix(".parquet")) as temporary:
                table.to_parquet(temporary, index=False)
            written.append(path)
        for name, document in section.documents.items():
            write_json(folder / f"{name}.json", document)
    return written


def defuse(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which a spreadsheet evaluates no text: an apostrophe precedes a text that it would evaluate.

    OWASP advises this against CSV injection. Blanks before the first character do not matter.
    """
    harmless = table.copy()
    for name in harmless.columns:
        if harmless[name].dtype == object or isinstance(harmless[name].dtype, pd.StringDtype):
            harmless[name] = [_defuse(value) for value in harmless[name]]
    return harmless.rename(columns={name: _defuse(name) for name in harmless.columns})


def _defuse(value: Any) -> Any:
    risky = isinstance(value, str) and (value.startswith(_UNSAFE_STARTS) or value.lstrip().startswith(_UNSAFE_STARTS))
    return f"'{value}" if risky else value
