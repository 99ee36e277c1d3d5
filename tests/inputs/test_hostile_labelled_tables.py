"""Labelled tables as people export them, and worse: each is read right or refused by one message, and then scored."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnclv.data.labelled_table import read_labelled
from churnclv.data.settings import Columns, CustomerKind, DataSettings, Decimal
from churnclv.errors import InputError

ROWS = 80
ROOT = DataSettings(shape=CustomerKind.labelled, columns=Columns("id", None, None), target="left", positive="yes")
RANDOM = np.random.default_rng(0)
SPEND = RANDOM.gamma(2, 700, ROWS).round(2)
COLUMN = {  # what stands in the column `spend`, by how it is written
    "plain": [f"{x}" for x in SPEND],
    "comma": [f"{x}".replace(".", ",") for x in SPEND],
    "german": [f"{x:,.2f}".translate(str.maketrans(",.", ".,")) for x in SPEND],
    "english": [f"{x:,.2f}" for x in SPEND],
    "swiss": [f"{x:,.2f}".replace(",", "'") for x in SPEND],
    "french": [f"{x:,.2f}".replace(",", "\u202f").replace(".", ",") for x in SPEND],
    "euro": [f"{x:.2f} €" for x in SPEND],
    "dollar": [f"${x:,.2f}" for x in SPEND],
    "pound, padded": [f"  £ {x:.2f} " for x in SPEND],
    "signed": [f"+{x:.2f}" for x in SPEND],
    "one word": ["see notes", *[f"{x}" for x in SPEND[1:]]],
    "excel errors": [f"{x}" if n % 4 else "#DIV/0!" for n, x in enumerate(SPEND)],
    "dashes": [f"{x}" if n % 4 else "-" for n, x in enumerate(SPEND)],
    "blanks": [f"{x}" if n % 4 else "" for n, x in enumerate(SPEND)],
    "unknown": [f"{x}" if n % 4 else "Unknown" for n, x in enumerate(SPEND)],
}
READ_RIGHT = list(COLUMN)
ODD = {  # further columns, which are left out, text, or refused
    "ranges": [f"{n}-{n + 9}" for n in range(ROWS)],
    "percent of some": [f"{n}%" if n % 2 else f"{n}" for n in range(ROWS)],
    "two currencies": [f"€{n}.5" if n % 2 else f"${n}.5" for n in range(ROWS)],
    "infinite": ["inf", "-inf", "1e999", "nan"] * 20,
    "huge": [f"{10**n % 10**300}" for n in range(ROWS)],
    "long": ["x" * 5000, *["y"] * (ROWS - 1)],
    "quotes": ['"', "'", ";", ","] * 20,
    "json": ['{"a": 1}', "[]", "null", "true"] * 20,
    "html": ["<b>1</b>", "&nbsp;2", "3", "4"] * 20,
    "btyd": ["=1+1", "=SUM(A1:A2)", "@x", "+cmd"] * 20,
    "newline": ["a\nb", "c\r\nd", "e", "f"] * 20,
    "emoji": ["🙂", "😀", "e", "f"] * 20,
    "arabic digits": ["١٢", "٣٤", "٥٦", "٧٨"] * 20,
    "wide digits": ["\uff11\uff12", "\uff13", "\uff14", "\uff15"] * 20,
    "hex": ["0x1F", "0xFF", "0x00", "0x10"] * 20,
    "underscores": ["1_000", "2_000", "3_000", "4_500"] * 20,
    "versions": ["1.2.3", "1.10.0", "2.0.0", "3.1.4"] * 20,
    "times": ["12:30", "01:15", "23:59", "00:00"] * 20,
    "dates": ["2021-02-30", "2021-13-01", "2021-01-01", "2020-02-29"] * 20,
    "both orders": ["03/04/2021", "13/04/2021", "04/13/2021", "01/01/2021"] * 20,
    "eight digits": ["20210101", "20211231", "99999999", "00000000"] * 20,
    "zeros": ["00", "000", "0000", "0"] * 20,
    "minus zero": ["-0", "0", "-0.0", "+0"] * 20,
    "commas alone": [",", ".", ",,", "1,2,3"] * 20,
    "thousands only": ["1,234", "12,345", "999", "1,000"] * 20,
    "points only": ["1.234", "12.345", "999", "1.000"] * 20,
    "brackets": ["(1)", "(2.5)", "((3))", "()"] * 20,
    "trailing minus": ["1-", "2.5-", "3--", "-4-"] * 20,
    "booleans": ["TRUE", "false", "True", "FALSE"] * 20,
    "one value": ["same"] * ROWS,
    "all missing": [""] * ROWS,
    "control": ["a\x01b", "c\x7fd", "\x0b", "e"] * 20,
    "zero width": ["\u200b1", "\ufeff2", "3\u00ad", "4"] * 20,
    "surrogates": ["\U0001f600", "a\u0301", "\u00e1", "b"] * 20,
    "sql": ["'; DROP TABLE cells_of_columns; --", "a", "b", "c"] * 20,
}
NAMES = ["spend", "Spend (€)", "a,b", "", " spend ", "count", "text", "spend_per_month[1]", "point", "comma", "n%"]


def table_of(name="x", cells=None):
    frame = pd.DataFrame({"id": [f"m{n:03}" for n in range(ROWS)], "plan": ["a", "b"] * (ROWS // 2)})
    if cells is not None:
        frame[name] = cells
    return frame.assign(left=["yes", "no", "no", "no"] * (ROWS // 4))


def read_twice(connection, frame, **chosen):
    """Read a table for training, and then for scoring by its own readings; None where either is refused."""
    settings = replace(ROOT, **chosen)
    try:
        learned = read_labelled(connection, settings, frame)
        given = None if frame is None else frame.drop(columns="left")
        scored = read_labelled(connection, settings, given, for_scoring=True, readings=learned.readings)
    except InputError:
        return None
    names = list(learned.frame.columns)
    pd.testing.assert_frame_equal(scored.frame[names], learned.frame, check_exact=True)
    return learned


@pytest.mark.parametrize("written", READ_RIGHT)
def test_spend_is_read_right_however_it_is_written(connection, written, tmp_path):
    path = tmp_path / "t.csv"
    table_of("spend", COLUMN[written]).to_csv(path, index=False, sep=";" if "," in COLUMN[written][5] else ",")
    table = read_twice(connection, None, path=str(path))
    expected = [np.nan if n % 4 == 0 else x for n, x in enumerate(SPEND)]
    if written == "one word":
        expected = [np.nan, *SPEND[1:]]
    whole = written in ("excel errors", "dashes", "blanks", "unknown", "one word")
    np.testing.assert_array_equal(table.frame["spend"], expected if whole else SPEND)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_column_is_read_or_refused(connection, odd):
    table = read_twice(connection, table_of("x", ODD[odd]))
    if table is None:
        assert odd in ("thousands only", "points only")
        return
    assert not np.isinf(table.frame.select_dtypes("number").to_numpy(dtype=float)).any()
    assert len(table.frame) == ROWS
    named = any("'x'" in line for line in table.quality.lines())
    assert named or "x" in table.frame.columns


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_any_name_is_read(connection, name):
    table = read_twice(connection, table_of(name, COLUMN["german"]))
    np.testing.assert_array_equal(table.frame[name], SPEND)


@pytest.mark.parametrize("decimal", list(Decimal))
@pytest.mark.parametrize("written", ["german", "english"])
def test_a_forced_decimal_sign_is_obeyed_or_refused(connection, decimal, written):
    table = read_twice(connection, table_of("spend", COLUMN[written]), decimal=decimal)
    fits = decimal is Decimal.auto or (decimal is Decimal.comma) == (written == "german")
    assert (table is not None) == fits
    if fits:
        np.testing.assert_array_equal(table.frame["spend"], SPEND)
