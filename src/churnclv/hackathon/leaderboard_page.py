"""The leaderboard as a page and as a table: the same results give the same bytes."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from ..decision.markdown_cells import plain_cell
from ..evaluation.bootstrap import Interval
from ..outputs import Output, has_header
from .ranking import Ranking, Row
from .result import METRICS, Figure, Result

_TITLES = {
    "churn.auc": "AUC",
    "churn.log_loss": "log-loss",
    "churn.profit": "profit",
    "spend.rmse": "spend RMSE",
    "spend.gini": "spend Gini",
}
_HEAD = """\
# Leaderboard

Made by `make leaderboard` from `*/results/*.json`; edit those who made them, not this page. Ranked by validation; what
the sealed test shows comes after every choice, and each look at it is counted under "seal". Figures in brackets are
95% intervals of a bootstrap over customers; differences to the incumbent are paired, on the same draws, and bold where
their interval leaves out zero. Profit is currency per customer of contacting everybody whose expected gain is above
zero. Checks are those that failed, by their codes. Seconds are of one machine, beside whatever else it did.
"""
_MARK = "".join(_HEAD.splitlines(keepends=True)[:3]).encode()
_KEYS = ("dataset", "place", "entry")


def page_output(path: Path) -> Output:
    """Return the page as an output, which may replace any earlier leaderboard page."""
    return Output("CHURNCLV_EXPERIMENTS", str(path), "a leaderboard", _is_page, streams=False)


def table_output(path: Path) -> Output:
    """Return the table as an output."""
    return Output("CHURNCLV_EXPERIMENTS", str(path), "a leaderboard", has_header(*_KEYS), streams=False)


def _is_page(path: Path) -> bool:
    with path.open("rb") as page:
        return page.read(len(_MARK)) == _MARK


def write_page(rankings: Sequence[Ranking]) -> str:
    """Return the page in Markdown."""
    if not rankings:
        return f"{_HEAD}\nNo entry has a result yet.\n"
    return _HEAD + "".join(f"\n{_section(ranking)}" for ranking in rankings)


def _section(ranking: Ranking) -> str:
    lines = [f"## {ranking.dataset}", ""]
    if ranking.rows:
        lines += [_windows(ranking.rows[0].result), "", *_ranking(ranking), ""]
    if ranking.apart:
        lines += ["| not ranked | why |", "|---|---|"]
        lines += [f"| {_linked(name)} | {plain_cell(reason)} |" for name, reason in ranking.apart.items()]
    return "\n".join(lines).rstrip() + "\n"


def _windows(result: Result) -> str:
    valid = result.plan.get("valid")
    if valid is None:
        return f"Validated on {result.plan['folds']} folds, sealed test of {result.plan['test_rows']:,} rows."
    sealed, days = result.plan["sealed"], result.plan["horizon_days"]
    return f"Validated at {', '.join(valid)}, sealed test of {sealed}, horizon {days} days."


def _ranking(ranking: Ranking) -> list[str]:
    title = _TITLES[ranking.metric]
    others = [name for name in METRICS if name != ranking.metric]
    heads = [
        "",
        "entry",
        f"valid {title}",
        f"minus {ranking.incumbent}",
        f"sealed {title}",
        f"minus {ranking.incumbent}",
    ]
    heads += [f"{_TITLES[name]} valid / sealed" for name in others]
    heads += ["what was chosen", "trials", "seconds", "seal", "checks", "commit"]
    rows = [_cells(row, ranking.metric, others) for row in ranking.rows]
    return ["| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows)]


def _cells(row: Row, metric: str, others: Sequence[str]) -> list[str]:
    result = row.result
    figures = [_interval(result.figures.get(f"{when}.{metric}")) for when in ("valid", "test")]
    pairs = [" / ".join(_number(result.figures.get(f"{when}.{name}")) for when in ("valid", "test")) for name in others]
    cost = [plain_cell(result.choice), str(result.trials), f"{result.seconds:.0f}", str(result.openings)]
    checks = " ".join(result.failed_checks) or "all passed"
    differences = [_difference(part) for part in (row.valid, row.test)]
    return [
        str(row.place),
        _linked(row.entry),
        figures[0],
        differences[0],
        figures[1],
        differences[1],
        *pairs,
        *cost,
        checks,
        result.commit,
    ]


def _linked(name: str) -> str:
    return f"[{name}]({name}/entry.yaml)"


def _number(figure: Figure | None) -> str:
    return "-" if figure is None else _rounded(figure.value)


def _rounded(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"  # noqa: PLR2004 # decimals that matter


def _interval(figure: Figure | None) -> str:
    return "-" if figure is None else f"{_rounded(figure.value)} [{_rounded(figure.low)}, {_rounded(figure.high)}]"


def _difference(interval: Interval | None) -> str:
    if interval is None:
        return "-"
    text = f"{interval.value:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"
    return f"**{text}**" if interval.low > 0 or interval.high < 0 else text


def write_table(rankings: Sequence[Ranking]) -> str:
    """Return the ranking as CSV, one row per data set and entry, with every figure and its interval."""
    text = io.StringIO()
    names = [f"{when}.{metric}" for when in ("valid", "test") for metric in METRICS]
    ends = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_KEYS, *ends, "trials", "seconds", "openings", "checks", "commit", "not_ranked"])
    for ranking in rankings:
        for row in ranking.rows:
            result = row.result
            cells = [cell for name in names for cell in _ends(result.figures.get(name))]
            facts = [result.trials, result.seconds, result.openings, " ".join(result.failed_checks), result.commit, ""]
            writer.writerow([ranking.dataset, row.place, row.entry, *cells, *facts])
        for name, reason in ranking.apart.items():
            writer.writerow([ranking.dataset, "", name, *[""] * (len(ends) + 5), reason])
    return text.getvalue()


def _ends(figure: Figure | None) -> list[float | str]:
    return ["", "", ""] if figure is None else [figure.value, figure.low, figure.high]
