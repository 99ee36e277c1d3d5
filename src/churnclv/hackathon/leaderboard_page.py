"""The leaderboard as a page and as a table: the same results give the same bytes."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

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
the sealed test says comes after every choice, and each look at it is counted under "seal". Figures in brackets are
95% intervals of a bootstrap over customers; differences to the incumbent are paired, on the same draws, and bold where
their interval leaves out zero. Profit is currency per customer of contacting everybody whose expected gain is above
zero. Checks are those that failed, by their codes. Seconds are of one machine, beside whatever else it did.
"""
_MARK = "".join(_HEAD.splitlines(keepends=True)[:3]).encode()
_KEYS = ("dataset", "place", "entry")


def page_output(path: Path) -> Output:
    """Return the page as an output; a page of other data sets or entries is one of its own kind."""
    return Output("CHURNCLV_EXPERIMENTS", str(path), "a leaderboard", _is_page, streams=False)


def table_output(path: Path) -> Output:
    """Return the table as an output."""
    return Output("CHURNCLV_EXPERIMENTS", str(path), "a leaderboard", has_header(*_KEYS), streams=False)


def _is_page(path: Path) -> bool:
    with path.open("rb") as page:
        return page.read(len(_MARK)) == _MARK


def write_page(boards: Sequence[Ranking]) -> str:
    """Return the page in Markdown."""
    if not boards:
        return f"{_HEAD}\nNo entry has a result yet.\n"
    return _HEAD + "".join(f"\n{_section(board)}" for board in boards)


def _section(board: Ranking) -> str:
    lines = [f"## {board.dataset}", ""]
    if board.rows:
        lines += [_windows(board.rows[0].result), "", *_ranking(board), ""]
    if board.apart:
        lines += ["| not ranked | why |", "|---|---|"]
        lines += [f"| {_linked(name)} | {_plain(reason)} |" for name, reason in board.apart.items()]
    return "\n".join(lines).rstrip() + "\n"


def _windows(result: Result) -> str:
    valid = result.plan.get("valid")
    if valid is None:
        return f"Validated on {result.plan['folds']} folds, sealed test of {result.plan['test_rows']:,} rows."
    sealed, days = result.plan["sealed"], result.plan["horizon_days"]
    return f"Validated at {', '.join(valid)}, sealed test of {sealed}, horizon {days} days."


def _ranking(board: Ranking) -> list[str]:
    title = _TITLES[board.metric]
    others = [name for name in METRICS if name != board.metric]
    heads = ["", "entry", f"valid {title}", f"minus {board.incumbent}", f"sealed {title}", f"minus {board.incumbent}"]
    heads += [f"{_TITLES[name]} valid / sealed" for name in others]
    heads += ["what was chosen", "trials", "seconds", "seal", "checks", "commit"]
    rows = [_cells(row, board.metric, others) for row in board.rows]
    return ["| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows)]


def _cells(row: Row, metric: str, others: Sequence[str]) -> list[str]:
    found = row.result
    figures = [_interval(found.figures.get(f"{when}.{metric}")) for when in ("valid", "test")]
    pairs = [" / ".join(_number(found.figures.get(f"{when}.{name}")) for when in ("valid", "test")) for name in others]
    cost = [_plain(found.choice), str(found.trials), f"{found.seconds:.0f}", str(found.openings)]
    checks = " ".join(found.failed_checks) or "all passed"
    apart = [_difference(part) for part in (row.valid, row.test)]
    return [
        str(row.place),
        _linked(row.entry),
        figures[0],
        apart[0],
        figures[1],
        apart[1],
        *pairs,
        *cost,
        checks,
        found.commit,
    ]


def _linked(name: str) -> str:
    return f"[{name}]({name}/entry.yaml)"


def _plain(text: str) -> str:
    """Return text as a cell of a table takes it: nothing in it is markup."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _number(found: Figure | None) -> str:
    return "-" if found is None else _rounded(found.value)


def _rounded(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"  # noqa: PLR2004 # decimals that matter


def _interval(found: Figure | None) -> str:
    return "-" if found is None else f"{_rounded(found.value)} [{_rounded(found.low)}, {_rounded(found.high)}]"


def _difference(found: Interval | None) -> str:
    if found is None:
        return "-"
    told = f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
    return f"**{told}**" if found.low > 0 or found.high < 0 else told


def write_table(boards: Sequence[Ranking]) -> str:
    """Return the ranking as CSV, one row per data set and entry, with every figure and its interval."""
    text = io.StringIO()
    names = [f"{when}.{metric}" for when in ("valid", "test") for metric in METRICS]
    ends = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_KEYS, *ends, "trials", "seconds", "openings", "checks", "commit", "not_ranked"])
    for board in boards:
        for row in board.rows:
            found = row.result
            cells = [cell for name in names for cell in _ends(found.figures.get(name))]
            facts = [found.trials, found.seconds, found.openings, " ".join(found.failed_checks), found.commit, ""]
            writer.writerow([board.dataset, row.place, row.entry, *cells, *facts])
        for name, reason in board.apart.items():
            writer.writerow([board.dataset, "", name, *[""] * (len(ends) + 5), reason])
    return text.getvalue()


def _ends(found: Figure | None) -> list[float | str]:
    return ["", "", ""] if found is None else [found.value, found.low, found.high]
