"""The moment of scoring: what is doubtful about it, by hand."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from churnclv.bundle.scoring_moment import holds_everybody, moment_notices
from churnclv.bundle.specification import BundleSpecification
from churnclv.data.settings import CustomerKind, DataSettings
from churnclv.decision.economics import EconomicsSettings
from churnclv.features.settings import FeatureSettings
from churnclv.snapshots.settings import WindowSettings

UNTIL = datetime(2022, 6, 23)


def specification_of(customers: int | None = 250, **data) -> BundleSpecification:
    chosen = (DataSettings(**data), WindowSettings(horizon_days=90), FeatureSettings(), EconomicsSettings())
    return BundleSpecification(*chosen, "2022-06-23", "f", "r", customers=customers)


def file_of(customers: int, last: str) -> SimpleNamespace:
    """Return as much of a file's events as the notices look at."""
    midnight = datetime.fromisoformat(last).replace(hour=0, minute=0) + timedelta(days=1)
    quality = SimpleNamespace(customers=customers, last_event=last)
    return SimpleNamespace(quality=quality, end=max(midnight, UNTIL))


def codes(events, moment: datetime | None = None, specification: BundleSpecification | None = None) -> list[str]:
    return [notice.code for notice in moment_notices(specification or specification_of(), events, moment or events.end)]


@pytest.mark.parametrize(
    ("customers", "last", "expected"),
    [
        (250, "2022-06-22 10:42:00", []),  # the log that the bundle was fitted on
        (1, "2021-03-18 13:58:00", []),  # one customer, long silent: scored as of the bundle's end
        (90, "2022-02-01 09:00:00", []),  # an extract
        (260, "2022-08-01 09:00:00", []),  # the log has grown
        (3, "2022-08-01 09:00:00", ["as_of_of_an_extract"]),  # and an extract of it: another one has another day
        (260, "2022-10-15 09:00:00", ["as_of_after_bundle"]),
        (260, "2025-06-22 09:00:00", ["as_of_after_bundle"]),  # a wrong year
        (250, "2022-02-01 09:00:00", ["file_ends_early"]),  # everybody, but not until the end
        (250, "2022-06-10 09:00:00", []),
    ],
)
def test_the_default_moment_and_what_is_doubtful_about_it(customers, last, expected):
    assert codes(file_of(customers, last)) == expected


def test_a_moment_before_the_end_of_the_bundle_is_named_with_its_distance():
    events = file_of(1, "2021-03-18 13:58:00")
    (notice,) = moment_notices(specification_of(), events, datetime(2021, 3, 19))
    assert notice.code == "as_of_before_bundle"
    assert (
        "scored as of 2021-03-19, 461 days before the end of the data that this bundle was fitted on" in notice.message
    )
    assert codes(events, datetime(2022, 9, 22)) == ["as_of_after_bundle"]  # 91 days later
    assert codes(events, datetime(2022, 9, 21)) == []


def test_bundles_without_time_or_of_an_earlier_version_have_no_day_to_compare_with():
    events = file_of(250, "2022-02-01 09:00:00")
    assert codes(events, specification=specification_of(shape=CustomerKind.labelled, target="churn")) == []
    assert not holds_everybody(specification_of(customers=None), events)
    assert codes(events, specification=specification_of(customers=None)) == []
