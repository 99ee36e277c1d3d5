"""Every number of the configuration has a range, and what lies outside is refused before anything starts."""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping

import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.errors import InputError
from churnclv.pipeline.settings import SCHEMAS, ExportConfig, LeaderboardConfig, ScoreConfig, ServeConfig
from churnclv.ranges import Bounds, bounds_of
from churnclv.report.acquisition_costs import read_costs
from churnclv.report.periods import Period
from churnclv.tuning.settings import Kind, Range, TuningSettings


def parts_of(kind):
    """Yield a type and the types inside of it."""
    yield kind
    for part in typing.get_args(kind):
        yield from parts_of(part)


def settings_classes():
    """Return every dataclass of settings that a command composes."""
    found, waiting = {}, list(SCHEMAS.values())
    while waiting:
        owner = waiting.pop()
        if owner.__name__ not in found:
            found[owner.__name__] = owner
            for kind in typing.get_type_hints(owner).values():
                waiting += [part for part in parts_of(kind) if dataclasses.is_dataclass(part)]
    return found


CLASSES = settings_classes()
NUMBERS = [
    (owner, name)
    for owner in CLASSES.values()
    for name, kind in typing.get_type_hints(owner).items()
    if {int, float} & set(parts_of(kind))
]
IDS = [f"{owner.__name__}.{name}" for owner, name in NUMBERS]


def ranges(owner, name):
    """Return (how a value is put into the setting, its range) for each number that the setting may hold."""
    bounds, kind = bounds_of(owner)[name], typing.get_type_hints(owner)[name]
    if isinstance(bounds, Mapping):
        return [(lambda value, key=key: {key: value}, one) for key, one in bounds.items()]
    if typing.get_origin(kind) is dict:
        return [(lambda value: {"a": value}, bounds)]
    return [((lambda value: [value]) if typing.get_origin(kind) is list else lambda value: value, bounds)]


def make(owner, name, value):
    """Make the settings; what else a value needs stands beside it."""
    beside = {"step_months": "horizon_months", "horizon_months": "step_months"}
    pairs = {"medium_risk": ("high_risk", 1.0), "high_risk": ("medium_risk", 0.0)}
    chosen = {name: value}
    if name in beside:
        chosen[beside[name]] = 1
    if name in pairs:
        chosen[pairs[name][0]] = pairs[name][1]
    if name in ("churn_bands", "value_bands"):  # two limits in order
        chosen = {name: sorted([*value, 0.5])}
    if owner is Range:
        chosen = {"low": value, "high": value}
    return owner(**chosen)


def test_all_commands_and_their_groups_are_walked():
    assert {"TrainConfig", "BoostingSettings", "TableSettings", "Range", "ServeConfig", "ReportSettings"} <= set(
        CLASSES
    )
    assert len(NUMBERS) > 55


@pytest.mark.parametrize(("owner", "name"), NUMBERS, ids=IDS)
def test_every_number_has_a_range_that_ends(owner, name):
    assert name in bounds_of(owner), f"{owner.__name__}.{name} needs a range: number(default, Bounds(...))"
    for _, bounds in ranges(owner, name):
        assert math.isfinite(bounds.low)
        assert math.isfinite(bounds.high)
        assert bounds.low < bounds.high


@pytest.mark.parametrize(("owner", "name"), NUMBERS, ids=IDS)
def test_both_ends_are_taken_and_what_lies_beyond_is_refused(owner, name):
    whole = int in set(parts_of(typing.get_type_hints(owner)[name]))
    for wrap, bounds in ranges(owner, name):
        step = 1 if whole else max(abs(bounds.low), abs(bounds.high)) * 1e-9
        low, high = (int(end) if whole else float(end) for end in (bounds.low, bounds.high))
        inside = [end for end, out in ((low, bounds.above), (high, bounds.below)) if not out]
        outside = [low - step, high + step]
        outside += [end for end, out in ((low, bounds.above), (high, bounds.below)) if out]
        for value in inside:
            make(owner, name, wrap(value))
        for value in [*outside, math.nan, math.inf, -math.inf]:
            with pytest.raises(InputError, match=r"allowed is|searches|above high"):
                make(owner, name, wrap(value))


@pytest.mark.parametrize(("owner", "name"), NUMBERS, ids=IDS)
def test_null_is_taken_where_it_is_the_default_alone(owner, name):
    kind = typing.get_type_hints(owner)[name]
    if type(None) in typing.get_args(kind) and isinstance(kind, types.UnionType):
        owner(**{name: None})
    elif typing.get_origin(kind) is None:
        with pytest.raises(InputError, match=r"\w is None, allowed is"):
            make(owner, name, None)


MESSAGES = [
    (Bounds(1, 9), 0, "1 to 9"),
    (Bounds(1, 9, technical=True), 0, "1 or more"),
    (Bounds(1, 9, technical=True), 10, "1 to 9"),
    (Bounds(0, 1, above=True), 2, "above 0 up to 1"),
    (Bounds(0, 1, above=True, below=True), 0, "above 0 and below 1"),
    (Bounds(0, 1e12, technical=True, hint=" (currency)"), math.inf, "0 or more (currency)"),
    (Bounds(0, 1e12, technical=True, hint=" (currency)"), 1e13, "0 to 1000000000000 (currency)"),
]


@pytest.mark.parametrize(("bounds", "value", "text"), MESSAGES)
def test_a_message_states_the_range_as_it_concerns_the_value(bounds, value, text):
    assert bounds.text(value) == text
    assert not bounds.holds(value)


@pytest.mark.parametrize(
    "limit", ["banana", "", "4", "-1GB", "4 gigabytes", "0GB", "1e9GB", "GB", "4GB; x", "80%", "1MB", "900KB"]
)
def test_a_limit_of_memory_that_is_no_size_is_refused(limit):
    with pytest.raises(InputError, match=r"engine\.memory_limit is .*\n  -> a size from 16MB on"):
        EngineSettings(memory_limit=limit)


@pytest.mark.parametrize("limit", ["1GB", "500MB", "1.5 GiB", "512mib"])
def test_the_engine_takes_the_sizes_that_pass(limit):
    assert connect(EngineSettings(threads=1, memory_limit=limit)) is not None


@pytest.mark.parametrize("metric", ["a`; x", "", "1; drop", "valid.churn.auc ", "a'b", "a b"])
def test_a_metric_that_can_be_none_is_refused(metric):
    with pytest.raises(InputError, match="metric is"):
        ExportConfig(metric=metric)


def test_the_leaderboard_refuses_before_it_trains():
    for chosen in ({"metric": "churn.aux"}, {"overrides": "a'b"}, {"workers": 0}, {"n_trials": 0}):
        with pytest.raises(InputError, match=next(iter(chosen))):
            LeaderboardConfig(**chosen)
    assert LeaderboardConfig(overrides="'a b' c").workers == 2


def test_a_port_and_a_budget_are_named_as_they_are_typed():
    with pytest.raises(InputError, match=r"^port is 99999, allowed is 1 to 65535\."):
        ServeConfig(port=99_999)
    with pytest.raises(InputError, match=r"^budget is -1\.0, allowed is 0 or more \(currency\)\."):
        ScoreConfig(budget=-1.0)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"churn": {"subsample": Range(low=0.5, high=1.5)}}, r"tuning\.churn\.subsample searches what is 1\.5"),
        ({"clv": {"stages": Range(kind=Kind.choice, choices=[0, 9])}}, r"tuning\.clv\.stages searches what is 9"),
        ({"boosting": {"rounds": Range(kind=Kind.int, low=0, high=9)}}, r"tuning\.boosting\.rounds searches what is 0"),
    ],
)
def test_a_search_stays_within_the_range_of_what_it_searches(chosen, message):
    with pytest.raises(InputError, match=message):
        TuningSettings(**chosen)


COSTS = {
    "no table": (b"root:x:0:0:root:/root:/bin/sh\nsync:x:4:65534\n", "no column date, cost"),
    "no text": (bytes(range(256)), "is no CSV file"),
    "nothing": (b"", "is no CSV file"),
    "lines of other widths": (b"date,cost\n2020-01-01,1\n2020-01-01,1,2,3\n", "is no CSV file"),
    "no day": (b"date,cost\nyesterday,1\n", "row 2, column 'date': 'yesterday' is not a date"),
    "no amount": (b"date,cost\n2020-01-01,much\n", "row 2, column 'cost': 'much' is not an amount"),
    "endless": (b"date,cost\n2020-01-01,1\n2020-01-02,inf\n", "row 3, column 'cost': 'inf' is not an amount"),
}


@pytest.mark.parametrize(("content", "message"), COSTS.values(), ids=COSTS)
def test_a_file_that_holds_no_costs_is_refused(tmp_path, content, message):
    path = tmp_path / "costs.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_costs(path, Period.month)


def test_costs_are_summed_by_month(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("date,cost\n2020-01-01,1.5\n2020-01-31,2\n2020-02-01,4\n")
    assert list(read_costs(path, Period.month).values()) == [3.5, 4.0]
