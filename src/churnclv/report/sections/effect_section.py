"""The section on learned effects: whom a contact changes, by the record in a bundle of an experiment."""

from typing import Any

import pandas as pd

from ...decision.effect_record import read_effect_record
from ...evaluation.effect_evaluation import BY_EFFECT, NOBODY
from ...evaluation.metrics import Array
from ...files import expanded
from ...uplift.no_heterogeneity import NoHeterogeneity
from ..charts import draw_bars, frame
from ..report_context import ReportContext, section
from ..section import Column, Figure, Grid, Note, Points, Section, Tiles
from ..texts.translation import Translation

TEXTS = {
    "title": {"en": "Whom a contact changes", "it": "Chi cambia per un contatto"},
    "lead_random": {
        "en": "An experiment gave contacts at random, so that what differs between the contacted and the others is due "
        "to the contact. All figures are of {n:customer|customers} whom the models had not seen, with 95% intervals.",
        "it": "Un esperimento ha distribuito i contatti a caso, perciò ciò che distingue i contattati dagli altri è "
        "dovuto al contatto. Tutte le cifre sono di {n:cliente|clienti} che i modelli non avevano visto, con "
        "intervalli al 95%.",
    },
    "lead_adjusted": {
        "en": "Contacts were not given at random: effects are adjusted for what was recorded, and something unrecorded "
        "may stand behind them. All figures are of {n:customer|customers} whom the models had not seen, with 95% "
        "intervals.",
        "it": "I contatti non sono stati distribuiti a caso: gli effetti sono corretti per ciò che è stato registrato, "
        "e dietro può esserci qualcosa di non registrato. Tutte le cifre sono di {n:cliente|clienti} che i modelli non "
        "avevano visto, con intervalli al 95%.",
    },
    "unit_share": {
        "en": "An effect is the change of the share of customers with “{outcome:name}”, in percentage points.",
        "it": "Un effetto è la variazione della quota di clienti con «{outcome:name}», in punti percentuali.",
    },
    "unit_amount": {
        "en": "An effect is the change of “{outcome:name}” per 1,000 customers.",
        "it": "Un effetto è la variazione di «{outcome:name}» ogni 1.000 clienti.",
    },
    "same_for_all": {
        "en": "{arm:name}: the same effect for everybody. No model told apart whom it changes more; its average "
        "effect is {average}.",
        "it": "{arm:name}: lo stesso effetto per tutti. Nessun modello ha distinto chi cambia di più; l'effetto "
        "medio è {average}.",
    },
    "ranked": {
        "en": "{arm:name}: customers differ in what it changes, and the model ranks them ({chosen:name}; AUTOC "
        "{autoc}, above zero beyond chance). Its average effect is {average}.",
        "it": "{arm:name}: i clienti differiscono in ciò che cambia, e il modello li ordina ({chosen:name}; AUTOC "
        "{autoc}, sopra lo zero oltre il caso). L'effetto medio è {average}.",
    },
    "not_ranked": {
        "en": "{arm:name}: a model was chosen ({chosen:name}), but on unseen customers its ranking is not beyond "
        "chance (AUTOC {autoc}). Its average effect is {average}.",
        "it": "{arm:name}: è stato scelto un modello ({chosen:name}), ma su clienti mai visti il suo ordinamento "
        "non supera il caso (AUTOC {autoc}). L'effetto medio è {average}.",
    },
    "plan_gains": {
        "en": "Contacting by effect gains {gain:±money} [{low:±money}, {high:±money}] per 1,000 customers over "
        "contacting nobody, and reaches {treated:%} of them.",
        "it": "Contattare secondo l'effetto guadagna {gain:±money} [{low:±money}, {high:±money}] ogni 1.000 clienti "
        "rispetto a non contattare nessuno, e ne raggiunge il {treated:%}.",
    },
    "against": {
        "en": "Against “{rival}”, the best rule that looks at no effect, that is {gain:±money} [{low:±money}, "
        "{high:±money}] per 1,000 customers.",
        "it": "Rispetto a «{rival}», la migliore regola che non guarda gli effetti, sono {gain:±money} [{low:±money}, "
        "{high:±money}] ogni 1.000 clienti.",
    },
    "fifth": {"en": "{arm:name}, fifth {number:int}", "it": "{arm:name}, quinto {number:int}"},
    "whole": {"en": "{arm:name}, everybody", "it": "{arm:name}, tutti"},
    "picture": {
        "en": "Effect on unseen customers, by fifth of predicted effect, the highest first",
        "it": "Effetto su clienti mai visti, per quinto di effetto previsto, il più alto per primo",
    },
    "axis_share": {"en": "effect, percentage points", "it": "effetto, punti percentuali"},
    "axis_amount": {"en": "effect per 1,000 customers", "it": "effetto ogni 1.000 clienti"},
    "table": {
        "en": "Who would be contacted, and what it would earn per 1,000 customers, unseen customers",
        "it": "Chi verrebbe contattato, e quanto renderebbe ogni 1.000 clienti, clienti mai visti",
    },
    "by_effect": {"en": "by effect", "it": "secondo l'effetto"},
    "nobody": {"en": "nobody", "it": "nessuno"},
    "everybody": {"en": "everybody, {arm:name}", "it": "tutti, {arm:name}"},
    "population": {"en": "unseen customers of the experiment", "it": "clienti mai visti dell'esperimento"},
    "figure.effect_gain": {"en": "Gain by effect", "it": "Guadagno secondo l'effetto"},
    "figure.effect_gain.is": {
        "en": "value less cost per 1,000 customers of contacting by effect, over contacting nobody",
        "it": "valore meno costo ogni 1.000 clienti contattando secondo l'effetto, rispetto a non contattare nessuno",
    },
    "figure.effect_treated": {"en": "Contacted", "it": "Contattati"},
    "figure.effect_treated.is": {
        "en": "share of customers whose best contact is expected to earn more than it costs",
        "it": "quota di clienti il cui miglior contatto dovrebbe rendere più di quanto costa",
    },
    "column.policy": {"en": "Rule", "it": "Regola"},
    "column.policy_treated": {"en": "Contacted", "it": "Contattati"},
    "column.policy_gain": {"en": "Gain over nobody", "it": "Guadagno rispetto a nessuno"},
    "column.policy_less": {"en": "By effect, less it", "it": "Secondo l'effetto, meno questa"},
}  # fmt: skip
_PER, _POINTS = 1000.0, 100.0
_COLUMNS = (
    Column("policy"),
    Column("policy_treated", "%"),
    Column("policy_gain", "money", "policy_gain_low", "policy_gain_high"),
    Column("policy_less", "money", "policy_less_low", "policy_less_high"),
)


@section(
    "effects",
    kinds=("noncontractual", "contractual"),
    texts=TEXTS,
    place=26,
    wanted=lambda context: context.settings.effects is not None,
)
def effects(context: ReportContext) -> Section:
    """Return the section on the effects that a bundle has learned.

    Raises
    ------
    InputError
        The folder holds no record of learned effects.
    """
    texts, record = context.texts, read_effect_record(expanded(str(context.settings.effects)))
    lead, unit = "lead_random" if record["randomised"] else "lead_adjusted", "share" if record["binary"] else "amount"
    policies = _policy_rows(record, texts)
    sentences = [_sentence(name, arm, record, texts) for name, arm in record["arms"].items()]
    earned = _earned(record, texts)
    names, (value, low, high) = _bars(record, texts)
    axis, caption = texts.text(f"effects.axis_{unit}"), texts.text("effects.picture")
    blocks = (
        Note(texts.text(f"effects.{lead}", n=float(record["customers"]))),
        Note(texts.text(f"effects.unit_{unit}", outcome=record["outcome"])),
        Tiles(_tiles(record, texts, context.day)),
        Points((*sentences, *earned)),
        frame(draw_bars(names, value, low, high, axis, percent=False), sentences[0], caption),
        Grid(texts.text("effects.table"), policies, _COLUMNS),
    )
    return Section("effects", blocks, earned[0], {"effect_policies": policies, "effect_groups": _groups(record)})


def _sentence(name: str, arm: dict[str, Any], record: dict[str, Any], texts: Translation) -> str:
    """Return what was learned of one treatment."""
    average, autoc = _write(arm["average"], _POINTS if record["binary"] else _PER, texts), arm["autoc"]
    if arm["chosen"].startswith(NoHeterogeneity.name) or autoc is None:
        return texts.text("effects.same_for_all", arm=name, average=average)
    key = "ranked" if autoc["low"] > 0.0 else "not_ranked"
    chosen = arm["chosen"].replace("_", " ")
    return texts.text(f"effects.{key}", arm=name, chosen=chosen, autoc=_write(autoc, 1.0, texts), average=average)


def _write(figure: dict[str, float], scale: float, texts: Translation) -> str:
    """Return a figure with its interval, in the unit that a scale gives."""
    value, low, high = (texts.write(scale * figure[end], "±") for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def _earned(record: dict[str, Any], texts: Translation) -> list[str]:
    """Return what contacting by effect earns over nobody, and over the best rule that looks at no effect."""
    policy, others = record["policies"][BY_EFFECT], {**record["policies"]}
    del others[BY_EFFECT]
    rival = max(others, key=lambda name: others[name]["gain"]["value"])
    gains = texts.text("effects.plan_gains", treated=policy["treated"], **_money(policy["gain"]))
    if rival == NOBODY:
        return [gains]
    against = texts.text("effects.against", rival=_rule(rival, texts), **_money(others[rival]["less"]))
    return [gains, against]


def _money(figure: dict[str, float]) -> dict[str, float]:
    return {"gain": _PER * figure["value"], "low": _PER * figure["low"], "high": _PER * figure["high"]}


def _rule(name: str, texts: Translation) -> str:
    """Return the name of a policy in the report's language."""
    if name in (BY_EFFECT, NOBODY):
        return texts.text(f"effects.{'by_effect' if name == BY_EFFECT else 'nobody'}")
    return texts.text("effects.everybody", arm=name.partition(": ")[2])


def _policy_rows(record: dict[str, Any], texts: Translation) -> pd.DataFrame:
    rows = []
    for name, policy in record["policies"].items():
        row: dict[str, Any] = {"policy": _rule(name, texts), "policy_treated": policy["treated"]}
        for key in ("gain", "less"):
            ends = {} if policy[key] is None else _money(policy[key])
            row |= {f"policy_{key}": ends.get("gain"), f"policy_{key}_low": ends.get("low")}
            row |= {f"policy_{key}_high": ends.get("high")}
        rows.append(row)
    return pd.DataFrame(rows)


def _groups(record: dict[str, Any]) -> pd.DataFrame:
    """Return the effect of each treatment by fifth of predicted effect, or of everybody where predictions are equal."""
    rows = []
    for name, arm in record["arms"].items():
        whole = {"treatment": name, "fifth": 0, "customers": record["customers"], "predicted": None, **arm["average"]}
        parts = [{"treatment": name, "fifth": place, **part} for place, part in enumerate(arm["groups"], start=1)]
        rows += parts or [whole]
    return pd.DataFrame(rows)


def _bars(record: dict[str, Any], texts: Translation) -> tuple[list[str], Array]:
    """Return the name of each bar, and values and both ends of their intervals, shape (3, n)."""
    groups = _groups(record)
    names = [
        texts.text(f"effects.{'fifth' if fifth else 'whole'}", arm=str(arm), number=float(fifth))
        for arm, fifth in zip(groups["treatment"], groups["fifth"], strict=True)
    ]
    scale = _POINTS if record["binary"] else _PER
    return names, scale * groups[["value", "low", "high"]].to_numpy(dtype=float).T


def _tiles(record: dict[str, Any], texts: Translation, day: str) -> tuple[Figure, ...]:
    policy, population = record["policies"][BY_EFFECT], texts.text("effects.population")
    money, n = _money(policy["gain"]), record["customers"]
    gain = Figure("effect_gain", money["gain"], "money", day, population, n, money["low"], money["high"])
    return gain, Figure("effect_treated", policy["treated"], "%", day, population, n)
