"""How many roles of columns `make inspect` gets right, on the files of a folder and on changed copies of them.

    python experiments/benchmarks/inspect_roles.py FOLDER [FOLDER ...]

Every file whose columns are listed below is inspected as it is, with its columns shuffled, and with the columns
that play a role renamed: to other English names, and to Italian, German, French and Spanish ones. Names are drawn by
the file's place, so that no language has one name alone. A column that is given a role which it does not play counts as
wrong. Files are cut to their first 5,000 rows. A made-up export of 79 columns, in the shape in which Shopify writes
orders, is inspected beside them, and as if its header were not known.
"""

import random
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd
import wide_export

from churnclv.data.engine import EngineSettings, connect
from churnclv.data.inspection.loaded_table import load_table
from churnclv.data.inspection.role_choice import Confidence
from churnclv.data.inspection.table_inspection import inspect_table

MOST_ROWS = 5_000
ORDERS = {"customer_id": "customer_id", "timestamp": "timestamp", "amount": "amount"}
CONTRACTS = {"customer_id": "customer_id", "start": "start", "end": "end", "price": "price"}
LABELLED = {"customer_id": "member", "target": "left"}
WIDE = "wide_export.csv"
TRUTH: dict[str, dict[str, str]] = {  # end of the path -> role -> column; several columns between bars are all right
    "data-05-labelled-decimal-comma/lab_comma.csv": LABELLED,
    "data-05-labelled-decimal-comma/lab_point.csv": LABELLED,
    "data-12-scoring-numbers-become-missing/lab_point.csv": LABELLED,
    "data-12-scoring-numbers-become-missing/ls_comma.csv": {"customer_id": "member"},
    "data-23-ids-as-features/lab_ids.csv": LABELLED,
    "data-06-inclusive-ends/contracts.csv": CONTRACTS,
    "data-18-word-NULL-as-open/contracts.csv": CONTRACTS,
    "data-08-currency-column/orders.csv": {**ORDERS, "currency": "currency"},
    "data-10-column-names/orders.csv": {**ORDERS, "amount": "Price (USD)"},
    "data-16-order-total-on-every-line/lines.csv": {
        "customer_id": "customer_id",
        "timestamp": "timestamp",
        "amount": "order_total",
        "order_id": "order",
        "item": "sku",
    },
    "data-17-attributes-match-nobody/people.csv": {"customer_id": "customer_id"},
    "data-21-shopify-lines/orders_export.csv": {
        "customer_id": "Email",
        "timestamp": "Created at",
        "amount": "Total",
        "order_id": "Name",
        "item": "Lineitem name",
        "quantity": "Lineitem quantity",
        "currency": "Currency",
        "kind": "Financial Status",
    },
    "data-24-everything-sent-back/returners.csv": {"customer_id": "customer_id"},
    WIDE: wide_export.TRUTH,
    "data/grocery.csv": {"customer_id": "cust", "timestamp": "date"},
    "data/hillstrom.csv": {},
    "data/telco.csv": {"customer_id": "customerID", "target": "Churn"},
    "telco_contracts/contract.csv": {
        "customer_id": "customerID",
        "start": "BeginDate",
        "end": "EndDate",
        "price": "MonthlyCharges",
        "plan": "Type",
    },
    "telco_contracts/internet.csv": {"customer_id": "customerID"},
    "telco_contracts/personal.csv": {"customer_id": "customerID"},
    "telco_contracts/phone.csv": {"customer_id": "customerID"},
    "apparel/apparelTrans.csv": {"customer_id": "Id", "timestamp": "Date", "amount": "Price"},
    "apparel/apparelStaticCov.csv": {"customer_id": "Id"},
    "apparel/apparelDynCov.parquet": {"customer_id": "Id", "timestamp": "Cov.Date"},
    "data/shop_events.parquet": {
        "customer_id": "user_id",
        "timestamp": "event_timestamp",
        "kind": "event_name",
        "item": "item_id|item_name",
        "category": "item_category",
        "price": "price",
        "quantity": "quantity",
    },
    "data/online_retail_II.parquet": {
        "customer_id": "Customer ID",
        "timestamp": "InvoiceDate",
        "order_id": "Invoice",
        "item": "StockCode|Description",
        "quantity": "Quantity",
        "price": "Price",
    },
}
NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "renamed": {
        "customer_id": ("CustNo", "buyer_id", "Client Number", "userId"),
        "timestamp": ("OrderDate", "purchased_at", "Transaction Date"),
        "amount": ("Net Revenue", "order_value", "TotalPaid"),
        "price": ("UnitPrice", "price_per_item"),
        "quantity": ("Qty", "units_sold"),
        "order_id": ("Order #", "InvoiceNo", "receipt_id"),
        "item": ("ProductCode", "SKU", "article_no"),
        "category": ("Product Category", "department"),
        "kind": ("event_type", "Activity"),
        "currency": ("CurrencyCode", "ccy"),
        "start": ("valid_from", "Start Date"),
        "end": ("valid_to", "Cancellation Date"),
        "plan": ("Tariff", "plan_name"),
        "target": ("churned", "Exited"),
    },
    "italian": {
        "customer_id": ("Cod. Cliente", "ID cliente", "cliente", "Numero cliente"),
        "timestamp": ("Data ordine", "Data acquisto", "data"),
        "amount": ("Importo totale", "Totale (€)", "importo"),
        "price": ("Prezzo unitario", "Canone mensile"),
        "quantity": ("Quantità", "Pezzi"),
        "order_id": ("N. ordine", "Numero ordine", "Scontrino"),
        "item": ("Codice articolo", "Prodotto"),
        "category": ("Categoria", "Reparto"),
        "kind": ("Tipo evento", "Azione"),
        "currency": ("Valuta", "Divisa"),
        "start": ("Data inizio", "Inizio contratto"),
        "end": ("Data fine", "Data disdetta"),
        "plan": ("Piano", "Tipo contratto"),
        "target": ("Abbandono", "ha_disdetto"),
    },
    "german": {
        "customer_id": ("Kundennummer", "Kunden-ID", "Kd-Nr.", "KundenNr"),
        "timestamp": ("Bestelldatum", "Rechnungsdatum", "Datum"),
        "amount": ("Gesamtbetrag", "Umsatz (EUR)", "Betrag"),
        "price": ("Einzelpreis", "Preis pro Monat"),
        "quantity": ("Menge", "Anzahl"),
        "order_id": ("Bestellnummer", "Auftrags-Nr.", "Belegnummer"),
        "item": ("Artikelnummer", "Produktname"),
        "category": ("Warengruppe", "Kategorie"),
        "kind": ("Ereignis", "Aktion"),
        "currency": ("Währung", "Währungscode"),
        "start": ("Vertragsbeginn", "gültig von"),
        "end": ("Vertragsende", "Kündigungsdatum"),
        "plan": ("Tarif", "Vertragsart"),
        "target": ("gekündigt", "Abgewandert"),
    },
    "french": {
        "customer_id": ("N° client", "Code client", "id_client", "Client"),
        "timestamp": ("Date de commande", "Date d'achat", "Date facture"),
        "amount": ("Montant TTC", "Montant total", "Chiffre d'affaires"),
        "price": ("Prix unitaire", "Mensualité"),
        "quantity": ("Quantité", "Qté"),
        "order_id": ("N° de commande", "Numéro facture", "Ticket"),
        "item": ("Référence", "Nom du produit"),
        "category": ("Catégorie", "Rayon"),
        "kind": ("Évènement", "Type d'évènement"),
        "currency": ("Devise", "Monnaie"),
        "start": ("Date de début", "Début contrat"),
        "end": ("Date de fin", "Date de résiliation"),
        "plan": ("Forfait", "Offre"),
        "target": ("Résilié", "parti"),
    },
    "spanish": {
        "customer_id": ("Código de cliente", "ID Cliente", "Nº cliente", "usuario"),
        "timestamp": ("Fecha del pedido", "Fecha de compra", "fecha"),
        "amount": ("Importe total", "Importe (€)", "Monto"),
        "price": ("Precio unitario", "Cuota mensual"),
        "quantity": ("Cantidad", "Uds."),
        "order_id": ("Nº de pedido", "Número de factura", "Pedido"),
        "item": ("Referencia", "Producto"),
        "category": ("Categoría", "Familia"),
        "kind": ("Tipo de evento", "Acción"),
        "currency": ("Moneda", "Divisa"),
        "start": ("Fecha de alta", "Fecha inicio"),
        "end": ("Fecha de baja", "Fecha fin"),
        "plan": ("Tarifa", "Plan"),
        "target": ("Abandono", "dado_de_baja"),
    },
}


def truth_of(path: Path) -> dict[str, str] | None:
    """Return role -> column of a file; None for a file that is not listed."""
    listed = next((roles for end, roles in TRUTH.items() if str(path).endswith(end)), None)
    if listed is None and path.name in {
        "orders.csv",
        "one_customer.csv",
        "orders_without_wholesale.csv",
        "epoch.csv",
        "excel_serial.csv",
        "reais.csv",
        "train.csv",
        "eu_one.csv",
        "eu_amb.csv",
        "shop_a.csv",
        "shop_b.csv",
    }:
        return ORDERS
    return listed


def read(path: Path) -> tuple[pd.DataFrame, str]:
    """Return the first rows of a file as text (typed for Parquet), and its separator."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).head(MOST_ROWS), ""
    with path.open(encoding="utf-8") as lines:
        separator = ";" if ";" in next(lines) else ","
    return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, nrows=MOST_ROWS), separator


def variants(frame: pd.DataFrame, truth: dict[str, str], place: int) -> dict[str, tuple[pd.DataFrame, dict[str, str]]]:
    """Return the changed copies of a file by name, each with its own truth."""
    shuffled = random.Random(place).sample(list(frame.columns), len(frame.columns))  # no secret
    made = {"as it is": (frame, truth), "shuffled": (frame[shuffled], truth)}
    for language, names in NAMES.items():
        renames = {}
        for role, column in truth.items():
            choices = names.get(role, (column,))
            renames[column.partition("|")[0]] = choices[place % len(choices)]
        renamed = {
            role: "|".join(renames.get(name, name) for name in column.split("|")) for role, column in truth.items()
        }
        made[language] = (frame.rename(columns=renames), renamed)
    return made


def count_roles(
    frame: pd.DataFrame, separator: str, truth: dict[str, str], folder: Path
) -> list[tuple[bool, Confidence | None, str]]:
    """Return, for each role that is played or given, whether it is right, the confidence, and a description."""
    path = folder / ("table.csv" if separator else "table.parquet")
    if separator:
        frame.to_csv(path, sep=separator, index=False)
    else:
        frame.to_parquet(path)
    given = inspect_table(load_table(connect(EngineSettings()), str(path))).roles
    counted: list[tuple[bool, Confidence | None, str]] = []
    for role in dict.fromkeys([*truth, *given]):
        choice, wanted = given.get(role), truth.get(role, "").split("|")
        right = choice is not None and choice.column in wanted
        described = f"{role}: wanted {truth.get(role)!r}, given {None if choice is None else choice.column!r}"
        counted.append((right, None if choice is None else choice.confidence, described))
    return counted


def inspect_variants(paths: list[Path], counts: dict[str, Counter[str]]) -> None:
    """Inspect the files and their copies, add to the counts by kind of copy, and print every role that is wrong.

    Of files with the same columns and roles, the first has every copy; a later one is inspected as it is, and with the
    names of one language in turn.
    """
    seen: set[tuple[str, ...]] = set()
    with tempfile.TemporaryDirectory() as temporary:
        for place, path in enumerate(paths):
            truth = truth_of(path)
            if truth is None:
                print(f"not listed: {path}")
                continue
            print(f"{place + 1} of {len(paths)}: {path.parent.name}/{path.name}", file=sys.stderr, flush=True)
            frame, separator = read(path)
            made = variants(frame, truth, place)
            columns = (*map(str, frame.columns), separator)
            chosen = list(made) if columns not in seen else ["as it is", list(made)[1 + place % (len(made) - 1)]]
            seen.add(columns)
            for name in chosen:
                copy, roles = made[name]
                for right, confidence, described in count_roles(copy, separator, roles, Path(temporary)):
                    is_sure = confidence is Confidence.sure
                    counts[name].update(roles=1, right=right, sure=is_sure, wrong_and_sure=is_sure and not right)
                    if not right:
                        stated = "none" if confidence is None else confidence.value
                        print(f"{name}, {path.parent.name}/{path.name}: {described} ({stated})", flush=True)


def main(folders: list[str]) -> None:
    """Print the counts by kind of copy, also of what was counted before the script is stopped."""
    everything = [path for folder in folders for path in sorted(Path(folder).rglob("*"))]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory() as temporary:
            wide = Path(temporary) / WIDE
            wide_export.make_wide_export().to_csv(wide, index=False)
            inspect_variants([*(path for path in everything if path.suffix in {".csv", ".parquet"}), wide], counts)
    except KeyboardInterrupt:
        print("stopped before the end")
    counts["all"] = sum(counts.values(), Counter())
    print(f"{'copy':<12}{'roles':>7}{'right':>7}{'share':>8}{'sure':>6}{'wrong and sure':>16}")
    for name, count in counts.items():
        share, wrong = count["right"] / max(count["roles"], 1), count["wrong_and_sure"]
        print(f"{name:<12}{count['roles']:>7}{count['right']:>7}{share:>8.1%}{count['sure']:>6}{wrong:>16}")


if __name__ == "__main__":
    main(sys.argv[1:])
