"""How columns of a labelled table are read: numbers in every spelling, ids and dates by their form, by hand."""

import numpy as np
import pandas as pd
import pytest

from churnclv.data.labelled_table import read_labelled
from churnclv.data.readings import CATEGORY, LEFT_OUT, NUMBER
from churnclv.data.settings import Columns, CustomerKind, DataSettings, Decimal
from churnclv.errors import InputError

ROWS = 120
ROOT = {"shape": CustomerKind.labelled, "columns": Columns("id", None, None), "target": "left", "positive": "1"}


def frame_of(**columns):
    """Return a table of text with these columns, each repeated to the number of rows."""
    frame = pd.DataFrame({"id": [f"c{n:04}" for n in range(ROWS)], "left": [str(n % 3 == 0) for n in range(ROWS)]})
    frame["left"] = frame["left"].map({"True": "1", "False": "0"})
    for name, cells in columns.items():
        frame[name] = (list(cells) * ROWS)[:ROWS]
    return frame


def read(connection, frame, readings=None, **chosen):
    for_scoring = readings is not None
    return read_labelled(connection, DataSettings(**ROOT, **chosen), frame, for_scoring=for_scoring, readings=readings)


def codes(table):
    return [notice.code for notice in table.quality.notices]


# --- numbers ---

SPELLINGS = {
    "decimal comma": (["34,2", "7,05", "-120,5"], [34.2, 7.05, -120.5]),
    "thousands point": (["1.234,5", "12.345,75", "7,5"], [1234.5, 12345.75, 7.5]),
    "thousands point, whole": (["1.234.567", "12.345", "7"], [1234567, 12345, 7]),
    "thousands comma": (["1,234.5", "12,345.75", "7.5"], [1234.5, 12345.75, 7.5]),
    "thousands blank": (["1 234,5", "12\u00a0345,75", "7,5"], [1234.5, 12345.75, 7.5]),
    "thousands apostrophe": (["1'234.50", "12'345.75", "7.5"], [1234.5, 12345.75, 7.5]),
    "currency before": (["€ 34.20", "€7.05", "€120.5"], [34.2, 7.05, 120.5]),
    "currency after": (["34,20 EUR", "7,05 EUR", "120,5 EUR"], [34.2, 7.05, 120.5]),
    "percent": (["12.5%", "7 %", "99.25%"], [12.5, 7.0, 99.25]),
    "brackets": (["(12.00)", "7.5", "8.5"], [-12.0, 7.5, 8.5]),
    "minus sign": (["\u221212.5", "7.5", "8.5"], [-12.5, 7.5, 8.5]),
    "powers of ten": (["1e-6", "2.5E+3", "7"], [1e-6, 2500.0, 7.0]),
    "small": (["0.123", "0.5", ".25"], [0.123, 0.5, 0.25]),
    "placeholders": (["1.5", "#N/A", "2.5", "-", "unknown", "NA", "#DIV/0!"], [1.5, None, 2.5, *[None] * 4]),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_column_is_read_in_the_spelling_of_its_cells(connection, spelling):
    cells, expected = SPELLINGS[spelling]
    table = read(connection, frame_of(x=cells))
    assert table.readings["x"].kind == NUMBER
    np.testing.assert_array_equal(table.frame["x"], np.array((expected * ROWS)[:ROWS], dtype=float))
    assert codes(table) == (["cells_no_number"] if None in expected else [])


def test_a_european_table_is_the_same_as_a_plain_one(connection, tmp_path):
    random = np.random.default_rng(0)
    plain = frame_of().assign(spend=random.gamma(2, 30, ROWS).round(2), days=random.integers(0, 4000, ROWS) / 10)
    plain.to_csv(tmp_path / "point.csv", index=False)
    plain.to_csv(tmp_path / "comma.csv", index=False, sep=";", decimal=",")
    one, other = (read(connection, None, path=str(tmp_path / f"{sign}.csv")) for sign in ("point", "comma"))
    pd.testing.assert_frame_equal(one.frame, other.frame, check_exact=True)
    assert one.frame["spend"].tolist() == plain["spend"].tolist()
    assert (one.quality.decimal, other.quality.decimal) == ("point", "comma")
    assert not one.quality.notices
    assert not other.quality.notices


def test_a_column_that_shows_no_sign_takes_that_of_the_table(connection):
    whole = ["1.234", "987", "12.345"]
    european = read(connection, frame_of(x=whole, y=["1,5", "2,25"]))
    assert european.frame["x"].head(3).tolist() == [1234.0, 987.0, 12345.0]
    english = read(connection, frame_of(x=whole, y=["1.5", "2.25"]))
    assert english.frame["x"].head(3).tolist() == [1.234, 987.0, 12.345]
    forced = read(connection, frame_of(x=whole), decimal=Decimal.comma)
    assert forced.frame["x"].head(3).tolist() == [1234.0, 987.0, 12345.0]


@pytest.mark.parametrize("cells", [["1.234", "987"], ["1,234", "987"]])
def test_numbers_that_can_be_read_two_ways_are_refused(connection, cells):
    with pytest.raises(InputError, match=r"60 numbers such as 1,234 or 1\.234 can be read two ways") as caught:
        read(connection, frame_of(x=cells))
    assert "data.decimal=comma" in str(caught.value)


def test_numbers_of_a_typed_source_are_never_read_two_ways(connection, tmp_path):
    frame = frame_of().assign(x=[1.234, 2.345] * 60)
    frame.to_parquet(tmp_path / "t.parquet")
    for table in (read(connection, frame), read(connection, None, path=str(tmp_path / "t.parquet"))):
        assert table.frame["x"].tolist() == frame["x"].tolist()


def test_a_decimal_sign_that_the_cells_contradict_is_refused(connection):
    with pytest.raises(InputError, match=r"column 'x' has a decimal comma in most numbers, but data\.decimal=point"):
        read(connection, frame_of(x=["1,5", "2,25"]), decimal=Decimal.point)


def test_cells_that_are_no_number_are_counted_and_named(connection, tmp_path):
    cells = [f"{n}.5" for n in range(ROWS)]
    cells[7], cells[30] = "call them", "12 or 13"
    frame_of().assign(x=cells).to_csv(tmp_path / "t.csv", index=False)
    table = read(connection, None, path=str(tmp_path / "t.csv"))
    (notice,) = table.quality.notices
    assert "column 'x': 2 of 120 cells (1.7%) are no number, the first in row 9" in notice.message
    assert "call them" not in notice.line()
    assert table.frame["x"].isna().sum() == 2
    assert notice.line() in table.quality.lines()


def test_a_column_with_too_many_such_cells_stays_text_and_is_named(connection):
    table = read(connection, frame_of(x=["1", "2", "3+"]))
    assert table.readings["x"].kind == CATEGORY
    (notice,) = table.quality.notices
    assert notice.code == "numbers_as_text"
    assert "40 of 120 cells (33.3%) are no number" in notice.message


def test_another_currency_or_a_missing_percent_sign_is_no_number(connection):
    euro = [f"€ {n}.25" for n in range(ROWS)]
    table = read(connection, frame_of(x=[*euro[:-3], "$ 5.25", "£ 6.25", "7.25"], y=["1.5%"] * 19 + ["2.5"]))
    assert table.frame["x"].isna().sum() == 2
    assert table.frame["y"].isna().sum() == ROWS // 20


# --- ids, dates and codes ---

RANDOM = np.random.default_rng(3)
UNIQUE = RANDOM.permutation(ROWS)
IDS = {
    "account_no": 100_000_000 + RANDOM.choice(9_000_000, ROWS, replace=False),
    "phone": [f"07{n:09}" for n in RANDOM.choice(10**9, ROWS, replace=False)],
    "handy": [f"+39 333 {n:07}" for n in RANDOM.choice(10**7, ROWS, replace=False)],
    "mail": [f"a{n % 10}@example.org" for n in UNIQUE],
    "name": [f"Name {n}" for n in UNIQUE],
    "uuid": [f"00000000-0000-4000-8000-{n:012}" for n in UNIQUE],
    "customerNumber": 10_000 + RANDOM.choice(80_000, ROWS, replace=False),
    "tax number": RANDOM.choice(90_000, ROWS, replace=False) + 10_000,
    "counter": UNIQUE + 17,
    "gaps": UNIQUE * 7 + 3,
    "household": 400_000_000_000 + (RANDOM.choice(10**10, ROWS, replace=False) // 2) * 2,
    "joined": [f"2021-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in UNIQUE],
    "day": [f"{n % 28 + 1:02}/{n % 12 + 1:02}/2021" for n in UNIQUE],
    "compact": [f"2021{n % 12 + 1:02}{n % 28 + 1:02}" for n in UNIQUE],
}
QUANTITIES = {
    "income_cents": np.round(np.random.default_rng(1).lognormal(14.5, 0.5, ROWS)),
    "seconds": np.random.default_rng(2).integers(0, 900_000, ROWS),
    "salary": np.random.default_rng(3).integers(18_000, 95_000, ROWS),
    "bytes": np.round(np.random.default_rng(4).lognormal(20, 2, ROWS)),
    "balance": np.random.default_rng(5).normal(0, 50_000, ROWS).round(),
    "age": np.random.default_rng(6).integers(18, 90, ROWS),
    "days": np.random.default_rng(7).integers(1, 1500, ROWS),
    "score": np.random.default_rng(8).random(ROWS),
    "number_of_calls": np.random.default_rng(9).integers(0, 40, ROWS),
}


@pytest.mark.parametrize("name", IDS)
def test_ids_and_dates_are_named_and_not_learned_from(connection, name):
    frame = frame_of(plan=["a", "b"]).assign(**{name: [str(cell) for cell in IDS[name]]})
    table = read(connection, frame)
    assert name not in table.frame.columns
    assert table.readings[name].kind == LEFT_OUT
    assert any(f"column {name!r} is not learned from: " in line for line in table.quality.lines())
    kept = read(connection, frame, keep_columns=[name])
    assert name in kept.frame.columns


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantities_stay_numbers(connection, name):
    table = read(connection, frame_of(plan=["a", "b"]).assign(**{name: QUANTITIES[name]}))
    assert table.frame[name].tolist() == [float(value) for value in QUANTITIES[name]]


def test_codes_with_leading_zeros_are_text(connection):
    table = read(connection, frame_of(zone=["00118", "20121", "01234"]))
    assert table.frame["zone"].head(3).tolist() == ["00118", "20121", "01234"]
    assert codes(table) == ["codes_as_text"]


def test_a_column_to_keep_that_is_not_there_is_refused(connection):
    with pytest.raises(InputError, match=r"data\.keep_columns names 'none'"):
        read(connection, frame_of(x=["1", "2"]), keep_columns=["none"])


# --- at scoring ---


@pytest.fixture
def learned(connection):
    """The readings of a table with a decimal point."""
    cells = [f"{n}.75" for n in range(ROWS)]
    return read(connection, frame_of(x=cells, plan=["a", "b"])).readings


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["29,95", "1.029,5"], [29.95, 1029.5]),
        (["€29.95", "€1,029.50"], [29.95, 1029.5]),
        (["29,95 €", "12,345 €"], [29.95, 12.345]),
    ],
)
def test_another_spelling_is_read_right_and_named(connection, learned, cells, expected):
    table = read(connection, frame_of(x=cells, plan=["a"]), learned)
    assert table.frame["x"].head(2).tolist() == expected
    assert codes(table) == ["other_spelling"]


def test_what_fits_the_reading_is_read_without_a_line(connection, learned):
    table = read(connection, frame_of(x=["29.95", "1,234"], plan=["a"]), learned)
    assert table.frame["x"].head(2).tolist() == [29.95, 1234.0]
    assert not table.quality.notices
    assert table.frame["plan"].tolist() == ["a"] * ROWS


@pytest.mark.parametrize("cells", [["12%"], ["n/a", "unknown"], ["about 12", "12 or 13", "29.95"]])
def test_a_number_column_that_holds_no_numbers_is_refused(connection, learned, cells):
    with pytest.raises(InputError, match=r"column 'x': .* of 120 cells \(.*%\) are no number, the first in row 1"):
        read(connection, frame_of(x=cells, plan=["a"]), learned, missing_tokens=[])


def test_some_cells_that_are_no_number_are_named(connection, learned):
    table = read(connection, frame_of(x=[*["29.95"] * 9, "gone"], plan=["a"]), learned)
    (notice,) = table.quality.notices
    assert "12 of 120 cells (10.0%) are no number, the first in row 10" in notice.message


def test_a_column_without_a_value_is_missing(connection, learned):
    table = read(connection, frame_of(x=[None], plan=["a"]), learned)
    assert table.frame["x"].isna().all()
    assert not table.quality.notices
