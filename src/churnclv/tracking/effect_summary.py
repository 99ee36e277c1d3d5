"""The summary of a run that learns effects: what each treatment changes, whom it changes most, what a policy brings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..evaluation.bootstrap import Interval, write_figure
from ..evaluation.effect_evaluation import BY_EFFECT, ArmFigures, EffectFigures
from ..evaluation.policy_value import PolicyValue
from ..evaluation.unseen_confounding import Sensitivity
from .summary import items, section

ADJUSTED = "adjusted for what was recorded"
_AT_RANDOM = "treatments given at random"


@dataclass(frozen=True)
class EffectSummary:
    """What a summary needs.

    Attributes
    ----------
    outcome
        The name of the column.
    randomised
        Whether chance decided who got what.
    choices
        By treatment, the sentence on how its learner was chosen.
    sensitivity
        By treatment, how strong an unseen confounder has to be; empty for an experiment.
    figures
        Of the sealed test; None where it stays closed.
    alone
        Customers left out of the rows that were learned from.
    """

    outcome: str
    randomised: bool
    choices: Mapping[str, str]
    sensitivity: Mapping[str, Sensitivity]
    figures: EffectFigures | None
    alone: int

    @property
    def basis(self) -> str:
        """What makes the effects those of the treatment."""
        return _AT_RANDOM if self.randomised else ADJUSTED

    def overview(self) -> list[str]:
        """Return the printed part of the summary."""
        where = "rows learned from" if self.figures is None else "sealed test"
        lines = ["", f"Effects on {self.outcome}, {self.basis}, {where}"]
        for name, choice in self.choices.items():
            lines += [f"  {name}", f"    {choice}"]
            lines += [] if self.figures is None else [f"    {line}" for line in _arm_lines(self.figures.arms[name])]
            lines += [f"    {self.sensitivity[name].sentence()}"] if name in self.sensitivity else []
        if self.alone:
            lines.append(f"  {self.alone:,} customers without a counterpart in every arm are left out")
        return lines + ([] if self.figures is None else _policy_overview(self.figures))

    def lines(self) -> list[str]:
        """Return the part of the summary's page, with every policy and the fifths by predicted effect."""
        lines = [*section(f"Effects on {self.outcome}"), *items([f"{self.basis}"])]
        for name, choice in self.choices.items():
            lines += items([f"{name}: {choice}"])
            lines += items([self.sensitivity[name].sentence()]) if name in self.sensitivity else []
        if self.figures is None:
            return lines
        for name, arm in self.figures.arms.items():
            lines += [*section(f"{name}, sealed test"), *items(_arm_lines(arm)), *_group_lines(arm)]
        return [*lines, *section("Policies, per customer, sealed test"), *_policy_table(self.figures)]


def _arm_lines(arm: ArmFigures) -> list[str]:
    lines = [f"average {arm.average.write('+.4f')}, predicted {write_figure(arm.predicted, '+.4f')}"]
    if not arm.groups:
        return [*lines, "ranks nobody: everybody has the same predicted effect"]
    return [*lines, f"ranking AUTOC {arm.autoc.write('+.4f')}, p {write_figure(arm.p_value, '.2g')}"]


def _group_lines(arm: ArmFigures) -> list[str]:
    if not arm.groups:
        return []
    rows = [
        f"| {one.group} | {one.customers:,} | {one.predicted:+.4f} | {one.effect.write('+.4f')} |" for one in arm.groups
    ]
    return ["", "| by predicted effect | customers | predicted | effect |", "|---|---:|---:|---:|", *rows]


def _policy_overview(figures: EffectFigures) -> list[str]:
    lines = ["", "Policies, gain over contacting nobody, per customer"]
    names = [name for name, policy in figures.policies.items() if policy.treated > 0.0 or name == BY_EFFECT]
    width = max(map(len, names))
    lines += [f"  {name:<{width}}  {_gain(figures.policies[name])}" for name in names]
    best = best_rival(figures)
    difference = figures.over[best]
    verdict = difference.verdict(higher_is_better=True)
    return [
        *lines,
        f"  by effect against {best}: {difference.write('+.4f')}  {verdict}",
        f"  by effect, by inverse propensity weighting: {figures.weighted[BY_EFFECT].gain.write('+.4f')}",
    ]


def best_rival(figures: EffectFigures) -> str:
    """Return the policy that looks at no effect, of the highest value."""
    return max(figures.over, key=lambda name: figures.policies[name].value.value)


def _gain(policy: PolicyValue) -> str:
    return f"{policy.gain.write('+.4f')}, contacts {policy.treated:.0%}"


def _policy_table(figures: EffectFigures) -> list[str]:
    head = [
        "| policy | contacted | value | gain over nobody | by weighting | by effect less it |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    return [*head, *(_policy_row(name, figures) for name in figures.policies)]


def _policy_row(name: str, figures: EffectFigures) -> str:
    policy, weighted = figures.policies[name], figures.weighted[name]
    over: Interval | None = figures.over.get(name)
    cells: Sequence[str] = [
        name,
        f"{policy.treated:.0%}",
        policy.value.write(".4f"),
        policy.gain.write("+.4f"),
        weighted.gain.write("+.4f"),
        "" if over is None else over.write("+.4f"),
    ]
    return f"| {' | '.join(cells)} |"
