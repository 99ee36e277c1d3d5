"""Forgetting customers and asking for a page: each mistake is one message, and what goes is what was asked for."""

import pandas as pd
import pytest

from churnclv.errors import InputError
from churnclv.monitoring.erasure import Erasure, erase_customers, read_customers
from churnclv.pipeline.settings import MonitorConfig
from churnclv.tracking.home import Home


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("id\n1\n", "has no column customer_id"),
        ("customer_id\n", "names no customer"),
        ("customer_id,x\n,1\n  ,2\n", "names no customer"),
        ("", "has no column customer_id"),
        (b"customer_id\n\xff\xfe\n", "cannot be read as CSV"),
    ],
)
def test_a_file_of_ids_that_cannot_be_used_is_one_message(tmp_path, text, message):
    path = tmp_path / "ids.csv"
    if text is not None:
        write(path, text)
    with pytest.raises(InputError, match=message) as error:
        read_customers(path)
    assert "a CSV with the column customer_id" in str(error.value)


def test_ids_are_read_as_text_with_or_without_a_byte_order_mark(tmp_path):
    path = write(tmp_path / "ids.csv", "\ufeffname,customer_id\nA,007\nB, x y \nC,\n")
    assert read_customers(path) == {"007", "x y"}


def test_no_byte_of_a_forgotten_customer_is_left_and_nobody_else_goes(tmp_path):
    home = Home(tmp_path / "home")
    both = pd.DataFrame({"customer_id": ["victim-1", "other-2"], "value": [1.5, 2.5]})
    home.cache.mkdir(parents=True)
    both.to_parquet(home.cache / "a.parquet", compression=None)
    both[1:].to_parquet(home.cache / "b.parquet", compression=None)
    pd.DataFrame({"x": ["victim-1"]}).to_parquet(home.cache / "no_ids.parquet")
    tables = home.report.parent / "tables"
    tables.mkdir(parents=True)
    both.to_csv(tables / "contacts.csv", index=False)
    both.to_parquet(tables / "contacts.parquet", compression=None)
    write(tables / "kpis.csv", "month,kpi\n2011-01,victim-1\n")
    assert erase_customers(home, {"victim-1", "unknown"}) == Erasure(scorings=0, caches=1, tables=2)
    assert [path.name for path in sorted(home.cache.iterdir())] == ["b.parquet", "no_ids.parquet"]
    assert pd.read_csv(tables / "contacts.csv")["customer_id"].tolist() == ["other-2"]
    assert pd.read_parquet(tables / "contacts.parquet")["customer_id"].tolist() == ["other-2"]
    assert not any(b"victim-1" in (tables / name).read_bytes() for name in ("contacts.csv", "contacts.parquet"))
    assert erase_customers(home, {"victim-1"}) == Erasure(0, 0, 0)


def test_numbers_as_ids_are_compared_as_text(tmp_path):
    home = Home(tmp_path / "home")
    home.cache.mkdir(parents=True)
    pd.DataFrame({"customer_id": [12, 123]}).to_parquet(home.cache / "a.parquet")
    assert erase_customers(home, {"1"}).caches == 0
    assert erase_customers(home, {"12"}).caches == 1


def test_the_page_is_in_a_language_that_it_has():
    assert MonitorConfig(language="it").language == "it"
    with pytest.raises(InputError, match="en or it"):
        MonitorConfig(language="de")
