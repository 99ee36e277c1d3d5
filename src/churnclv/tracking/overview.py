"""The overview that a run prints: its figures against their rivals, the checks, and where the run is, in 80 columns."""

import os
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..churn.ensemble import ChurnChoice
from ..data.quality import QualityReport
from ..evaluation.check import Check, Outcome
from ..notices import Notice
from ..snapshots.cutoff_plan import Plan
from ..snapshots.splits import SplitPlan
from ..tuning.churn_comparison import SCORE, ChurnComparison
from ..tuning.value_comparison import ValueComparison
from .summary import PAGE, seal_line, skill_lines, write_difference, write_interval

COLUMNS = 80
_LONGEST_FINDING = 150  # characters of a failed check's finding; checks.md has all of it


def render_overview(lines: Iterable[str]) -> str:
    """Return lines as text of at most 80 columns; the rest of a long line is indented by two more blanks."""
    return "\n".join(part for line in lines for text in line.split("\n") for part in _wrapped(text)).strip("\n")


def _wrapped(line: str) -> list[str]:
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    further = f"{indent}  "
    return textwrap.wrap(
        text, COLUMNS, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False, expand_tabs=False
    ) or [""]


def data_overview(quality: QualityReport, plan: Plan | SplitPlan) -> list[str]:
    """Return what was read, and what the models are tested on."""
    return [f"Data: {quality.lines()[0]}", *quality.sample_lines(), plan.lines()[-1]]


def churn_overview(
    choice: ChurnChoice, valid: ChurnComparison, test: ChurnComparison | None, horizon: str
) -> list[str]:
    """Return the churn score's figures, and its differences to the best other model and to the best BTYD score."""
    evaluated, where = (valid, "validation") if test is None else (test, "sealed test")
    figures = evaluated.figures.figures[SCORE]
    reached = ", ".join(f"{title} {write_interval(figures[name])}" for name, title, _ in _CHURN_METRICS)
    lines = ["", f"Churn {horizon}, {where}", f"  {choice.sentence}: {reached}"]
    for rival, what in _rivals(choice, evaluated):
        lines.append(f"  against {rival}, {what}")
        for name, title, more in _CHURN_METRICS:
            difference = evaluated.figures.difference(SCORE, rival, name)
            lines.append(f"    {title:<9} {difference.write('+.4f')}  {difference.verdict(higher_is_better=more)}")
    for place, comparison in {"validation": valid, "sealed test": test}.items():
        warned = skill_lines(comparison, valid.simple_baseline, place) if comparison else []
        lines += [f"  {line.removeprefix('- ')}" for line in warned]
    return lines


_CHURN_METRICS = (("auc", "AUC", True), ("log_loss", "log-loss", False))


def _rivals(choice: ChurnChoice, comparison: ChurnComparison) -> Iterator[tuple[str, str]]:
    """Yield the best other model and the best BTYD score, by AUC on these rows, each with its description."""
    alone = set(choice.weights) if len(choice.weights) == 1 else set()
    for names, what in (
        (comparison.candidates, "the best other model here"),
        (comparison.btyd_scores, "the best BTYD score here"),
    ):
        rival = comparison.best(name for name in names if name not in alone)
        if rival is not None:
            yield rival, what


def value_overview(sentence: str, valid: ValueComparison, test: ValueComparison | None, target: str) -> list[str]:
    """Return the CLV model's error, and its differences to the best other candidate and to the best naive one.

    `target` is `spend` or `purchases`, `sentence` names the chosen model.
    """
    evaluated, where = (valid, "validation") if test is None else (test, "sealed test")
    scores, chosen = getattr(evaluated, target), evaluated.labels.value
    lines = [
        "",
        f"CLV: {target} within the horizon, {where}",
        f"  {sentence}: RMSE {write_interval(scores.figures[chosen]['rmse'])}",
    ]
    rivals = {
        evaluated.best_candidate(target): "the best other candidate here",
        evaluated.baselines[target]: "the best naive one on validation",
    }
    for rival, what in rivals.items():
        if rival is not None:
            difference = scores.difference(chosen, rival, "rmse")
            lines.append(f"  against {rival}, {what}")
            lines.append(f"    RMSE {write_difference(difference)}  {difference.verdict()}")
    return lines


def campaign_overview(lines: Sequence[str]) -> list[str]:
    """Return whom a campaign should contact and what it earns, from the plan's lines."""
    return ["", "Campaign", *lines] if lines else []


def check_overview(checks: Sequence[Check], notices: Iterable[Notice]) -> list[str]:
    """Return how many checks passed, the failed ones with their remedies, and the notices."""
    failed = [check for check in checks if check.outcome is Outcome.failed]
    passed = sum(check.outcome is Outcome.passed for check in checks)
    lines = ["", f"Checks: {passed} passed, {len(failed)} failed of {len(checks)} (checks.md)"]
    for check in failed:
        lines += [f"  {check.code} failed: {check.claim}: {_shortened(check.finding)}", f"    -> {check.remedy}"]
    for notice in dict.fromkeys(notices):
        lines += [f"  {line}" for line in notice.line().split("\n")]
    return lines


def _shortened(finding: str) -> str:
    return textwrap.shorten(finding, _LONGEST_FINDING, placeholder=" ...")


def quality_notices(quality: QualityReport) -> tuple[Notice, ...]:
    """Return the notices on the main file and on the further tables."""
    others = (notice for report in quality.tables.values() for notice in quality_notices(report))
    return (*quality.notices, *others)


def run_overview(
    folder: Path, experiment: str, run_id: str, openings: int, seconds: float, *, has_test: bool = True
) -> list[str]:
    """Return where the run and its page lie, how often its seal was opened, and the next commands."""
    return [
        "",
        f"Run {run_id} of experiment {experiment}, {seconds:.0f} seconds",
        f"  {seal_line(openings, has_test=has_test)}",
        "  all tables are in its summary.md:",
        *_path_lines(folder / PAGE),
        "",
        "Next:  make ui        compare runs",
        "       make export    write the best run as a bundle, to score with",
    ]


def _path_lines(path: Path) -> list[str]:
    """Return a path, shorter from here where it lies below, on as many lines as it needs, cut after a slash."""
    here = Path.cwd()
    parts = (path.relative_to(here) if path.is_relative_to(here) else path).parts
    lines = [""]
    for place, part in enumerate(parts, 1):
        piece = part + os.sep * (place < len(parts) and part != os.sep)
        if lines[-1] and len(lines[-1]) + len(piece) > COLUMNS - 2:
            lines.append("")
        lines[-1] += piece
    return [f"  {line}" for line in lines]
