"""Spellings: numbers, dates, currencies and ids that can be read in two ways; the sums are pandas' or a hand's."""

from datetime import datetime, timedelta

import ibis
import pandas as pd
import pytest

from churnclv.data.currencies import currency
from churnclv.data.engine import EngineSettings, connect
from churnclv.data.events import read_events
from churnclv.data.quality import with_spelling
from churnclv.data.row_notices import is_placeholder
from churnclv.data.settings import Columns, DataSettings, Decimal, Fold, Policies, Policy, TableSettings
from churnclv.data.unreadable import describe_date
from churnclv.errors import InputError


def log_of(amounts, separator=";", column="amount"):
    """Return a log of one customer per row, with the amounts as they are written."""
    frame = pd.DataFrame({"customer_id": [f"c{row:03}" for row in range(len(amounts))]})
    frame["timestamp"] = [f"{datetime(2021, 1, 1) + timedelta(days=row):%Y-%m-%d}" for row in range(len(amounts))]
    return frame.assign(**{column: amounts}).to_csv(index=False, sep=separator)


def total(reading):
    """Return the exact sum of the amounts as text."""
    return str(reading.events.table.amount.sum().execute())


def codes(reading):
    return [notice.code for notice in reading.quality.notices]


def notice(reading, code):
    (found,) = [notice for notice in reading.quality.notices if notice.code == code]
    return found


THOUSANDS = ["2.142", "749", "1.076", "12.500"]


def test_points_before_three_digits_alone_are_asked_about(refuse):
    message = refuse(log_of(THOUSANDS, ","))
    assert "column 'amount': 3 amounts such as 1.234 can be read two ways." in message
    assert "data.decimal=point or data.decimal=comma" in message


def test_a_semicolon_is_evidence_for_the_comma_and_a_setting_overrules_it(read):
    reading = read(log_of(THOUSANDS))
    assert total(reading) == "16467.0000"  # 2142 + 749 + 1076 + 12500
    assert "3 numbers such as 1.234" in notice(reading, "thousands_by_separator").message
    assert total(read(log_of(THOUSANDS), decimal=Decimal.point)) == "764.7180"
    assert codes(read(log_of(THOUSANDS), decimal=Decimal.comma)) == []


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (["1.234", "0.125"], "1.3590"),
        (["1.234", "1.234.567"], "1235801.0000"),
        (["1.234", "1234.567"], "1235.8010"),
        (["1,234", "0,125"], "1.3590"),
        (["1,234", "1,234,567"], "1235801.0000"),
        (["1.234", "1234,5"], "2468.5000"),
    ],
)
def test_one_cell_that_can_be_read_in_one_way_decides(read, amounts, expected):
    assert total(read(log_of(amounts, "|"))) == expected


def test_quantities_and_prices_are_asked_about_too_and_decide_for_each_other(read, refuse):
    header = "customer_id|timestamp|price|n\n"
    columns = Columns(amount=None, price="price", quantity="n")
    assert "column 'n'" in refuse(f"{header}a|2021-01-01|10|1.500\n", columns=columns)
    decided = read(f"{header}a|2021-01-01|2,50|1.500\n", columns=columns)
    assert total(decided) == "3750.0000"


def test_a_column_with_both_signs_is_a_doubt(read):
    reading = read(log_of(["12,5", "3,75", "12.5", "1.234"]))
    assert notice(reading, "mixed_decimals").message.endswith(
        "1.234 can be read two ways and are read with a decimal comma."
    )


CURRENCIES = {
    "USD12.00": ("12.0000", "USD"),
    "12,50 zł": ("12.5000", "PLN"),
    "R$ 1.234,56": ("1234.5600", "BRL"),
    "Rs. 500": ("500.0000", "INR"),
    "CHF 1'200.00": ("1200.0000", "CHF"),
    "CHF 1\u2019200.00": ("1200.0000", "CHF"),
    "US$ 5.50": ("5.5000", "USD"),
    "$5.00 CAD": ("5.0000", "CAD"),
    "AED 99": ("99.0000", "AED"),
    "120 kr.": ("120.0000", "KR"),
    "kr 120": ("120.0000", "KR"),
    "1 234,00 Kč": ("1234.0000", "CZK"),
    "-€8": ("-8.0000", "EUR"),
    "(€12.00)": ("-12.0000", "EUR"),
    "$.50": ("0.5000", "USD"),
    "50.-": ("50.0000", ""),
    "\u22125.25": ("-5.2500", ""),
    "₺1.234,50": ("1234.5000", "TRY"),
    "R100": ("100.0000", "ZAR"),
    "5 USD-": ("-5.0000", "USD"),
}


def test_currencies_beside_a_number_are_stripped(read, connection):
    kept = Policies(mixed_currency=Policy.keep)
    amounts = read(log_of(list(CURRENCIES), "\t"), policy=kept).column("amount")
    assert list(amounts.values()) == [amount for amount, _ in CURRENCIES.values()]
    table = ibis.memtable({"cell": list(CURRENCIES)})
    codes = connection.execute(table.select(code=currency(table.cell)))["code"]
    assert list(codes) == [code for _, code in CURRENCIES.values()]


NO_CURRENCIES = ["12K", "12 kg", "USD", "5 apples", "12.5.", "1 23", "EURO", "50¢", "12 PT", "1e"]


def test_other_letters_beside_a_number_are_no_currency(read):
    assert read(log_of([*NO_CURRENCIES, "7"])).faults["unparseable_amount"] == (10, 10, 2)


def test_rows_in_another_currency_by_their_column_are_set_aside(read):
    text = "customer_id,timestamp,amount,currency\na,2021-01-01,10,usd\nb,2021-01-01,$5,USD\nc,2021-01-01,900,JPY\n"
    text += "d,2021-01-01,3,\n"
    mapped = Columns(currency="currency")
    reading = read(text, columns=mapped)
    assert reading.faults == {"mixed_currency": (1, 1, 4), "currency_symbol": (1, 0, 3)}
    assert total(reading) == "18.0000"
    assert total(read(text, columns=mapped, currency="JPY", max_set_aside_share=0.05)) == "903.0000"


def test_an_unmapped_column_of_several_currencies_is_a_doubt(read):
    text = "customer_id,timestamp,amount,Currency\n" + "a,2021-01-01,10,USD\nb,2021-01-01,900,JPY\n" * 3
    assert "JPY in 3 rows, USD in 3 rows" in notice(read(text), "several_currencies").message
    assert codes(read(text.replace("JPY", "USD"))) == []
    assert codes(read(text.replace("JPY", "two lines of text"))) == []


IDS = ["NA", "#N/A", "\\N", "NaT", "N.A.", "(not set)", "00000000-0000-0000-0000-000000000000", "-", "."]


def test_words_for_a_missing_id_are_no_customers_and_their_like_are(read):
    rows = "".join(f"{name},2021-01-01,1\n" for name in [*IDS, "na", "nat", "Nan0", "0", "-1"])
    reading = read("customer_id,timestamp,amount\n" + rows)
    assert reading.faults["missing_id"] == (len(IDS), len(IDS), 2)
    assert {name for (name,) in reading.rows("customer_id")} == {"na", "nat", "Nan0", "0", "-1"}


def crowded(name, share=0.2, customers=100):
    """Return a log in which one id has that share of 500 rows."""
    many = int(500 * share)
    ids = [name] * many + [f"c{row % customers}" for row in range(500 - many)]
    return pd.DataFrame(
        {
            "customer_id": ids,
            "timestamp": [f"{datetime(2021, 1, 1) + timedelta(hours=row):%Y-%m-%d %H:%M}" for row in range(500)],
            "amount": "1.5",
        }
    ).to_csv(index=False)


def test_a_placeholder_with_many_rows_is_named(read):
    reading = read(crowded("0"))
    assert notice(reading, "crowded_id").message.startswith("column 'customer_id': '0' has 20.0% of the rows (100")
    assert "crowded_id" not in codes(read(crowded("0"), guest_ids=["0"]))


def test_an_id_of_a_customer_with_many_rows_is_never_named(read):
    text = "\n".join(read(crowded("ann@shop.example")).quality.lines())
    assert "one id (see row 2) has 20.0% of the rows" in text
    assert "ann@shop.example" not in text


@pytest.mark.parametrize("name", ["0", "-1", "kA", "99999", "Guest", "XXXX", "000-000", "N/D"])
def test_a_usual_placeholder_may_be_shown(name):
    assert is_placeholder(name)


@pytest.mark.parametrize("name", ["ann@shop.example", "C1078", "miller", "DE4711", "4711", "C1", "12", "Łą"])
def test_an_id_of_a_customer_may_not(name):
    assert not is_placeholder(name)


def test_even_customers_and_the_id_zero_raise_no_doubt(read):
    assert codes(read(crowded("0", 0.01))) == []


ALIKE = ["Ann@x.example", "ann@x.example", "bob\u200b", "bob", "Zoe\u0301", "Zo\u00e9", "carl", "1001.0", "1001"]


def test_ids_that_look_alike_are_counted_kept_and_folded_where_the_setting_says_so(read):
    text = "customer_id,timestamp,amount\n" + "".join(f"{name},2021-01-01,{row}.5\n" for row, name in enumerate(ALIKE))
    reading = read(text)
    found = notice(reading, "ids_alike")
    assert "3 of 8 ids differ" in found.message  # 1001.0 is 1001 in any case
    assert found.remedy.startswith("data.fold_ids=[case,invisible,unicode]")
    assert not any(name in found.line() for name in ("ann", "bob", "Zo"))
    folded = read(text, fold_ids=[Fold.case, Fold.invisible, Fold.unicode])
    assert folded.quality.customers == 5
    assert codes(folded) == []
    assert "padded_id" not in reading.faults


def test_ids_of_other_tables_are_folded_alike(read, write):
    people = write("customer_id,country\nANN,IT\n", "people.csv")
    table = TableSettings(path=str(people), attributes={"country": "country"})
    text = "customer_id,timestamp,amount\nann,2021-01-01,1.5\n"
    with pytest.raises(InputError, match=r"differ by capital letters\.\n  -> data\.fold_ids=\[case\]"):
        read(text, tables={"people": table})
    folded = read(text, tables={"people": table}, fold_ids=[Fold.case])
    assert folded.quality.tables["people"].known_customers == 1


MOMENT = pd.Timestamp("2021-01-03 17:40:00")
COUNTS = {
    "epoch_s": str(int(MOMENT.timestamp())),
    "epoch_ms": str(int(MOMENT.timestamp() * 1e3)),
    "epoch_us": str(int(MOMENT.timestamp() * 1e6)),
    "excel": str((MOMENT - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)),
    "days": "7673",
}


@pytest.mark.parametrize(
    ("name", "typed"), [(name, False) for name in COUNTS] + [("epoch_ms", True), ("excel", True), ("days", True)]
)
def test_counted_dates_are_read_and_named_where_they_are_not(write, read, refuse, name, typed):
    frame = pd.DataFrame({"customer_id": ["a", "b"], "timestamp": [COUNTS[name]] * 2, "amount": [1.5, 2.5]})
    frame = frame.assign(timestamp=pd.to_numeric(frame["timestamp"])) if typed else frame
    path = write(frame, "o.parquet") if typed else write(frame.to_csv(index=False))
    reading = read(path, date_format=name)
    assert set(reading.column("timestamp").values()) == {str(MOMENT.normalize() if name == "days" else MOMENT)}
    if name != "days" or not typed:
        assert f"data.date_format='{name}'" in refuse(path)


def test_counts_outside_the_calendar_are_counted_and_instants_become_local(read):
    text = "customer_id,timestamp,amount\na,1609695600,1.5\nb,1e300,1\nc,x,1\nd,-5,1\n"
    reading = read(text, date_format="epoch_s", timezone="Europe/Rome")
    assert reading.column("timestamp") == {"a": "2021-01-03 18:40:00"}
    assert reading.faults["unparseable_date"] == (2, 2, 3)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("03.01.21", "%d.%m.%y"),
        ("Jan 5, 2020", "%b %d, %Y"),
        ("5-Jan-2020", "%d-%b-%Y"),
        ("13/01/2020 3:45 PM", "%d/%m/%Y %I:%M %p"),
        ("tomorrow", None),
    ],
)
def test_a_date_that_cannot_be_read_suggests_its_pattern(cell, name):
    found = describe_date(cell)
    assert (found[1] if found else None) == name


def test_a_message_shows_the_first_cell_but_no_address(refuse):
    text = "customer_id,timestamp,amount\na,soon,1.5\na,2021-01-01,12 apples\n"
    message = refuse(text, max_set_aside_share=0.0)
    assert "here 'soon'" in message
    assert "here '12 apples'" in message
    assert "ann@" not in refuse(text.replace("soon", "ann@x.example"), max_set_aside_share=0.0)


def test_a_log_of_refunds_alone_is_refused_and_its_signs_can_be_turned(read, refuse):
    text = log_of(["-1.5", "-2.5", "-3.5"])
    message = refuse(text)
    assert "no order is left: all 3 rows have a negative amount and count as refunds." in message
    assert "data.sales_are_negative=true" in message
    turned = read(text, sales_are_negative=True)
    assert (total(turned), turned.quality.orders) == ("7.5000", 3)
    assert "mostly_refunds" in codes(read(log_of(["-1.5", "-2.5", "3.5"])))
    columns = Columns(order_id="amount")
    assert "no order is left" in refuse(log_of(["15", "25"]), columns=columns, refund_order_pattern="5$")


def test_a_log_whose_kinds_hold_no_order_is_refused(refuse):
    text = "customer_id,timestamp,amount,what\na,2021-01-01,1,open\nb,2021-01-01,1,click\n"
    message = refuse(text, columns=Columns(kind="what"))
    assert "no order is among the 2 events (1 of kind click, 1 of kind open)" in message


SHOPIFY = """Name,Email,Total,Created
#1,a@x,100.50,2021-01-03
#1,a@x,,2021-01-03
#1,a@x,,2021-01-03
#2,b@x,20.25,2021-01-04
#3,c@x,,2021-01-05
#4,d@x,-7.50,2021-01-06
#4,d@x,,2021-01-06
"""
SHOPIFY_COLUMNS = Columns(customer_id="Email", timestamp="Created", amount="Total", order_id="Name")


def test_lines_beside_the_one_with_the_amount_are_no_faults(read):
    text = SHOPIFY.replace("\n#1,a@x,,2021-01-03\n#1", "\n#1,a@x,,2021-01-03 00:01\n#1", 1)
    reading = read(text, columns=SHOPIFY_COLUMNS)
    assert reading.faults["missing_amount"] == (1, 1, 6)
    assert reading.faults["order_line"] == (3, 0, 3)
    assert "zero_amount" not in reading.faults
    assert total(reading) == "113.2500"
    assert reading.quality.orders == 2
    assert ("#4", "refund", "0.0000") in reading.rows("order_id", "kind", "amount")


def test_a_line_without_amount_beside_several_with_one_is_a_fault(read):
    text = "Name,Email,Total,Created\n#1,a,5.5,2021-01-03\n#1,a,6.5,2021-01-03\n#1,a,,2021-01-03\n"
    reading = read(text, columns=SHOPIFY_COLUMNS)
    assert reading.faults == {"missing_amount": (1, 1, 4)}


def repeated(totals):
    """Return a log with three lines per order, each with the order's total."""
    lines = [
        {"customer_id": f"c{order % 4}", "timestamp": f"2021-01-{order + 1:02}", "amount": paid, "o": order, "sku": sku}
        for order, paid in enumerate(totals)
        for sku in range(3)
    ]
    return pd.DataFrame(lines)


def test_a_total_on_every_line_is_a_doubt_and_can_be_counted_once(read):
    frame = repeated([10.5, 20.5, -5.5, 40.5, 50.5, 60.5, 10.5])
    columns = Columns(order_id="o", item="sku")
    reading = read(frame.to_csv(index=False), columns=columns)
    assert "in 7 of 7 orders with several lines" in notice(reading, "repeated_order_total").message
    assert float(total(reading)) == pytest.approx(frame["amount"].sum())
    once = read(frame.to_csv(index=False), columns=columns, amount_is_order_total=True)
    assert float(total(once)) == pytest.approx(frame.drop_duplicates("o")["amount"].sum())
    assert codes(once) == []
    assert once.quality.orders == 6
    shuffled = read(
        frame.sample(frac=1, random_state=1).to_csv(index=False), columns=columns, amount_is_order_total=True
    )
    assert shuffled.quality.fingerprint == once.quality.fingerprint
    lines = frame.assign(amount=[f"{row}.5" for row in range(len(frame))])
    assert codes(read(lines.to_csv(index=False), columns=columns)) == []


EUROPEAN = "customer_id;timestamp;amount\na;03/01/2021;4.212\nb;25/01/2021;561,60\nc;06/01/2021;807,15\n"
ONE = "customer_id;timestamp;amount\na;03/01/2021;4.212\n"


def trained(write, text, **chosen):
    """Return the settings that a bundle trained on a text keeps."""
    settings = DataSettings(path=str(write(text, "training.csv")), **{"max_set_aside_share": 1.0, **chosen})
    return with_spelling(settings, read_events(connect(EngineSettings()), settings).quality)


def score(settings, frame=None, path=None):
    """Return amounts and days of a file or a frame that is read by a bundle's settings."""
    chosen = DataSettings(**{**vars(settings), "path": str(path)})
    table = read_events(connect(EngineSettings()), chosen, frame).table.order_by("customer_id").execute()
    return [(f"{day:%Y-%m-%d}", str(amount)) for day, amount in zip(table["timestamp"], table["amount"], strict=True)]


def test_scoring_reads_by_what_training_found(write):
    settings = trained(write, EUROPEAN)
    assert score(settings, path=write(ONE)) == [("2021-01-03", "4212.0000")]
    assert score(settings, path=write(ONE.replace("03/01/2021", "2021-01-03"))) == [("2021-01-03", "4212.0000")]


@pytest.mark.parametrize(
    ("old", "new", "sentence", "chosen", "expected"),
    [
        ("4.212", "4212.50", "have a decimal point and none a decimal comma", {"decimal": "point"}, "4212.5000"),
        ("03/01", "01/25", "as 01/31/2021 (month_day), but the model was trained on 31/01/2021 (day_month)",
         {"date_format": "month_day"}, "4212.0000"),
        ("03/01/2021", "20210103", "20210131 (compact)", {"date_format": "compact"}, "4212.0000"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_training_is_refused_and_can_be_read_all_the_same(
    write, old, new, sentence, chosen, expected
):
    settings = trained(write, EUROPEAN)
    path = write(ONE.replace(old, new))
    with pytest.raises(InputError) as caught:
        score(settings, path=path)
    assert sentence in str(caught.value)
    ((name, value),) = chosen.items()
    assert f"data.{name}={value}" in str(caught.value)
    assert score(settings.read_as(chosen), path=path)[0][1] == expected


def test_the_currency_of_training_is_kept(write):
    settings = trained(write, log_of(["€1,50", "€2,50"]))
    with pytest.raises(InputError, match="amounts are in USD, but the model was trained on EUR"):
        score(settings, path=write(log_of(["$1,50"])))
    assert len(score(settings, path=write(log_of(["€1,50", "$1,50", "$2,50"])))) == 1


def test_cells_with_a_type_of_their_own_are_never_read_as_spellings(write):
    frame = pd.DataFrame({"customer_id": ["a"], "timestamp": pd.to_datetime(["2021-01-03"]), "amount": [4.212]})
    chosen = trained(write, EUROPEAN.replace("/", "."), decimal=Decimal.comma, date_format="%d.%m.%Y")
    assert score(chosen, frame) == [("2021-01-03", "4.2120")]
    assert score(trained(write, EUROPEAN), frame) == [("2021-01-03", "4.2120")]
    mixed = pd.DataFrame({"customer_id": ["a", "b"], "timestamp": ["03/01/2021"] * 2, "amount": [4.212, "5,50"]})
    assert [amount for _, amount in score(trained(write, EUROPEAN), mixed)] == ["4.2120", "5.5000"]


def test_a_row_too_long_for_the_engine_is_not_lost_without_a_count(refuse, read):
    rows = [f"C{row},2023-01-{1 + row % 28:02},5" for row in range(100)]
    long = [*rows[:50], "x" * 40_000_000 + ",2023-01-05,7", *rows[50:]]
    message = refuse("customer_id,timestamp,amount\n" + "\n".join(long) + "\n")
    assert "101 rows are in the file, 100 of them can be read: row 52 has 40,000,013 characters" in message
    assert read("customer_id,timestamp,amount\n" + "\n".join(rows)).quality.rows_read == 100
