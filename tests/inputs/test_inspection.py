"""What inspection makes of files: kind, roles, spelling, settings, and what it never states as sure."""

import shlex
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.inspection.column_names import STRONG, WEAK, name_evidence, plain_name
from churnclv.data.inspection.column_profile import profile_columns
from churnclv.data.inspection.column_relations import Relations
from churnclv.data.inspection.event_values import kinds_of
from churnclv.data.inspection.loaded_table import load_table
from churnclv.data.inspection.role_choice import Confidence
from churnclv.data.inspection.table_inspection import inspect_table
from churnclv.data.unreadable import describe_date
from churnclv.errors import InputError
from churnclv.pipeline.inspect import inspect, inspect_files, split_paths, train_command
from churnclv.pipeline.inspection_page import render_inspection, verdict
from churnclv.pipeline.settings import InspectConfig
from churnclv.progress import Progress
from churnclv.testing.market import Market, simulate


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    """A log of 300 customers over two years."""
    return simulate(Market(customers=300, days=730, birth_days=500), seed=3).log


def tabled(path: Path):
    return inspect_table(load_table(connect(EngineSettings()), str(path)))


def look(path: Path | str):
    return inspect_files(
        [str(path)] if isinstance(path, Path) else split_paths(path), InspectConfig(path=""), Progress()
    )


def saved(frame: pd.DataFrame, path: Path, **options) -> Path:
    frame.to_csv(path, index=False, **options)
    return path


def typed_frame() -> pd.DataFrame:
    """A row of each type twice, and one with nothing; a column has the name by which the engine counts rows."""
    days = pd.to_datetime(["2024-01-05 10:00", "2024-01-06 00:00", "2024-01-05 10:00", None])
    return pd.DataFrame({
        "file_row_number": ["a", "b", "a", None], "whole": pd.array([1, 20, 1, None], dtype="Int64"),
        "cents": [1.0, 2.25, 1.0, np.nan], "day": days.astype("datetime64[us]"),
        "nanosecond": days.astype("datetime64[ns]"), "flag": pd.array([True, False, True, None], dtype="boolean"),
    })  # fmt: skip


@pytest.mark.parametrize("dropped", [[], ["file_row_number"]])
def test_a_typed_file_has_the_texts_counts_and_duplicates_of_its_cells(tmp_path, dropped):
    typed_frame().drop(columns=dropped).to_parquet(tmp_path / "typed.parquet")
    table = load_table(connect(EngineSettings()), str(tmp_path / "typed.parquet"))
    cells = {
        "file_row_number": ["a", "b", "a", None], "whole": ["1", "20", "1", None], "cents": ["1", "2.25", "1", None],
        "day": ["2024-01-05 10:00:00", "2024-01-06 00:00:00", "2024-01-05 10:00:00", None],
        "nanosecond": ["2024-01-05 10:00:00", "2024-01-06 00:00:00", "2024-01-05 10:00:00", None],
        "flag": ["true", "false", "true", None],
    }  # fmt: skip
    shown = table.cells()
    assert shown.columns.tolist() == [name for name in cells if name not in dropped]
    assert {name: [None if pd.isna(cell) else cell for cell in shown[name]] for name in shown} == {
        name: texts for name, texts in cells.items() if name not in dropped
    }
    assert {(one.filled, one.distinct) for one in profile_columns(table).values()} == {(3, 2)}
    assert Relations(table).duplicates() == 1
    assert len(table.customers_sample("whole", 1)[0]) == 4  # a small file is taken whole


@pytest.mark.parametrize("unit", ["us", "ns"])
def test_the_days_of_typed_moments_are_those_of_their_texts(orders, tmp_path, unit):
    orders.assign(timestamp=orders["timestamp"].astype(f"datetime64[{unit}]")).to_parquet(tmp_path / "o.parquet")
    of_types, of_texts = look(tmp_path / "o.parquet").days, look(saved(orders, tmp_path / "o.csv")).days
    assert of_types == of_texts
    assert of_texts is not None


@pytest.mark.parametrize(
    ("part", "whole"),
    [("Subtotal", "Total"), ("Subtotale", "Totale"), ("Zwischensumme", "Gesamtbetrag"), ("Sous-total", "Montant TTC"),
     ("Subtotal", "Importe total")],
)  # fmt: skip
def test_a_subtotal_is_no_amount_where_a_total_stands_beside_it(orders, tmp_path, part, whole):
    assert name_evidence(part, "amount") == WEAK
    lines = orders.rename(columns={"amount": part}).assign(**{whole: orders["amount"] + 5.9})
    amount = tabled(saved(lines, tmp_path / "orders.csv")).roles["amount"]
    assert (amount.column, amount.confidence) == (whole, Confidence.sure)


def test_a_german_file_with_semicolons_and_decimal_commas(orders, tmp_path):
    frame = pd.DataFrame(
        {
            "Notiz": "x",
            "Betrag": orders["amount"].map(lambda amount: f"{amount:.2f} €".replace(".", ",")),
            "Bestelldatum": orders["timestamp"].dt.strftime("%d.%m.%Y"),
            "Kundennummer": orders["customer_id"],
        }
    )
    seen = look(saved(frame, tmp_path / "bestellungen.csv", sep=";"))
    main = seen.main
    assert main.kind.name == "orders"
    assert {role: choice.column for role, choice in main.roles.items()} == {
        "timestamp": "Bestelldatum", "customer_id": "Kundennummer", "amount": "Betrag",
    }  # fmt: skip
    assert all(choice.confidence is Confidence.sure for choice in main.roles.values())
    assert main.spelling["timestamp"].written == "days before months"
    assert main.spelling["amount"].written == "decimal comma"
    assert seen.can_train
    lines = list(render_inspection(seen))
    assert max(len(line.replace(f"{tmp_path}/", "")) for line in lines if line != seen.command) <= 80
    assert any("EUR" in line for line in lines)
    words = shlex.split(seen.command)
    assert words[:3] == ["make", "train", f"DATA={tmp_path / 'bestellungen.csv'}"]
    assert "data.columns.customer_id=Kundennummer" in words[3]


SHOPIFY = {
    "Name": ["#1001", "#1001", "#1002", "#1003"],
    "Email": ["Ann@example.com", "ann@example.com", "bob@example.com", "ann@example.com"],
    "Financial Status": ["paid", "", "paid", "refunded"],
    "Paid at": ["2024-01-05 10:00:00 +0100", "", "2024-02-07 11:00:00 +0100", "2024-03-01 09:00:00 +0100"],
    "Cancelled at": ["", "", "", "2024-03-02 09:00:00 +0100"],
    "Currency": ["EUR", "", "EUR", "EUR"],
    "Total": ["30.00", "", "12.50", "8.00"],
    "Created at": ["2024-01-05 10:00:00 +0100"] * 2 + ["2024-02-07 11:00:00 +0100", "2024-03-01 09:00:00 +0100"],
    "Lineitem quantity": ["1", "2", "1", "1"],
    "Lineitem name": ["Tazza", "Kerze", "Tazza", "Plaid"],
    "Lineitem price": ["10.00", "10.00", "12.50", "8.00"],
    "Source": ["web", "", "web", "web"],
}


def test_the_export_of_a_shop_system_is_recognised_by_its_columns(tmp_path):
    """Created, paid and cancelled look like contracts with a start and an end; the columns together are Shopify's."""
    seen = look(saved(pd.DataFrame(SHOPIFY), tmp_path / "orders_export_1.csv"))
    assert seen.main.export == "shopify_orders"
    assert seen.main.kind.name == "order lines"
    assert seen.main.column("amount") == "Total"
    assert seen.reading.words() == []
    assert seen.reading.windows == ()
    lines = list(render_inspection(seen))
    assert "  export         shopify_orders: read as conf/data/shopify_orders.yaml states" in lines
    assert "  customers      2" in lines  # Ann and ann are one, and a refunded order is none


def test_a_column_that_an_export_lacks_is_null(tmp_path):
    frame = pd.DataFrame(SHOPIFY).drop(columns="Source")
    seen = look(saved(frame, tmp_path / "orders.csv"))
    assert seen.main.export == "shopify_orders"
    assert seen.reading.words() == ["data.columns.channel=null"]


def test_a_date_of_payment_is_no_end_of_a_contract(tmp_path):
    """Of an unknown shop: `Paid at` is blank on further lines, and never before the order."""
    frame = pd.DataFrame(SHOPIFY)[["Name", "Email", "Paid at", "Created at", "Total"]]
    frame = pd.concat([frame] * 3).assign(Name=[f"#{number}" for number in range(12)])
    assert tabled(saved(frame, tmp_path / "orders.csv")).kind.name == "orders"


def test_a_subscription_export_keeps_its_start_and_end(tmp_path):
    frame = pd.DataFrame({
        "id": ["s1", "s2", "s3"], "Customer ID": ["c1", "c2", "c3"], "Plan": ["a", "b", "a"],
        "Amount": ["9", "19", "9"],
        "Currency": "eur", "Created (UTC)": ["2023-01-05", "2023-02-01", "2023-05-01"],
        "Ended At (UTC)": ["2023-06-05", "", ""],
    })  # fmt: skip
    main = look(saved(frame, tmp_path / "subscriptions.csv")).main
    assert (main.export, main.kind.name) == ("stripe_subscriptions", "contracts")
    assert (main.column("start"), main.column("end")) == ("Created (UTC)", "Ended At (UTC)")


def test_columns_without_a_name_are_never_sure(orders, tmp_path):
    """Cells alone: the column whose values come back on other days, the only dates, the only numbers with decimals."""
    frame = orders.assign(order=[f"B{number}" for number in range(len(orders))]).set_axis(
        ["c1", "c2", "c3", "c4"], axis=1
    )
    main = tabled(saved(frame, tmp_path / "export.csv"))
    assert {role: choice.column for role, choice in main.roles.items()} == {
        "customer_id": "c1", "timestamp": "c2", "amount": "c3",
    }  # fmt: skip
    assert not [choice for choice in main.roles.values() if choice.confidence is Confidence.sure]


def test_two_columns_with_as_good_a_name_are_not_sure(orders, tmp_path):
    frame = orders.rename(columns={"timestamp": "order date", "amount": "total"})
    frame = frame.assign(**{"invoice date": frame["order date"] + pd.Timedelta(days=3)})
    roles = tabled(saved(frame, tmp_path / "two.csv")).roles
    assert roles["timestamp"].confidence is Confidence.likely
    assert any("also possible: 'invoice date'" in reason for reason in roles["timestamp"].reasons)
    assert roles["customer_id"].confidence is Confidence.sure


@pytest.mark.parametrize("name", ["currency", "count", "comma", "text"])
def test_a_column_of_numbers_may_have_the_name_of_a_fact(name, orders, tmp_path):
    assert tabled(saved(orders.assign(**{name: 1.5}), tmp_path / "facts.csv")).profiles[name].is_number


def test_the_name_of_a_person_is_no_order(orders, tmp_path):
    frame = orders.assign(name=orders["customer_id"].map(lambda one: f"Person {one}"))
    assert "order_id" not in tabled(saved(frame, tmp_path / "names.csv")).roles


def test_ambiguous_dates_are_shown_and_decided_by_the_order_of_the_rows(tmp_path):
    days = pd.date_range("2023-01-01", "2023-12-31").to_series()
    days = days[(days.dt.day <= 12)]
    log = pd.DataFrame(
        {
            "customer_id": [f"C{place % 25}" for place in range(len(days) * 4)],
            "timestamp": np.repeat(days.dt.strftime("%m/%d/%Y").to_numpy(), 4),
            "amount": 12.5,
        }
    )
    spelled = tabled(saved(log, tmp_path / "us.csv")).spelling["timestamp"]
    assert spelled.settings == {"day_first": False}
    assert spelled.cells[0] in set(log["timestamp"])
    assert "in order of time under this reading alone" in spelled.grounds


def test_ambiguous_amounts_are_shown_and_decided_by_the_separator(orders, tmp_path):
    whole = orders["amount"].map(lambda amount: f"{1 + int(amount) % 9}.{int(amount * 100) % 1000:03}")
    spelled = tabled(saved(orders.assign(amount=whole), tmp_path / "thousands.csv", sep=";")).spelling["amount"]
    assert spelled.settings == {"decimal": "comma"}
    assert set(spelled.cells) <= set(whole)
    assert "semicolons" in spelled.grounds


@pytest.mark.parametrize(
    ("written", "setting"),
    [
        (lambda moment: moment.astype("int64") // 10**9, "epoch_s"),
        (lambda moment: ((moment - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)).round(5), "excel"),
        (lambda moment: moment.dt.strftime("%d-%b-%Y"), "%d-%b-%Y"),
    ],
)
def test_dates_that_need_a_format_get_it(orders, tmp_path, written, setting):
    moments = orders["timestamp"].astype("datetime64[ns]")
    seen = tabled(saved(orders.assign(timestamp=written(moments)), tmp_path / "dates.csv"))
    assert seen.settings["date_format"] == setting


@pytest.mark.slow
def test_a_log_without_amounts_gets_a_command_without_them(orders, tmp_path):
    seen = look(saved(orders[["customer_id", "timestamp"]], tmp_path / "visits.csv"))
    assert "data.columns.amount=null" in seen.command


def test_lines_of_orders_their_totals_and_cancellations(orders, tmp_path):
    lines = orders.assign(invoice=[f"{1000 + place}" for place in range(len(orders))], quantity=2)
    lines = pd.concat([lines, lines]).sort_values("invoice", kind="stable").rename(columns={"amount": "unit price"})
    lines["sku"] = [f"S{place % 17}" for place in range(len(lines))]
    cancelled = lines.head(40).assign(quantity=-2, invoice=lambda frame: "C" + frame["invoice"])
    seen = tabled(saved(pd.concat([lines, cancelled]), tmp_path / "lines.csv"))
    assert seen.kind.name == "order lines"
    assert seen.settings["refund_order_pattern"] == "^C"
    assert {"price": "unit price", "quantity": "quantity", "order_id": "invoice", "item": "sku"}.items() <= {
        role: choice.column for role, choice in seen.roles.items()
    }.items()


def test_events_are_orders_and_actions(orders, tmp_path):
    visits = orders.assign(event_name="page_view", amount=None)
    frame = pd.concat([orders.assign(event_name="purchase"), visits]).sort_values("timestamp")
    seen = tabled(saved(frame, tmp_path / "events.csv"))
    assert seen.kind.name == "events"
    assert (seen.settings["kinds"], seen.settings["other_kind"]) == ({"purchase": "order"}, "action")


def contracts(number: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(5)
    start = pd.Timestamp("2022-01-01") + pd.to_timedelta(random.integers(0, 600, number), unit="D")
    end = start + pd.to_timedelta(random.integers(30, 900, number), unit="D")
    closed = pd.Series(end).where(end < pd.Timestamp("2024-01-01")).dt.strftime("%Y-%m-%d").fillna("attivo")
    return pd.DataFrame({
        "codice cliente": np.arange(number), "data inizio": start.strftime("%Y-%m-%d"), "data fine": closed,
        "canone mensile": 9.9,
    })  # fmt: skip


@pytest.mark.slow
def test_contracts_with_a_text_for_open_ones(tmp_path):
    seen = look(saved(contracts(), tmp_path / "contratti.csv"))
    assert seen.main.kind.name == "contracts"
    assert {choice.column for choice in seen.main.roles.values()} == set(contracts().columns)
    assert seen.reading.values["open_tokens"] == ["attivo"]
    assert seen.command.startswith('make train ARGS="data=subscriptions')
    assert "windows=monthly" in seen.command


@pytest.mark.slow
def test_a_labelled_table_and_the_value_of_those_who_left(tmp_path):
    random = np.random.default_rng(2)
    table = pd.DataFrame(
        {
            "kunden_id": np.arange(500),
            "alter": random.integers(18, 80, 500),
            "Gekündigt": random.choice(["Ja", "Nein"], 500),
        }
    )
    seen = look(saved(table, tmp_path / "kunden.csv"))
    assert (seen.main.kind.name, seen.reading.values["positive"]) == ("a labelled table", "Ja")
    assert "'data.target=Gekündigt'" in seen.command or "data.target=Gekündigt" in seen.command


@pytest.mark.slow
def test_attributes_beside_a_log(orders, tmp_path):
    saved(orders, tmp_path / "orders.csv")
    people = pd.DataFrame({"customer_id": orders["customer_id"].unique()})
    people["Paese"] = [("IT", "DE")[place % 2] for place in range(len(people))]
    people["email"] = people["customer_id"] + "@example.com"
    saved(people, tmp_path / "people.csv")
    seen = look(f"{tmp_path}/orders.csv,{tmp_path}/people.csv")
    assert seen.reading.values["tables"]["people"]["attributes"] == {"paese": "Paese"}  # no address is learned from
    assert "+data.tables.people.attributes.paese=Paese" in seen.command
    alone = look(tmp_path / "people.csv")
    assert not alone.can_train
    assert "nothing to train on alone" in verdict(alone)


@pytest.mark.slow
def test_two_customers_are_too_few(tmp_path):
    table = pd.DataFrame({"customer_id": ["A", "B", "A"], "timestamp": ["2023-01-01", "2023-01-05", "2023-02-01"]})
    seen = look(saved(table.assign(amount=5.5), tmp_path / "few.csv"))
    assert not seen.can_train
    assert "cannot be trained" in verdict(seen)


@pytest.mark.slow
def test_few_leavers_get_a_date_or_the_probabilistic_model(tmp_path):
    log = simulate(Market(customers=60, days=500, birth_days=300, r=3.0, alpha=40.0, a=0.05), seed=4).log
    text = verdict(look(saved(log, tmp_path / "loyal.csv")))
    assert "wait until" in text or "probabilistic model alone" in text


@pytest.mark.slow
@pytest.mark.parametrize("leaves_last", [0, 1])
def test_leavers_of_the_last_days_alone_are_nothing_to_learn_from(tmp_path, leaves_last):
    """Training learns at earlier cutoffs than the last one that can be checked."""
    days = pd.date_range("2021-01-01", periods=30, freq="30D")
    rows = [(f"c{n}", day + pd.Timedelta(days=n % 5), 10 + n) for n in range(40) for day in days]
    late = days[-1] - pd.Timedelta(days=20)
    kept = [row for row in rows if not leaves_last or row[0] != "c0" or row[1] < late]
    log = pd.DataFrame(kept, columns=["customer_id", "timestamp", "amount"])
    seen = look(saved(log, tmp_path / "orders.csv"))
    assert not seen.can_train
    assert "nobody of" in verdict(seen)
    assert ("at the training cutoffs" in verdict(seen)) == bool(leaves_last)


@pytest.mark.slow
def test_one_wrong_year_is_left_out(orders, tmp_path):
    late = pd.DataFrame({"customer_id": ["C1"], "timestamp": [pd.Timestamp("2020-05-05")], "amount": [3.0]})
    seen = look(saved(pd.concat([orders, late]), tmp_path / "late.csv"))
    assert seen.reading.values["latest"] == f"{orders['timestamp'].max().normalize() + pd.Timedelta(days=1):%Y-%m-%d}"
    assert any("after all others" in doubt for doubt in seen.days.doubts)


@pytest.mark.slow
def test_guests_widen_what_may_be_set_aside(orders, tmp_path):
    frame = orders.assign(customer_id=orders["customer_id"].where(np.arange(len(orders)) % 4 > 0, "NA"))
    seen = look(saved(frame, tmp_path / "guests.csv"))
    assert 0.25 < seen.reading.values["max_set_aside_share"] <= 0.35  # every fourth row is a guest's
    assert seen.can_train


def test_settings_are_saved_where_the_user_calls_from_and_never_over_other_files(orders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved(orders.rename(columns={"customer_id": "buyer"}), tmp_path / "orders.csv")
    printed: list[str] = []
    inspect(InspectConfig(path="orders.csv", save="myshop"), Progress(), printed.append)
    path = tmp_path / "conf" / "data" / "myshop.yaml"
    stored = yaml.safe_load(path.read_text())
    assert (stored["name"], stored["path"]) == ("myshop", str(tmp_path / "orders.csv"))
    assert stored["columns"]["customer_id"] == "buyer"
    assert "data=myshop" in printed[-1]
    inspect(InspectConfig(path="orders.csv", save="myshop"), Progress(), printed.append)  # its own
    path.write_text("name: mine\n")
    with pytest.raises(InputError, match="does not hold settings that inspect wrote"):
        inspect(InspectConfig(path="orders.csv", save="myshop"), Progress(), printed.append)
    for name in ("cdnow", "../up", "a b"):
        with pytest.raises(InputError, match=r"has that name|not a name"):
            inspect(InspectConfig(path="orders.csv", save=name), Progress(), printed.append)
    assert path.read_text() == "name: mine\n"


def test_paths_of_several_files(tmp_path):
    for name in ("a.csv", "b.csv", "a b.csv"):
        (tmp_path / name).write_text("x\n")
    a, b, blank = (str(tmp_path / name) for name in ("a.csv", "b.csv", "a b.csv"))
    assert split_paths(blank) == [blank]
    assert split_paths(f"{a},{b}") == split_paths(f"{a} {b}") == [a, b]
    assert split_paths("missing a.csv") == ["missing a.csv"]


@pytest.mark.parametrize("column", ["Price (USD)", "Total, incl. tax", "it's", 'say "hi"', "a$b", "back`tick", "x=y"])
def test_the_command_survives_make_and_the_shells(column, tmp_path):
    """ARGS passes the caller's shell, make and the recipe's shell."""
    import subprocess

    command = train_command(
        "transactions", "my orders.csv", [f"data.columns.amount={column}", "windows.horizon_days=60"]
    )
    makefile = tmp_path / "Makefile"
    makefile.write_text("SHELL := /bin/bash\ntrain:\n\t@printf '%s\\n' \"$$DATA\" $(ARGS)\n")
    done = subprocess.run(
        ["/bin/bash", "-c", command.replace("make train", "make --no-print-directory -f Makefile train", 1)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["my orders.csv", f"data.columns.amount={column}", "windows.horizon_days=60"]


@pytest.mark.parametrize(
    ("name", "role", "evidence"),
    [
        ("Data_Ordine", "timestamp", STRONG), ("dataOrdine", "timestamp", STRONG), ("N° de commande", "order_id", 0),
        ("KundenNr", "customer_id", STRONG), ("shipping amount", "amount", 0.0), ("phone number", "customer_id", 0.0),
        ("Total (EUR)", "amount", STRONG), ("my total", "amount", WEAK), ("Auftrags-Nr.", "order_id", STRONG),
        ("Código de cliente", "customer_id", STRONG),
    ],
)  # fmt: skip
def test_names_in_several_languages(name, role, evidence):
    assert name_evidence(name, role) == evidence or (evidence == 0 and role == "order_id")
    assert plain_name("Straße É") == "strasse e"


def test_values_of_kinds():
    assert kinds_of(["Completed", "Refunded", "Cancelled"], "Order Status") == (
        {"Completed": "order", "Refunded": "refund"}, None
    )  # fmt: skip
    assert kinds_of(["acquisto", "visita"], "evento") == ({"acquisto": "order"}, "action")
    assert kinds_of(["red", "blue"], "type") is None
    assert kinds_of(["purchase", "click"], "event") == ({"purchase": "order"}, "action")  # of no message


def test_customers_of_a_large_file_are_counted(tmp_path):
    """An estimate was a fifth off, and a column of orders could pass for one of customers."""
    numbers = np.arange(60_000)
    frame = pd.DataFrame({
        "order_id": [f"O{number}" for number in numbers],
        "buyer": [f"C{number % 23_456}" for number in numbers],
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(numbers // 100, unit="D"),
    })  # fmt: skip
    path = tmp_path / "many.parquet"
    frame.to_parquet(path)
    profiles = tabled(path).profiles
    assert {name: profiles[name].distinct for name in frame} == {"order_id": 60_000, "buyer": 23_456, "day": 600}


@pytest.mark.parametrize("day", ["%d.%m.%y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%d%b%Y", "%a, %d %b %Y", "%Y%m%d"])
@pytest.mark.parametrize("clock", ["", " %H:%M", " %I:%M:%S %p", ", %I:%M %p", "_%H%M%S"])
def test_a_date_of_a_known_pattern_is_read_by_it(day, clock):
    moment = datetime(2021, 11, 23, 17, 5)  # shop time
    cell = moment.strftime(day + clock)
    _, pattern = describe_date(cell)
    assert datetime.strptime(cell, pattern) in (moment, moment.replace(hour=0, minute=0))  # noqa: DTZ007


@pytest.mark.parametrize("cell", ["C000123", "", "Monday", "10:00 PM", "2020-13-45", "12.03.2020 noon", "a.b.c"])
def test_a_cell_that_is_no_date_has_no_pattern(cell):
    assert describe_date(cell) is None
