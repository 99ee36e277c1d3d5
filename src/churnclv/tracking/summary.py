"""The summary at the end of a run: what was read, what was found, against what, and what to do next."""

from collections.abc import Mapping
from pathlib import Path

from ..clv.model import ClvChoice
from ..clv.settings import LEARNED
from ..data.quality import QualityReport
from ..evaluation.intervals import Interval, Scores
from ..snapshots.plan import Plan
from ..tuning.scoreboard import Scoreboard, summarise_coverage

_RULE = "-" * 100
_CELL, _WIDE_CELL = 15, 32


def section(title: str) -> list[str]:
    """Return a heading."""
    return ["", title, _RULE[: max(len(title), 24)]]


def data_lines(quality: QualityReport, plan: Plan) -> list[str]:
    """Return what was read and how time was cut."""
    return [*section("Data"), *quality.lines(), *section("Windows"), *plan.lines()]


def score_lines(title: str, model: str, metrics: Mapping[str, str], valid: Scores, test: Scores | None) -> list[str]:
    """Return a table with one row per model: validation, then sealed test, whose first figure has its interval."""
    labels = list(metrics.values())
    head = f"  {'':<30}" + "".join(f"{label:>{_CELL}}" for label in _with_prefix("valid", labels))
    if test is not None:
        first, *others = _with_prefix("test", labels)
        head += f"{first + ' [95% interval]':>{_WIDE_CELL}}" + "".join(f"{label:>{_CELL}}" for label in others)
    return [*section(title), head, *[_row(name, model, list(metrics), valid, test) for name in valid.figures]]


def _with_prefix(prefix: str, labels: list[str]) -> list[str]:
    return [f"{prefix} {label}" for label in labels]


def _row(name: str, model: str, metrics: list[str], valid: Scores, test: Scores | None) -> str:
    row = f"{'>' if name == model else ' '} {name:<30}"
    row += "".join(f"{_figure(valid.figures[name][metric].value):>{_CELL}}" for metric in metrics)
    if test is not None:
        first, *others = (test.figures[name][metric] for metric in metrics)
        row += f"{_interval(first):>{_WIDE_CELL}}" + "".join(f"{_figure(found.value):>{_CELL}}" for found in others)
    return row


def difference_line(what: str, found: Interval) -> str:
    """Return one paired difference with its interval."""
    return f"  {what}: {found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"


def calibration_line_of(method: str, losses: Mapping[str, float]) -> str:
    """Return which calibration was chosen, and the log-loss of each candidate."""
    tried = ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
    return f"  calibration: {method} (log-loss, each fold judged by the others: {tried})"


def value_lines(board: Scoreboard, target: str, where: str) -> list[str]:
    """Return how the chosen CLV model stands to the best baseline, and how often its intervals held."""
    baseline = board.baselines[target]
    found = getattr(board, target).differences[board.labels.value]["rmse"]
    lines = [difference_line(f"RMSE of {board.labels.value} minus {baseline}, paired, {where}", found)]
    if not found.high < 0:
        lines.append(f"  WARNING: {baseline} is not clearly beaten on the RMSE of {target}; look at bias and Gini too")
    coverage = summarise_coverage(board.held[target])
    range_ = f"[{coverage['coverage_low']:.3f}, {coverage['coverage_high']:.3f}]"
    lines.append(
        f"  90% intervals held {coverage['coverage']:.3f} {range_} of the customers, {where}; "
        f"by randomised ranks {coverage['coverage_randomised']:.3f}"
    )
    return lines


def choice_lines(choice: ClvChoice, ablation: Mapping[str, float], season_errors: Mapping[str, float]) -> list[str]:
    """Return how the CLV model was chosen: every candidate's error on the folds, and what the season explains."""
    ranked = sorted(ablation.items(), key=lambda pair: pair[1])
    tried = ", ".join(f"{name} {_figure(error)}" for name, error in ranked)
    beneath = f" on {choice.base}" if choice.name in LEARNED else ""
    off = f"totals off by {season_errors['with']:.1%} with it, {season_errors['without']:.1%} without"
    return [
        *section("How the CLV model was chosen"),
        f"  {choice.name}{beneath}; mean fold RMSE of the candidates before the search: {tried}",
        f"  season: {'followed' if choice.season else 'not followed'} ({off})",
    ]


def run_lines(home: Path, experiment: str, run_id: str, openings: int, seconds: float) -> list[str]:
    """Return where the run is kept, how often its seal was opened, and what to do next."""
    seal = f"opened by {openings} different run(s) so far" if openings else "left closed (windows.open_seal=false)"
    return [
        *section("Run"),
        f"  seal on these data and cutoff: {seal}",
        f"  {home}, experiment {experiment}, run {run_id}",
        f"  {seconds:.0f} seconds",
        "",
        "Next:  make ui        compare runs",
        "       make export    write the best run as a bundle, for make score and make serve",
    ]


def _figure(value: float) -> str:
    if value != value:  # noqa: PLR0124 # NaN
        return "n/a"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.2f}"  # noqa: PLR2004 # decimals that matter


def _interval(found: Interval) -> str:
    return f"{_figure(found.value)} [{_figure(found.low)}, {_figure(found.high)}]"
