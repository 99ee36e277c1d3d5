"""Fixtures that write small logs and read them, every row of them accounted for."""

from pathlib import Path

import pytest

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.settings import DataSettings
from churnclv.errors import InputError


class Reading:
    """What one log became: its faults as name -> (rows, set aside, first row), and its events in order."""

    def __init__(self, events):
        self.events = events
        self.quality = events.quality
        self.faults = {
            count.fault: (count.rows, count.set_aside, count.first_row) for count in events.quality.faults if count.rows
        }
        set_aside = sum(count.set_aside for count in events.quality.faults)
        assert self.quality.rows_read == self.quality.rows_kept + set_aside, "a row is not accounted for"
        assert self.quality.rows_kept == int(events.table.count().execute())

    def column(self, name):
        """Return the column's text by customer, for logs in which each customer has one row."""
        frame = self.events.table.order_by("customer_id").execute()
        assert frame["customer_id"].is_unique
        return dict(zip(frame["customer_id"], frame[name].map(str), strict=True))

    def rows(self, *names):
        """Return the events' cells as text, in an order of their own."""
        frame = self.events.table.select(*names).execute().map(str)
        return sorted(zip(*(frame[name] for name in names), strict=True))


@pytest.fixture
def write(tmp_path):
    """Return a function that writes text, bytes or a frame (as Parquet) to a file of that name."""

    def write(content, name="orders.csv"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if hasattr(content, "to_parquet"):
            content.to_parquet(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def read(write):
    """Return a function that reads a log (content or path) with the settings given; any share may be set aside."""

    def read(content, *, name="orders.csv", frame=None, **chosen):
        path = content if isinstance(content, Path) else write(content, name)
        settings = DataSettings(path=str(path), **{"max_set_aside_share": 1.0, **chosen})
        return Reading(read_events(connect(EngineSettings()), settings, frame))

    return read


@pytest.fixture
def refuse(read):
    """Return a function that reads a log which is at fault, and gives the message back."""

    def refuse(content, **chosen):
        with pytest.raises(InputError) as caught:
            read(content, **chosen)
        return str(caught.value)

    return refuse
