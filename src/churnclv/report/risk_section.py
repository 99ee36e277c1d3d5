"""The section on churn and value: money at stake, whom to contact, warning signs, reasons given, and the plays."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .bundle_scores import Champion
from .charts import draw_heat, draw_profit, frame
from .section import Block, Column, Figure, Grid, Heading, Missing, Note, Section, Tiles
from .settings import CELLS, ReportSettings
from .texts.translation import Translation
from .value_at_risk import LEVELS, ValueTerms, churn_matrix, contact_list, gain_curve, weigh

if TYPE_CHECKING:
    from ..decision.target_list import TargetTotals


def render_risk(
    champion: Champion | None, settings: ReportSettings, words: Translation, day: str, reasons: pd.DataFrame
) -> Section:
    """Return the section; `reasons` counts why contracts were ended, empty where nobody says.

    `day` is that of the scores, in words.
    """
    given = _reasons(words, reasons)
    if champion is None or not len(champion.scored):
        return Section("stakes", (Missing(words.text("missing.scores")), *given))
    worth = weigh(champion)
    plays = {cell: words.play(cell, settings.plays) for cell in CELLS}
    contacts, totals = contact_list(worth, plays)
    table = churn_matrix(worth).assign(play=lambda cells: [plays[cell] for cell in cells["cell"]])
    blocks: list[Block] = [
        Note(_lead(words, worth)),
        Tiles(_tiles(words, worth, totals, day)),
        *_warnings(words, worth),
        Heading(words.text("stakes.matrix")),
        *_matrix(words, table),
        Heading(words.text("stakes.contact")),
        *_contact(words, worth, totals),
        *_signs(words, champion),
        *given,
    ]
    return Section("stakes", tuple(blocks), _headline(words, worth, totals), {"churn_by_value": table,
                                                                             "contact_list": contacts})  # fmt: skip


def _lead(words: Translation, worth: ValueTerms) -> str:
    days, n = worth.champion.horizon_days, float(len(worth.rows))
    return words.text("stakes.lead_table", n=n) if days is None else words.text("stakes.lead", days=days, n=n)


def _tiles(words: Translation, worth: ValueTerms, totals: "TargetTotals", day: str) -> tuple[Figure, ...]:
    scored = words.text("population.scored")
    found = [
        Figure.of("expected_churners", worth.churners, "int", day, scored),
        Figure.of("at_stake", worth.at_stake, "money", day, scored),
        Figure("contacts", float(totals.listed), "int", day, scored, totals.considered),
        Figure("contact_gain", totals.gain, "money", day, words.text("population.listed"), totals.listed),
        Figure("contact_cost", totals.cost, "money", day, words.text("population.listed"), totals.listed),
    ]
    return tuple(found)


def _warnings(words: Translation, worth: ValueTerms) -> list[Block]:
    """Return what a person should know before a campaign starts."""
    scores, values = (worth.rows[name].to_numpy(dtype=float) for name in ("churn_score", "value"))
    warnings = worth.champion.campaign.warnings(scores, values)
    return [Missing(words.text(f"stakes.warning_{warning.code}", **warning.figures)) for warning in warnings]


def _matrix(words: Translation, table: pd.DataFrame) -> list[Block]:
    cells = table.pivot_table(index="churn", columns="worth", values="at_stake", aggfunc="sum")
    cells = cells.reindex(index=list(LEVELS), columns=list(LEVELS[::-1]))
    names = [words.text(f"level.{name}") for name in LEVELS]
    labels = (words.text("stakes.by_value"), words.text("stakes.by_churn"))
    drawn = draw_heat(cells.to_numpy(dtype=float), names, names[::-1], labels, ",.0f")
    drawn.set_figheight(2.6)
    top = table.iloc[0]
    alt = words.text("stakes.matrix_alt", churn=words.text(f"level.{top['churn']}"),
                    worth=words.text(f"level.{top['worth']}"), money=top["at_stake"])  # fmt: skip
    shown = table.assign(cell=[
        words.text("stakes.cell", churn=words.text(f"level.{churn}"), worth=words.text(f"level.{worth}"))
        for churn, worth in zip(table["churn"], table["worth"], strict=True)
    ])  # fmt: skip
    columns = (Column("cell"), Column("customers", "int"), Column("churn_score", "%"), Column("value", "money"),
               Column("at_stake", "money"), Column("contacts", "int"), Column("gain", "money"),
               Column("play", "text"))  # fmt: skip
    return [frame(drawn, alt, words.text("stakes.matrix_is")), Grid(words.text("stakes.table"), shown, columns)]


def _contact(words: Translation, worth: ValueTerms, totals: "TargetTotals") -> list[Block]:
    shares, profit = gain_curve(worth)
    best = int(np.argmax(profit))
    alt = words.text("stakes.curve_alt", share=float(shares[best]), gain=float(profit[best]))
    told = words.text("stakes.targets", listed=float(totals.listed), considered=float(totals.considered),
                     cost=totals.cost, gain=totals.gain)  # fmt: skip
    labels = (words.text("stakes.contacted"), words.text("stakes.profit"))
    note = words.text("stakes.best", share=float(shares[best]), gain=float(profit[best]))
    drawn = draw_profit(shares, profit, labels, note)
    left = totals.worthwhile - totals.listed
    budget = [Note(words.text("stakes.budget", left=float(left), forgone=totals.forgone))] if left > 0 else []
    return [Note(told), *budget, frame(drawn, alt, words.text("stakes.curve_is"))]


def _signs(words: Translation, champion: Champion) -> list[Block]:
    signs, heading = champion.signs, Heading(words.text(f"stakes.signs_{champion.signs_of}"))
    if not len(signs):
        return [Heading(words.text("stakes.signs_leaving")), Missing(words.text("stakes.no_signs"))]
    columns = (Column("sign"), Column("coverage", "%"), Column("precision", "%"), Column("lift", "x"))
    return [heading, Grid(words.text(f"stakes.signs_table_{champion.signs_of}"), signs, columns)]


def _reasons(words: Translation, reasons: pd.DataFrame) -> list[Block]:
    """Return why customers cancelled, by their own word, where it is known."""
    if not len(reasons):
        return []
    counted = pd.DataFrame(reasons.groupby("reason")["ends"].sum()).reset_index()
    summed = counted.sort_values("ends", ascending=False, ignore_index=True)
    shares = summed.assign(share=summed["ends"] / summed["ends"].sum())
    columns = (Column("reason"), Column("ends", "int"), Column("share", "%", word="column.share_of_ends"))
    return [Heading(words.text("stakes.reasons")), Grid(words.text("stakes.reasons_table"), shares, columns)]


def _headline(words: Translation, worth: ValueTerms, totals: "TargetTotals") -> str:
    stake = worth.at_stake
    return words.text("stakes.headline", money=stake.value, low=stake.low, high=stake.high, n=float(totals.listed),
                     gain=totals.gain)  # fmt: skip
