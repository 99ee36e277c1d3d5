"""Verdicts of the arena: paired differences on the same draws of customers, and the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnclv.evaluation.bootstrap import Interval, Sample, score
from churnclv.evaluation.metrics import Metric, auc, gini, log_loss, rmse
from churnclv.evaluation.reliability import calibration_line

BEHIND, LEVEL, AHEAD = "behind", "level", "ahead"
REPLICATES = 400
Questions = dict[str, tuple[str, dict[str, tuple[Metric, bool]]]]
QUESTIONS: Questions = {  # outcome -> its prediction, and the metrics with whether more is better
    "churned": ("churn_score", {"AUC": (auc, True), "log-loss": (log_loss, False)}),
    "purchases": ("expected_purchases", {"purchases RMSE": (rmse, False)}),
    "spend": ("expected_spend", {"spend RMSE": (rmse, False), "spend Gini": (gini, True)}),
}
HIGHER_IS_BETTER = {name: more for _, metrics in QUESTIONS.values() for name, (_, more) in metrics.items()}


@dataclass(frozen=True)
class Line:
    """One metric of one case.

    Attributes:
        case, metric: which.
        customers: how many were predicted.
        ours: our figure; NaN without an answer.
        peer, theirs: the best peer, and its figure.
        difference: ours minus theirs, and its paired 95% interval; the bounds are NaN without an answer of ours.
        verdict: of us against the best peer.
        figures: of every method.
    """

    case: str
    metric: str
    customers: int
    ours: float
    peer: str
    theirs: float
    difference: Interval
    verdict: str
    figures: dict[str, float]


def find_verdict(difference: Interval, *, higher_is_better: bool) -> str:
    """Return behind, level or ahead: level where the interval holds zero, behind where there is no interval."""
    better = difference if higher_is_better else difference.negated()
    if np.isnan(better.low) or better.high < 0.0:
        return BEHIND
    return AHEAD if better.low > 0.0 else LEVEL


def compare(
    case: str, truth: pd.DataFrame, answers: Mapping[str, pd.DataFrame], ours: str, rivals: Sequence[str]
) -> list[Line]:
    """Return a line per metric that the case has and a rival answers.

    Parameters
    ----------
    case
        Its name.
    truth
        Outcomes by customer id.
    answers
        Predictions by customer id of every method that answered; each must have every customer of `truth`.
    ours
        Our name among the methods; it may be absent from `answers`, and is then behind.
    rivals
        The names of the peers.
    """
    lines = []
    for outcome, (column, metrics) in QUESTIONS.items():
        if outcome not in truth:
            continue
        given = {name: _aligned(answers[name], column, truth) for name in answers if column in answers[name]}
        given = {name: values for name, values in given.items() if np.isfinite(values).all()}
        peers = [name for name in rivals if name in given]
        if peers:
            lines += _lines(case, truth[outcome].to_numpy(dtype=float), given, metrics, ours, peers)
    return lines


def _aligned(answer: pd.DataFrame, column: str, truth: pd.DataFrame) -> np.ndarray:
    return answer[column].reindex(truth.index).to_numpy(dtype=float)


def _lines(
    case: str,
    truth: np.ndarray,
    given: Mapping[str, np.ndarray],
    metrics: Mapping[str, tuple[Metric, bool]],
    ours: str,
    peers: Sequence[str],
) -> list[Line]:
    sample = Sample(truth, given, np.arange(len(truth)))
    reference = ours if ours in given else peers[0]
    scores = score([sample], {name: m for name, (m, _) in metrics.items()}, reference, replicates=REPLICATES)
    lines = []
    for name, (_, more) in metrics.items():
        figures = {method: scores.figures[method][name].value for method in given}
        defined = [peer for peer in peers if np.isfinite(figures[peer])]
        if not defined:
            continue
        best = (max if more else min)(defined, key=figures.__getitem__)
        found = figures.get(ours, np.nan)
        nothing = Interval(np.nan, np.nan, np.nan)
        difference = scores.difference(ours, best, name) if ours in given else nothing
        verdict = find_verdict(difference, higher_is_better=more)
        lines.append(Line(case, name, len(truth), found, best, figures[best], difference, verdict, figures))
    return lines


def calibration_slope(truth: pd.DataFrame, answer: pd.DataFrame | None) -> float:
    """Return the slope of the outcome on the score's log-odds (ideal 1); NaN without scores of everybody."""
    if answer is None:
        return float("nan")
    chances = _aligned(answer, "churn_score", truth)
    if not np.isfinite(chances).all():
        return float("nan")
    return calibration_line(truth["churned"].to_numpy(dtype=float), chances)[0]


def summarise(lines: Sequence[Line]) -> dict[str, int]:
    """Return how many cases are behind on any metric, and how many are ahead on any and behind on none."""
    by_case: dict[str, set[str]] = {}
    for line in lines:
        by_case.setdefault(line.case, set()).add(line.verdict)
    behind = sum(BEHIND in verdicts for verdicts in by_case.values())
    ahead = sum(AHEAD in verdicts for verdicts in by_case.values())
    clean = sum(AHEAD in verdicts and BEHIND not in verdicts for verdicts in by_case.values())
    return {"cases": len(by_case), "behind": behind, "ahead": ahead, "ahead and never behind": clean}


def write_table(
    lines: Sequence[Line], slopes: Mapping[str, float], notes: Mapping[str, Sequence[str]], ours: str
) -> str:
    """Return the page: the counts, a row per case and metric, the calibration slopes, and every reason for a gap."""
    counts = summarise(lines)
    page = [
        f"Of {counts['cases']} cases {ours} is behind the best peer on at least one metric in {counts['behind']},",
        f"ahead on at least one in {counts['ahead']}, ahead and never behind in {counts['ahead and never behind']}.",
        "The best peer is the one with the best figure on that very metric of that case. Verdicts are by the paired",
        f"95% interval of {REPLICATES} draws of customers.",
        "",
        f"| case | customers | metric | {ours} | best peer | its figure | difference [95%] | verdict |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        form = ".4f" if abs(line.theirs) < 10 else ".2f"  # noqa: PLR2004 # decimals that matter
        cells = [line.case, f"{line.customers:,}", line.metric, _write(line.ours, form), line.peer]
        cells += [_write(line.theirs, form), line.difference.write(form), _emphasised(line.verdict)]
        page.append(f"| {' | '.join(cells)} |")
    page += ["", "| case | calibration slope (ideal 1) |", "|---|---|"]
    page += [f"| {case} | {_write(slope, '.2f')} |" for case, slope in slopes.items()]
    reasons = [f"- {case}: {note}" for case, parts in notes.items() for note in parts]
    return "\n".join([*page, *(["", "Gaps and departures:", "", *reasons] if reasons else [])]) + "\n"


def _emphasised(verdict: str) -> str:
    return verdict if verdict == LEVEL else f"**{verdict}**"


def _write(value: float, form: str) -> str:
    return format(value, form) if np.isfinite(value) else "none"
