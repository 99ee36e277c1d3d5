"""The section on what-if: the effect of small changes on this customer base."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..acquisition_costs import read_costs
from ..bundle_scores import Champion
from ..charts import draw_bars, frame
from ..customer_base import CustomerBase
from ..report_context import ReportContext, section
from ..section import Block, Column, Figure, Grid, Missing, Note, Section, Tiles
from ..texts.translation import Translation
from ..what_if import CLIMBERS, SCENARIOS, Outlook, Scenario, simulate_scenarios
from ..what_if_contracts import SCENARIOS as OF_CONTRACTS
from ..what_if_contracts import simulate_retention

_CAC_CUT = 0.1
Simulate = Callable[[Champion, Path, tuple[Scenario, ...], int, int], Outlook]


@section("whatif", kinds=("noncontractual",), place=90)
def purchases_what_if(context: ReportContext) -> Section:
    """Return the section of a report on customers without a contract."""
    return render_what_if(context.base, context.texts, context.champion, simulate_scenarios, SCENARIOS)


@section("whatif", kinds=("contractual",), place=90)
def contracts_what_if(context: ReportContext) -> Section:
    """Return the section of a report on customers under contract."""
    return render_what_if(context.base, context.texts, context.champion, simulate_retention, OF_CONTRACTS)


def render_what_if(
    base: CustomerBase,
    texts: Translation,
    champion: Champion | None,
    simulate: Simulate,
    scenarios: tuple[Scenario, ...],
) -> Section:
    """Return the section; `simulate` gives the outlook of the champion's customers in some scenarios."""
    saved = _cheaper_customers(base, texts)
    if champion is None or champion.models is None or not len(champion.scored):
        return Section("whatif", (Missing(texts.text("missing.scores")), saved))
    if champion.clv is None:
        return Section("whatif", (Missing(texts.text("missing.amounts")), saved))
    outlook = simulate(champion, champion.models, scenarios, base.settings.draws, base.settings.seed)
    table = effect_table(outlook, texts)
    horizon = float(champion.economics.clv_horizon_days)
    day = texts.text("as_of", day=f"{base.as_of:%Y-%m-%d}")
    scored = texts.text("population.scored")
    columns = (Column("scenario", "text"), Column("revenue_effect", "money", "revenue_low", "revenue_high"),
               Column("clv_effect", "money", "clv_low", "clv_high"), Column("clv_share", "±%"),
               Column("assumption", "text"))  # fmt: skip
    added, low, high = (table[name].to_numpy(dtype=float) for name in ("clv_effect", "clv_low", "clv_high"))
    drawn = draw_bars(table["short"].tolist(), added, low, high, texts.text("whatif.across"), percent=False)
    listed = ", ".join(texts.write(value, "±money") for value in table["clv_effect"])
    blocks: list[Block] = [
        Note(texts.text("whatif.lead", horizon=horizon, draws=float(base.settings.draws))),
        Tiles((Figure.of("base_revenue", outlook.revenue, "money", day, scored),
               Figure.of("base_clv", outlook.clv, "money", day, scored))),
        frame(drawn, texts.text("whatif.alt", listed=listed), texts.text("whatif.picture")),
        Grid(texts.text("whatif.table"), table, columns), saved,
    ]  # fmt: skip
    first = outlook.effects[0]
    headline = texts.text("whatif.headline", clv=first.clv.value, low=first.clv.low, high=first.clv.high,
                         share=first.clv.value / outlook.clv.value, horizon=horizon)  # fmt: skip
    return Section("whatif", tuple(blocks), headline, {"what_if": table.drop(columns="short")})


def effect_table(outlook: Outlook, texts: Translation) -> pd.DataFrame:
    """Return one row per scenario: what it adds to revenue and CLV, with intervals, and its share of the CLV."""
    rows = []
    for effect in outlook.effects:
        name = effect.scenario.name
        rows.append({
            "scenario": texts.text(f"scenario.{name}", share=CLIMBERS), "short": texts.text(f"scenario.{name}.short"),
            "revenue_effect": effect.revenue.value, "revenue_low": effect.revenue.low,
            "revenue_high": effect.revenue.high, "clv_effect": effect.clv.value, "clv_low": effect.clv.low,
            "clv_high": effect.clv.high,
            "assumption": texts.text(f"assumption.{effect.scenario.assumption}"),
            "clv_share": effect.clv.value / outlook.clv.value if outlook.clv.value > 0 else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _cheaper_customers(base: CustomerBase, texts: Translation) -> Block:
    """Return the saving of a tenth off the last period's acquisition costs; the customers stay the same."""
    costs = base.settings.costs
    spent = None if costs is None else read_costs(Path(costs), base.settings.period).get(base.calendar.current)
    if spent is None:
        return Missing(texts.text("whatif.no_costs"))
    period = texts.period(base.settings.period, base.calendar.current)
    return Note(texts.text("whatif.cac", saved=_CAC_CUT * spent, spent=spent, period=period))
