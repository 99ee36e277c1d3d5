"""The section on churn and value: money at stake, the contact list, warning signs, stated reasons, and the plays."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ...explain.phrases.phrase import find_phrase
from ...snapshots.contract_labels import count_reasons
from ..bundle_scores import Champion
from ..charts import draw_heat, draw_profit, frame
from ..report_context import ReportContext, section
from ..section import Block, Column, Figure, Grid, Heading, Missing, Note, Section, Tiles
from ..settings import CELLS, ReportSettings
from ..texts.translation import Translation
from ..value_at_risk import (
    LEVELS,
    ValueAtRisk,
    churn_matrix,
    compute_value_at_risk,
    contact_list,
    gain_curve,
    rank_reasons,
)

if TYPE_CHECKING:
    from ...decision.target_list import TargetTotals

_SHOWN_REASONS = 10
_SHOWN_ABOVE = 2  # figures of contracts in the overview, which has four of other sections: six fit in one row


@section("stakes", kinds=("noncontractual", "labelled"), place=20)
def stakes(context: ReportContext) -> Section:
    """Return the section of a report on customers who state no reasons."""
    return render_risk(context.champion, context.settings, context.texts, context.day, pd.DataFrame())


@section("stakes", kinds=("contractual",), place=20)
def contract_stakes(context: ReportContext) -> Section:
    """Return the section of a report on customers under contract, with the stated reasons of ended ones."""
    reasons: pd.DataFrame = count_reasons(context.base.events, context.base.as_of).execute()
    section = render_risk(context.champion, context.settings, context.texts, context.day, reasons)
    return replace(section, highlights=section.highlights[:_SHOWN_ABOVE])


def render_risk(
    champion: Champion | None, settings: ReportSettings, texts: Translation, day: str, reasons: pd.DataFrame
) -> Section:
    """Return the section; `reasons` counts the stated reasons of ended contracts and may be empty.

    `day` is the day of the scores, as a text.
    """
    stated = _reasons(texts, reasons)
    if champion is None or not len(champion.scored):
        return Section("stakes", (Missing(texts.text("missing.scores")), *stated))
    at_risk = compute_value_at_risk(champion, settings.churn_bands, settings.value_bands)
    plays = {cell: texts.play(cell, settings.plays) for cell in CELLS}
    contacts, totals = contact_list(at_risk, plays)
    reasons_behind = rank_reasons(at_risk)
    table = churn_matrix(at_risk).assign(play=lambda cells: [plays[cell] for cell in cells["cell"]])
    blocks: list[Block] = [
        Note(_lead(texts, at_risk)),
        Tiles(_tiles(texts, at_risk, totals, day)),
        *_warnings(texts, at_risk),
        Heading(texts.text("stakes.matrix")),
        _bands(texts, settings),
        *_matrix(texts, table),
        Heading(texts.text("stakes.contact")),
        *_contact(texts, at_risk, totals),
        *_top_reasons(texts, reasons_behind),
        *_signs(texts, champion),
        *stated,
    ]
    return Section("stakes", tuple(blocks), _headline(texts, at_risk, totals),
                   {"churn_by_value": table, "contact_list": contacts, "reasons": reasons_behind},
                   highlights=("at_stake", "contacts", "contact_gain"))  # fmt: skip


def _lead(texts: Translation, at_risk: ValueAtRisk) -> str:
    days, n = at_risk.champion.horizon_days, float(len(at_risk.rows))
    return texts.text("stakes.lead_table", n=n) if days is None else texts.text("stakes.lead", days=days, n=n)


def _tiles(texts: Translation, at_risk: ValueAtRisk, totals: "TargetTotals", day: str) -> tuple[Figure, ...]:
    scored = texts.text("population.scored")
    figures = [
        Figure.of("expected_churners", at_risk.churners, "int", day, scored),
        Figure.of("at_stake", at_risk.at_stake, "money", day, scored),
        Figure("contacts", float(totals.listed), "int", day, scored, totals.considered),
        Figure("contact_gain", totals.gain, "money", day, texts.text("population.listed"), totals.listed),
        Figure("contact_cost", totals.cost, "money", day, texts.text("population.listed"), totals.listed),
    ]
    return tuple(figures)


def _warnings(texts: Translation, at_risk: ValueAtRisk) -> list[Block]:
    """Return the warnings about the economics of a campaign."""
    scores, values = (at_risk.rows[name].to_numpy(dtype=float) for name in ("churn_score", "value"))
    warnings = at_risk.champion.campaign.warnings(scores, values)
    return [Missing(texts.text(f"stakes.warning_{warning.code}", **warning.figures)) for warning in warnings]


def _bands(texts: Translation, settings: ReportSettings) -> Note:
    """Return from which score, and from which CLV, a customer is in the middle and in the high band."""
    chosen = {"churn": settings.churn_bands, "value": settings.value_bands}
    sentences = [
        texts.text(f"stakes.bands_of_{name}", middle=bands[0], high=bands[1])
        if bands
        else texts.text(f"stakes.thirds_of_{name}")
        for name, bands in chosen.items()
    ]
    return Note(" ".join(sentences))


def _matrix(texts: Translation, table: pd.DataFrame) -> list[Block]:
    cells = table.pivot_table(index="churn", columns="value_level", values="at_stake", aggfunc="sum")
    cells = cells.reindex(index=list(LEVELS), columns=list(LEVELS[::-1]))
    names = [texts.text(f"level.{name}") for name in LEVELS]
    labels = (texts.text("stakes.by_value"), texts.text("stakes.by_churn"))
    drawn = draw_heat(cells.to_numpy(dtype=float), names, names[::-1], labels, ",.0f")
    drawn.set_figheight(2.6)
    top = table.iloc[0]
    alt = texts.text("stakes.matrix_alt", churn=texts.text(f"level.{top['churn']}"),
                    value=texts.text(f"level.{top['value_level']}"), money=top["at_stake"])  # fmt: skip
    shown = table.assign(cell=[
        texts.text("stakes.cell", churn=texts.text(f"level.{churn}"), value=texts.text(f"level.{value}"))
        for churn, value in zip(table["churn"], table["value_level"], strict=True)
    ])  # fmt: skip
    columns = (Column("cell"), Column("customers", "int"), Column("churn_score", "%"), Column("value", "money"),
               Column("at_stake", "money"), Column("contacts", "int"), Column("gain", "money"),
               Column("play", "text"))  # fmt: skip
    return [frame(drawn, alt, texts.text("stakes.matrix_is")), Grid(texts.text("stakes.table"), shown, columns)]


def _contact(texts: Translation, at_risk: ValueAtRisk, totals: "TargetTotals") -> list[Block]:
    shares, profit = gain_curve(at_risk)
    best = int(np.argmax(profit))
    alt = texts.text("stakes.curve_alt", share=float(shares[best]), gain=float(profit[best]))
    targets = texts.text("stakes.targets", listed=float(totals.listed), considered=float(totals.considered),
                     cost=totals.cost, gain=totals.gain)  # fmt: skip
    labels = (texts.text("stakes.contacted"), texts.text("stakes.profit"))
    note = texts.text("stakes.best", share=float(shares[best]), gain=float(profit[best]))
    drawn = draw_profit(shares, profit, labels, note)
    left = totals.worthwhile - totals.listed
    budget = [Note(texts.text("stakes.budget", left=float(left), forgone=totals.forgone))] if left > 0 else []
    return [Note(targets), *budget, frame(drawn, alt, texts.text("stakes.curve_is"))]


def _top_reasons(texts: Translation, table: pd.DataFrame) -> list[Block]:
    """Return what raises the scores most often, with the money behind it."""
    if not len(table):
        return []
    labels = [find_phrase(name, texts.language.name).label for name in table["feature"]]
    segments = table["segment"].map(texts.segment, na_action="ignore")
    shown = table.assign(reason=labels, main_segment=segments)
    columns = (Column("reason"), Column("customers", "int"), Column("share", "%", label_key="column.share_of_scored"),
               Column("churn_score", "%"), Column("at_stake", "money"),
               *([Column("main_segment", "text")] if segments.notna().any() else []))  # fmt: skip
    return [Heading(texts.text("stakes.top_reasons")), Note(texts.text("stakes.top_reasons_are")),
            Grid(texts.text("stakes.top_reasons_table"), shown, columns, _SHOWN_REASONS)]  # fmt: skip


def _signs(texts: Translation, champion: Champion) -> list[Block]:
    signs, heading = champion.signs, Heading(texts.text(f"stakes.signs_{champion.signs_of}"))
    if not len(signs):
        return [Heading(texts.text("stakes.signs_leaving")), Missing(texts.text("stakes.no_signs"))]
    columns = (Column("sign"), Column("coverage", "%"), Column("precision", "%"), Column("lift", "x"))
    return [heading, Grid(texts.text(f"stakes.signs_table_{champion.signs_of}"), signs, columns)]


def _reasons(texts: Translation, reasons: pd.DataFrame) -> list[Block]:
    """Return the reasons that customers stated for ending their contracts, where there are any."""
    if not len(reasons):
        return []
    counted = pd.DataFrame(reasons.groupby("reason")["ends"].sum()).reset_index()
    summed = counted.sort_values("ends", ascending=False, ignore_index=True)
    shares = summed.assign(share=summed["ends"] / summed["ends"].sum())
    columns = (Column("reason"), Column("ends", "int"), Column("share", "%", label_key="column.share_of_ends"))
    return [Heading(texts.text("stakes.reasons")), Grid(texts.text("stakes.reasons_table"), shares, columns)]


def _headline(texts: Translation, at_risk: ValueAtRisk, totals: "TargetTotals") -> str:
    stake = at_risk.at_stake
    return texts.text("stakes.headline", money=stake.value, low=stake.low, high=stake.high, n=float(totals.listed),
                     gain=totals.gain)  # fmt: skip
