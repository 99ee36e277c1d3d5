"""The page `summary.md` of a run: the data, every table of results, the choices, the checks, and where the run is."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..churn.ensemble import ChurnChoice
from ..clv.age_hazard import AgeHazardModel
from ..clv.clv_model import ClvChoice
from ..clv.purchase_models import label_of
from ..clv.settings import COMBINED, LEARNED
from ..data.quality import QualityReport
from ..evaluation.bootstrap import UNDEFINED, Interval, Scores, write_figure
from ..evaluation.check import Check, Outcome
from ..snapshots.cutoff_plan import Plan
from ..snapshots.splits import SplitPlan
from ..tuning.churn_comparison import SCORE, ChurnComparison
from ..tuning.covariate_choice import CovariateTest
from ..tuning.value_comparison import ValueComparison, summarise_coverage

PAGE = "summary.md"  # among a run's artefacts
_SIGNED = "+.4f"
_SEASON_FORMS = {"with": "with it", "without": "without", "likelihood": "with it in the likelihood",
                 "calendar": "with data.covariates too"}  # fmt: skip


def section(title: str) -> list[str]:
    """Return a heading."""
    return ["", f"## {title}", ""]


def items(lines: Iterable[str]) -> list[str]:
    """Return lines as items of a list; the further lines of one text stay in its item."""
    return [f"- {line.strip()}" for line in lines]


def render_page(title: str, lines: Iterable[str]) -> str:
    """Return the lines as one page with a title: one empty line lies before a heading, a table and a list."""
    page: list[str] = [f"# {title}"]
    for line in lines:
        former = page[-1] if page else ""
        if former and line and _kind(former) != _kind(line) and not line.startswith("  "):
            page.append("")
        if line or former:
            page.append(line)
    return "\n".join(page).strip("\n") + "\n"


def _kind(line: str) -> str:
    return next((mark for mark in ("|", "- ", "#", "  ") if line.startswith(mark)), "")


def data_lines(quality: QualityReport, plan: Plan | SplitPlan) -> list[str]:
    """Return the data that were read and the windows of time."""
    return [
        *section("Data"),
        *items([*quality.lines(), *quality.sample_lines()]),
        *section("Windows"),
        *items(plan.lines()),
    ]


def score_lines(title: str, model: str, metrics: Mapping[str, str], valid: Scores, test: Scores | None) -> list[str]:
    """Return a table with one row per model: validation, then sealed test, whose first figure has its interval."""
    head = ["", *(f"valid {label}" for label in metrics.values())]
    if test is not None:
        first, *others = (f"test {label}" for label in metrics.values())
        head += [f"{first} [95% interval]", *others]
    rows = [_row(name, model, list(metrics), valid, test) for name in valid.figures]
    return [*section(title), *_table([head, *rows])]


def _row(name: str, model: str, metrics: list[str], valid: Scores, test: Scores | None) -> list[str]:
    row = [f"{'>' if name == model else ' '} {name}"]
    row += [write_amount(valid.figures[name][metric].value) for metric in metrics]
    if test is not None:
        first, *others = (test.figures[name][metric] for metric in metrics)
        row += [write_interval(first), *(write_amount(interval.value) for interval in others)]
    return row


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells, the first of them the head, as a table of Markdown whose columns are aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = "|".join("-" * (width + 1) + (":" if place else "-") for place, width in enumerate(widths))
    return [lines[0], f"|{rule}|", *lines[1:]]


def difference_line(what: str, difference: Interval) -> str:
    """Return one paired difference with its interval."""
    return f"- {what}: {difference.write(_SIGNED)}"


def churn_lines(valid: ChurnComparison, test: ChurnComparison | None, horizon: str) -> list[str]:
    """Return the churn table, the score's paired differences to its rivals, and a warning where it shows no skill."""
    metrics = {"auc": "AUC", "log_loss": "log-loss", "average_precision": "avg prec", "profit": "profit"}
    sealed = _joined(test) if test else None
    lines = score_lines(f"Churn {horizon}", SCORE, metrics, _joined(valid), sealed)
    lines += ["- profit: per customer, of contacting everybody whose expected gain is above zero (economics)"]
    where, evaluated = ("sealed test", test) if test else ("validation", valid)
    head = [f"score minus ..., paired, {where}", *metrics.values()]
    lines += [
        "",
        *_table([head, *[_difference_row(evaluated, name, metrics) for name in evaluated.figures.differences]]),
    ]
    simple = valid.simple_baseline
    comparisons = {"validation": valid, "sealed test": test}
    for place, comparison in comparisons.items():
        lines += skill_lines(comparison, simple, place) if comparison else []
    return lines


def _difference_row(comparison: ChurnComparison, name: str, metrics: Mapping[str, str]) -> list[str]:
    """Return the differences score minus baseline, with intervals; a comparison keeps baseline minus score."""
    differences = {**comparison.figures.differences[name], **comparison.profit.differences[name]}
    return [f"  {name}", *(differences[metric].negated().write(_SIGNED) for metric in metrics)]


def skill_lines(comparison: ChurnComparison, baseline: str, where: str) -> list[str]:
    """Return a warning where the score's log-loss is not clearly less than that of the best simple baseline."""
    differences = comparison.figures.differences.get(baseline)
    if differences is None or differences["log_loss"].low > 0:
        return []
    shown = differences["log_loss"].negated().write(_SIGNED)
    verdict = "is better than the score" if differences["log_loss"].high < 0 else "is not clearly beaten by the score"
    return [f"- WARNING: {baseline} {verdict}, {where}: log-loss of the score minus its own {shown}"]


def _joined(comparison: ChurnComparison) -> Scores:
    """Return the churn figures with the profit beside them."""
    churn, profit = comparison.figures, comparison.profit.figures
    return Scores({name: churn.figures[name] | profit[name] for name in churn.figures}, churn.differences)


def churn_choice_lines(
    choice: ChurnChoice, ablation: Mapping[str, float], calibration_losses: Mapping[str, float]
) -> list[str]:
    """Return how the churn score was chosen: every candidate's log-loss on the folds, and every calibration's."""
    tried = ", ".join(f"{name} {loss:.4f}" for name, loss in sorted(ablation.items(), key=lambda pair: pair[1]))
    losses = ", ".join(f"{name} {loss:.4f}" for name, loss in calibration_losses.items())
    return [
        f"- score: {choice.sentence}; mean fold log-loss: {tried}",
        f"- calibration: {choice.method} (log-loss, each fold scored with the others: {losses})",
    ]


def weight_lines(weights: Mapping[str, float]) -> list[str]:
    """Return how much each searched parameter of the trees mattered."""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in weights.items())
    return [f"- what mattered in the search of the trees: {shares}"] if shares else []


def value_lines(comparison: ValueComparison, target: str, where: str) -> list[str]:
    """Return the chosen CLV model's differences to the best candidate and baseline, and its intervals' coverage."""
    baseline = comparison.baselines[target]
    difference = getattr(comparison, target).differences[comparison.labels.value]["rmse"]
    lines = [difference_line(f"RMSE of {comparison.labels.value} minus {baseline}, paired, {where}", difference)]
    if not difference.high < 0:
        lines.append(f"- WARNING: {baseline} is not clearly beaten on the RMSE of {target}; look at bias and Gini too")
    lines += _candidate_lines(comparison, target, where)
    coverage = summarise_coverage(comparison.held[target])
    range_ = f"[{coverage['coverage_low']:.3f}, {coverage['coverage_high']:.3f}]"
    lines.append(
        f"- 90% intervals held {coverage['coverage']:.3f} {range_} of the customers, {where}; "
        f"by randomised ranks {coverage['coverage_randomised']:.3f}"
    )
    return lines


def _candidate_lines(comparison: ValueComparison, target: str, where: str) -> list[str]:
    """Return the paired difference of the chosen CLV model to the best other candidate, and its verdict."""
    candidate, chosen = comparison.best_candidate(target), comparison.labels.value
    if candidate is None:
        return []
    difference = getattr(comparison, target).difference(chosen, candidate, "rmse")
    what = f"RMSE of {chosen} minus {candidate} (the best other candidate here), paired, {where}"
    if np.isnan(difference.low):  # on validation only the chosen model is drawn
        return [f"- {what}: {write_figure(difference.value, _SIGNED)} (no interval)"]
    return [f"{difference_line(what, difference)}: {difference.verdict()}"]


def choice_lines(choice: ClvChoice, ablation: Mapping[str, float], season_errors: Mapping[str, float]) -> list[str]:
    """Return how the CLV model was chosen: the errors of all candidates, without a season and with each form of it."""
    ranked = sorted(ablation.items(), key=lambda pair: pair[1])
    tried = ", ".join(f"{name} {write_amount(error)}" for name, error in ranked)
    beneath = f" on {label_of(choice.base)}" if choice.name in (*LEARNED, COMBINED) else ""
    off = ", ".join(f"{season_errors[name]:.1%} {_SEASON_FORMS[name]}" for name in season_errors)
    form = "calendar" if choice.calendar else "likelihood" if choice.season_in_likelihood else "with"
    followed = f"followed, {_SEASON_FORMS[form]}" if choice.season else "not followed"
    return [
        *section("How the CLV model was chosen"),
        f"- {choice.label}{beneath}; mean fold RMSE of the candidates before the search: {tried}",
        *(
            f"- {target}: {_weights(weights)}, total x{choice.totals[target]:.3f}"
            for target, weights in choice.weights.items()
        ),
        f"- season: {followed} (totals off by {off})",
    ]


def covariate_lines(tests: Mapping[str, CovariateTest], table: pd.DataFrame) -> list[str]:
    """Return which attributes entered the models of purchases and why, and what each coefficient says."""
    if not tests and not len(table):
        return []
    lines = [
        f"- {name}: {'taken' if test.taken else 'left out'}; log-probability of purchases per customer "
        f"{test.gain:+.4f} (standard error {test.standard_error:.4f})"
        for name, test in tests.items()
    ]
    rows = [] if not len(table) else [(row.model, row.sentence) for row in table.itertuples(index=False)]
    return [*section("Attributes in the models of purchases"), *lines, *(f"- {one}: {text}" for one, text in rows)]


def _weights(weights: Mapping[str, float]) -> str:
    """Return a geometric mean as text."""
    ranked = sorted(weights.items(), key=lambda pair: -pair[1])
    return "geometric mean of " + ", ".join(f"{weight:.2f} {label}" for label, weight in ranked)


def sign_lines(what: str, valid: pd.DataFrame, test: pd.DataFrame | None) -> list[str]:
    """Return the risk rules as text, with their figures on validation and on the sealed test."""
    if not len(valid):
        return []
    head = "coverage, share of them and lift on validation" + ("; on the sealed test" if test is not None else "")
    lines = [*section(f"Signs of {what}"), f"({head})", ""]
    for place, row in enumerate(valid.itertuples(index=False)):
        later = "" if test is None else f"; {_held(test.iloc[place])}"
        lines.append(f"- {row.en}: {_held(valid.iloc[place])}{later}")
    return lines


def _held(row: "pd.Series[float]") -> str:
    coverage, precision, lift = (
        write_figure(row[name], form) for name, form in (("coverage", ".1%"), ("precision", ".3f"), ("lift", ".2f"))
    )
    return f"{coverage}, {precision}, {lift if lift == UNDEFINED else f'x{lift}'}"


def survival_lines(model: AgeHazardModel) -> list[str]:
    """Return the survival curve of contracts: its parameters, and the chance of ending at some ages."""
    parameters = ", ".join(f"{name} {value:.3f}" for name, value in model.parameters.items())
    ages = ", ".join(f"age {age}: {float(model.hazard(float(age))):.3f}" for age in (0, 6, 12, 24, 48))
    warned = [f"- {model.certificate.warning}"] if model.certificate and model.certificate.warning else []
    jumps = _jump_line(model)
    lines = [*section("Survival of contracts (shifted beta geometric)"), f"- {parameters}", *jumps]
    return [*lines, f"- chance of ending in the next label window by windows survived: {ages}", *warned]


def _jump_line(model: AgeHazardModel) -> list[str]:
    """Return the age whose hazard is farthest above the curve, where factors by age are used."""
    seen = model.seen_shifts
    if not len(seen):
        return []
    age = int(seen.argmax())
    days = f"{age * model.period_days:,.0f}-{(age + 1) * model.period_days:,.0f}"
    figures = f"{float(np.exp(seen[age])):.1f} times the curve's odds of ending on days {days} of a contract"
    return [f"- with a factor by age ({model.gain.sentence}): at most {figures}"]


def check_lines(checks: Sequence[Check]) -> list[str]:
    """Return how many checks passed, and those that failed with their remedies."""
    failed = [check for check in checks if check.outcome is Outcome.failed]
    passed = sum(check.outcome is Outcome.passed for check in checks)
    skipped = len(checks) - passed - len(failed)
    counts = f"{passed} passed, {len(failed)} failed, {skipped} not applicable (checks.md)"
    return [*section("Checks"), counts, "", *items(check.line() for check in failed)]


def run_lines(
    home: Path, experiment: str, run_id: str, openings: int, seconds: float, *, has_test: bool = True
) -> list[str]:
    """Return where the run is kept, and how often its seal was opened."""
    where = f"{home}, experiment {experiment}, run {run_id}"
    return [*section("Run"), *items([seal_line(openings, has_test=has_test), where, f"{seconds:.0f} seconds"])]


def seal_line(openings: int, *, has_test: bool = True) -> str:
    """Return how often the seal of a run's data and cutoff was opened, as a sentence; 0 = not by this run."""
    closed = "left closed (windows.open_seal=false)" if has_test else "there is no sealed test"
    seal = f"opened by {openings} different run(s) so far" if openings else closed
    return f"seal on these data and cutoff: {seal}"


def write_amount(value: float) -> str:
    """Return a figure with the decimals that matter at its size."""
    return write_figure(value, _form(value))


def _form(value: float) -> str:
    return ",.2f" if abs(value) >= 10 else ".4f"  # noqa: PLR2004 # decimals that matter


def write_difference(difference: Interval) -> str:
    """Return a difference and its interval, signed, with the decimals that matter at its size."""
    return difference.write(f"+{_form(max(abs(difference.low), abs(difference.high), key=np.nan_to_num))}")


def write_interval(interval: Interval) -> str:
    """Return a figure and its interval, with the decimals that matter at its size."""
    low, high = write_amount(interval.low), write_amount(interval.high)
    return (
        write_amount(interval.value) if low == high == UNDEFINED else f"{write_amount(interval.value)} [{low}, {high}]"
    )
