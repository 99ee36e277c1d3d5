"""Changes of the data: the recent events of a log against those that a bundle was fitted on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..data.readings import LEAST_CUSTOMERS
from ..evaluation.drift import adjusted
from .finding import Fields, Finding, Light, Part

Profile = Mapping[str, Any]
_WATCH_FACTOR, _ACT_FACTOR = 1.5, 2.0  # of a daily volume
_WATCH_SCALE, _ACT_SCALE = 2.0, 5.0  # of the median amount: another unit is a factor of 10 or 100
_LEAST_EXPECTED = 10.0  # customers or events: with fewer, none of them is no surprise
_NEW_SHARE = 0.01  # of the customers: a new value with fewer is not mentioned
_WATCH_POINTS, _ACT_POINTS = 0.05, 0.2  # a share of missing cells or refused rows that rose by so much
_CHANGED_FACTOR = 2.0  # of the customers with a value
_SHOWN = 3  # values with a line of their own per kind of change


@dataclass(frozen=True)
class ValueChange:
    """A value of a column whose customers changed: `kind` is `new`, `silent` or `changed`; shares of the customers."""

    kind: str
    column: str
    value: str
    before: float
    after: float
    light: Light


def compare_logs(
    reference: Profile, recent: Profile, false_alarm_share: float, season: Profile | None, *, is_whole: bool
) -> list[Finding]:
    """Return the lines on the data: volumes, refused rows, missing cells, amounts, values.

    Parameters
    ----------
    reference
        The bundle's profile of its log, from `describe_log`.
    recent
        The same of the recent events.
    false_alarm_share
        The share of runs with an alarm on values if nothing differs.
    season
        The profile of the same days a year before, None where the log does not hold them: volumes that are near either
        are fine.
    is_whole
        Whether the file holds the whole log: of an extract, volumes say nothing.

    Returns
    -------
    list of Finding
        Each kind of change has at least one line.
    """
    return [
        *_volumes(reference, recent, season, is_whole=is_whole),
        *_refused(reference, recent),
        *_missing(reference, recent),
        *_amounts(reference, recent),
        *_values(reference, recent, false_alarm_share),
    ]


def _volumes(reference: Profile, recent: Profile, season: Profile | None, *, is_whole: bool) -> list[Finding]:
    now, then = (_per_day(profile) for profile in (recent, reference))
    values: Fields = {"now": now, "then": then, "days": recent["days"]}
    metrics = {"data.events_per_day": now, "data.events_per_day_at_export": then}
    expected = then * recent["days"]
    if not is_whole or max(expected, recent["events"]) < _LEAST_EXPECTED:
        return [Finding(Part.data, Light.unknown, "data.volume_unknown", values, metrics)]
    factors = [_factor(now, _per_day(profile)) for profile in (reference, season) if profile is not None]
    factor = min(factors)
    light = Light.act if factor > _ACT_FACTOR else Light.watch if factor > _WATCH_FACTOR else Light.ok
    return [Finding(Part.data, light, "data.volume", values, metrics)]


def _per_day(profile: Profile) -> float:
    return float(profile["events"]) / max(int(profile["days"]), 1)


def _factor(one: float, other: float) -> float:
    """Return how many times the greater is the smaller one."""
    low, high = sorted((one, other))
    return high / max(low, 1e-9)


def _refused(reference: Profile, recent: Profile) -> list[Finding]:
    """Return a line for each fault of which clearly more rows were set aside than at export, or one that none was."""
    lines, total = [], sum(recent["refused"].values())
    for fault, share in sorted(recent["refused"].items(), key=lambda item: -item[1]):
        before = reference["refused"].get(fault, 0.0)
        if (light := _points(share - before)) > Light.ok:
            values: Fields = {"name": fault, "now": share, "then": before}
            lines.append(Finding(Part.data, light, "data.refused_more", values))
    metrics = {"data.refused_share": total}
    calm = Finding(Part.data, Light.ok, "data.refused", {"now": total, "then": sum(reference["refused"].values())})
    return _with_metrics(lines[:_SHOWN] or [calm], metrics)


def _points(rise: float) -> Light:
    return Light.act if rise >= _ACT_POINTS else Light.watch if rise >= _WATCH_POINTS else Light.ok


def _missing(reference: Profile, recent: Profile) -> list[Finding]:
    """Return a line for each column with clearly more missing cells than at export, or one that none has."""
    lines = []
    for name, stored in reference["columns"].items():
        now = recent["columns"].get(name, {"missing_share": 1.0})["missing_share"]
        light = _points(now - stored["missing_share"])
        if name not in recent["columns"]:
            light = Light.act
        if light > Light.ok:
            values: Fields = {"name": name, "now": now, "then": stored["missing_share"]}
            lines.append(Finding(Part.data, light, "data.missing_more", values))
    calm = Finding(Part.data, Light.ok, "data.missing", {"n": len(reference["columns"])})
    return lines[:_SHOWN] or [calm]


def _amounts(reference: Profile, recent: Profile) -> list[Finding]:
    """Return a line on the median amount of an order line; none for a log without amounts."""
    if not reference["amounts"]:
        return []
    if not recent["amounts"]:
        return [Finding(Part.data, Light.act, "data.no_amounts")]
    now, then = (abs(profile["amounts"]["0.5"]) for profile in (recent, reference))
    factor = _factor(now, then)
    light = Light.act if factor > _ACT_SCALE else Light.watch if factor > _WATCH_SCALE else Light.ok
    key = "data.amounts" if light == Light.ok else "data.amounts_differ"
    return [Finding(Part.data, light, key, {"now": now, "then": then}, {"data.median_amount": now})]


def _values(reference: Profile, recent: Profile, false_alarm_share: float) -> list[Finding]:
    """Return a line for each value that is new, silent or changed, or one that none is."""
    changes = find_value_changes(reference, recent, false_alarm_share)
    lines = [
        Finding(
            Part.data,
            change.light,
            f"data.value_{change.kind}",
            {"name": change.column, "value": change.value, "now": change.after, "then": change.before},
        )
        for kind in ("new", "silent", "changed")
        for change in [one for one in changes if one.kind == kind][:_SHOWN]
    ]
    if not reference["columns"]:
        return []
    calm = Finding(Part.data, Light.ok, "data.values", {"n": sum(map(_count_values, reference["columns"].values()))})
    return _with_metrics(lines or [calm], {"data.changed_values": float(len(changes))})


def _count_values(column: Mapping[str, Any]) -> int:
    return len(column["customers"])


def find_value_changes(reference: Profile, recent: Profile, false_alarm_share: float) -> list[ValueChange]:
    """Return the values of columns that are new, silent or have clearly more or fewer customers than at export.

    Parameters
    ----------
    reference, recent
        Profiles of two windows.
    false_alarm_share
        The share of comparisons with any such value if nothing differs.

    Returns
    -------
    list of ValueChange
        New values first, each kind by its share of the customers.
    """
    before, after = float(reference["customers"]), float(recent["customers"])
    pairs = {
        (column, value): (
            float(stored["customers"].get(value, 0.0)),
            float(recent["columns"][column]["customers"].get(value, 0.0)),
        )
        for column, stored in reference["columns"].items()
        if column in recent["columns"]
        for value in {**stored["customers"], **recent["columns"][column]["customers"]}
    }
    if not pairs or not before or not after:
        return []
    valid = adjusted({f"{place}": _same_share(*pair, before, after) for place, pair in enumerate(pairs.values())})
    changes = []
    for place, ((column, value), (old, new)) in enumerate(pairs.items()):
        shares = (min(old / before, 1.0), min(new / after, 1.0))
        if valid[f"{place}"] < false_alarm_share:
            kind, light = _kind_of_change(*shares, old, after)
            if light > Light.ok:
                changes.append(ValueChange(kind, column, value, *shares, light))
    order = ("new", "silent", "changed")
    return sorted(changes, key=lambda one: (order.index(one.kind), -max(one.before, one.after), one.column, one.value))


def _kind_of_change(before: float, after: float, old: float, customers: float) -> tuple[str, Light]:
    """Return which change two shares are, and its light; values that fewer than five customers have are not counted."""
    if old == 0:
        return "new", Light.act if after >= _NEW_SHARE else Light.ok
    if after * customers < LEAST_CUSTOMERS and before * customers >= _LEAST_EXPECTED:
        return "silent", Light.act
    return "changed", Light.watch if _factor(before, after) > _CHANGED_FACTOR else Light.ok


def _same_share(old: float, new: float, before: float, after: float) -> float:
    """Return the p-value that two shares of customers are equal (chi-squared with Yates' correction)."""
    from scipy.stats import chi2_contingency

    old, new = min(old, before), min(new, after)
    if old + new in (0.0, before + after):
        return 1.0
    return float(chi2_contingency([[old, before - old], [new, after - new]], correction=True).pvalue)


def _with_metrics(lines: list[Finding], metrics: dict[str, float]) -> list[Finding]:
    first = lines[0]
    return [Finding(first.part, first.light, first.text, first.values, metrics), *lines[1:]]
