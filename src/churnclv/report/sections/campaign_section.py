"""The section on campaigns: what each one changed against its hold-out, by the verdicts in their folders."""

from typing import Any

import pandas as pd

from ...decision.campaign_folder import read_verdict
from ...files import expanded
from ..charts import draw_bars, frame
from ..report_context import ReportContext, section
from ..section import Column, Figure, Grid, Note, Points, Section, Tiles
from ..texts.translation import Translation

TEXTS = {
    "title": {"en": "What the campaigns brought", "it": "Che cosa hanno portato le campagne"},
    "lead": {
        "en": "Each campaign left some customers alone, drawn at random. The difference between them and the treated "
        "is what the campaign changed, with its 95% interval; below zero fewer customers leave.",
        "it": "Ogni campagna ha lasciato in pace alcuni clienti, estratti a caso. La differenza fra loro e i trattati "
        "è ciò che la campagna ha cambiato, con il suo intervallo al 95%; sotto zero se ne vanno meno clienti.",
    },
    "worked": {
        "en": "{name:name} worked: it kept {kept:int} customers [{low:int}, {high:int}], whose value less its cost is "
        "{net:±money}.",
        "it": "{name:name} ha funzionato: ha trattenuto {kept:int} clienti [{low:int}, {high:int}], il cui valore "
        "meno il costo è {net:±money}.",
    },
    "harmed": {
        "en": "{name:name} did harm: {kept:±int} customers [{low:±int}, {high:±int}] stayed because of it, and their "
        "value less its cost is {net:±money}.",
        "it": "{name:name} ha fatto danno: {kept:±int} clienti [{low:±int}, {high:±int}] sono rimasti grazie a essa, "
        "e il loro valore meno il costo è {net:±money}.",
    },
    "nothing_shown": {
        "en": "{name:name} shows no effect: the interval of the customers it kept, {kept:int} [{low:int}, {high:int}], "
        "holds zero; their value less its cost is {net:±money}.",
        "it": "{name:name} non mostra alcun effetto: l'intervallo dei clienti trattenuti, {kept:int} [{low:int}, "
        "{high:int}], contiene lo zero; il loro valore meno il costo è {net:±money}.",
    },
    "promise.held": {"en": "held", "it": "mantenuta"},
    "promise.exceeded": {"en": "exceeded", "it": "superata"},
    "promise.missed": {"en": "not held", "it": "non mantenuta"},
    "promise.open": {"en": "open", "it": "aperta"},
    "axis": {"en": "change of the churn rate", "it": "variazione del tasso di abbandono"},
    "picture": {
        "en": "Change of the churn rate by each campaign, with 95% intervals",
        "it": "Variazione del tasso di abbandono per campagna, con intervalli al 95%",
    },
    "table": {"en": "Campaigns with a verdict", "it": "Campagne con un verdetto"},
    "population": {"en": "treated customers", "it": "clienti trattati"},
    "figure.campaign_kept": {"en": "Customers kept", "it": "Clienti trattenuti"},
    "figure.campaign_kept.is": {
        "en": "fall of the churn rate against the hold-out, times the treated, of the last campaign",
        "it": "calo del tasso di abbandono rispetto a chi è stato lasciato in pace, per i trattati, dell'ultima "
        "campagna",
    },
    "figure.campaign_net": {"en": "Value less cost", "it": "Valore meno costo"},
    "figure.campaign_net.is": {
        "en": "value of the customers kept less the cost of the last campaign",
        "it": "valore dei clienti trattenuti meno il costo dell'ultima campagna",
    },
    "column.campaign_name": {"en": "Campaign", "it": "Campagna"},
    "column.campaign_start": {"en": "Start", "it": "Inizio"},
    "column.campaign_treated": {"en": "Treated", "it": "Trattati"},
    "column.campaign_held_out": {"en": "Held out", "it": "Lasciati in pace"},
    "column.churn_effect": {"en": "Churn rate, points", "it": "Tasso di abbandono, punti"},
    "column.campaign_net": {"en": "Value less cost", "it": "Valore meno costo"},
    "column.promise": {"en": "The plan's promise", "it": "La promessa del piano"},
}  # fmt: skip
_EFFECT = ("churn_effect", "churn_effect_low", "churn_effect_high")
_COLUMNS = (
    Column("campaign_name"),
    Column("campaign_start"),
    Column("campaign_treated", "int"),
    Column("campaign_held_out", "int"),
    Column("churn_effect", "points", "churn_effect_low", "churn_effect_high"),
    Column("campaign_net", "money", "campaign_net_low", "campaign_net_high"),
    Column("promise"),
)


@section(
    "campaigns",
    kinds=("noncontractual", "contractual"),
    texts=TEXTS,
    place=25,
    wanted=lambda context: bool(context.settings.campaigns),
)
def campaigns(context: ReportContext) -> Section:
    """Return the section on the campaigns whose folders the settings name.

    Raises
    ------
    InputError
        A folder holds no campaign, or one without a verdict.
    """
    texts, verdicts = context.texts, _read_all(context.settings.campaigns)
    rows = pd.DataFrame([_row(name, plan, verdict, texts) for name, plan, verdict in verdicts])
    headlines = [_headline(name, verdict, texts) for name, _, verdict in verdicts]
    effect, low, high = (rows[name].to_numpy(dtype=float) for name in _EFFECT)
    names = [name.replace("$", r"\$") for name in rows["campaign_name"]]
    caption = texts.text("campaigns.picture")
    blocks = (
        Note(texts.text("campaigns.lead")),
        Tiles(_tiles(*verdicts[-1], texts)),
        frame(draw_bars(names, effect, low, high, texts.text("campaigns.axis")), headlines[-1], caption),
        Points(tuple(headlines)),
        Grid(texts.text("campaigns.table"), rows, _COLUMNS),
    )
    return Section("campaigns", blocks, headlines[-1], {"campaigns": rows})


Verdict = tuple[str, dict[str, Any], dict[str, Any]]


def _read_all(folders: list[str]) -> list[Verdict]:
    """Return name, plan and verdict of each campaign, the earliest first."""
    read = [(expanded(folder).resolve().name, *read_verdict(expanded(folder))) for folder in folders]
    return sorted(read, key=lambda one: (one[1]["start"], one[0]))


def _row(name: str, plan: dict[str, Any], verdict: dict[str, Any], texts: Translation) -> dict[str, Any]:
    churn, net = verdict["effects"]["churned"]["effect"], verdict["net"]
    return {
        "campaign_name": name,
        "campaign_start": plan["start"],
        "campaign_treated": verdict["treated"],
        "campaign_held_out": verdict["held_out"],
        "churn_effect": churn["value"],
        "churn_effect_low": churn["low"],
        "churn_effect_high": churn["high"],
        "campaign_net": net["value"],
        "campaign_net_low": net["low"],
        "campaign_net_high": net["high"],
        "promise": texts.text(f"campaigns.promise.{verdict['promise']}"),
    }


def _headline(name: str, verdict: dict[str, Any], texts: Translation) -> str:
    kept = verdict["kept"]
    figures = {"kept": kept["value"], "low": kept["low"], "high": kept["high"], "net": verdict["net"]["value"]}
    return texts.text(f"campaigns.{verdict['outcome']}", name=name, **figures)


def _tiles(name: str, plan: dict[str, Any], verdict: dict[str, Any], texts: Translation) -> tuple[Figure, ...]:
    population, n, period = texts.text("campaigns.population"), verdict["treated"], f"{name}, {plan['start']}"
    styles = {"kept": "int", "net": "money"}
    return tuple(
        Figure(
            f"campaign_{key}",
            verdict[key]["value"],
            style,
            period,
            population,
            n,
            verdict[key]["low"],
            verdict[key]["high"],
        )
        for key, style in styles.items()
    )
