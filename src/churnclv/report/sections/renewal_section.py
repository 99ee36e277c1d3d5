"""The section on renewals: contracts due in the coming months, and the revenue that is expected to be lost."""

from typing import Any

from ..bundle_scores import Champion
from ..customer_base import CustomerBase
from ..kpi import counted
from ..renewals import MONTHLY, WINDOWS_DAYS, count_renewals
from ..report_context import ReportContext, section
from ..section import Block, Column, Figure, Grid, Missing, Note, Section, Tiles
from ..texts.translation import Translation


@section("renewals", kinds=("contractual",), place=25)
def renewals(context: ReportContext) -> Section:
    """Return the section of a report."""
    return render_renewals(context.base, context.texts, context.champion)


def render_renewals(base: CustomerBase, texts: Translation, champion: Champion | None) -> Section:
    """Return the contracts due in 30, 60 and 90 days, and those billed monthly."""
    table = count_renewals(base, champion)
    rows = dict(zip(table.index, table.to_dict("records"), strict=True))
    with_term = MONTHLY not in rows or any(rows[days]["contracts"] for days in WINDOWS_DAYS)
    has_scores = bool(table["scored"].sum())
    blocks: list[Block] = [Note(texts.text("renewals.lead", day=f"{base.as_of:%Y-%m-%d}"))]
    if MONTHLY in rows:
        blocks.append(Note(texts.text("renewals.monthly", n=float(rows[MONTHLY]["contracts"]))))
    if champion is None:
        blocks.append(Missing(texts.text("missing.scores")))
    elif champion.horizon_days is not None:
        blocks.append(Note(texts.text("renewals.scores", days=champion.horizon_days)))
    due = WINDOWS_DAYS[0] if with_term else MONTHLY
    when = _name(texts, due)
    figures = _figures(base, texts, rows[due], when[:1].upper() + when[1:], has_scores=has_scores)
    shown = table.reset_index()
    shown["due"] = [_name(texts, each) for each in table.index]
    columns = (
        Column("due"), Column("contracts", "int", label_key="figure.renewals"),
        *([Column("revenue", "money", label_key="figure.renewal_revenue")] if base.has_amount else []),
        *([Column("loss", "money", label_key="figure.renewal_loss")] if base.has_amount and has_scores else []),
    )  # fmt: skip
    blocks += [Tiles(figures), Grid(texts.text("renewals.table"), shown, columns)]
    return Section("renewals", tuple(blocks), _headline(texts, figures, when), {"renewals": shown})


def _name(texts: Translation, due: int | str) -> str:
    return texts.text("renewals.by_month") if due == MONTHLY else texts.text("renewals.within", days=float(due))


def _figures(
    base: CustomerBase, texts: Translation, row: dict[Any, Any], due: str, *, has_scores: bool
) -> tuple[Figure, ...]:
    """Return the contracts of a row of the table as figures."""
    contracts, scored = texts.text("renewals.contracts"), texts.text("renewals.scored")
    figures = [Figure.of("renewals", counted(row["contracts"], row["contracts"]), "int", due, contracts)]
    if base.has_amount:
        revenue = counted(row["revenue"], row["contracts"])
        figures.append(Figure.of("renewal_revenue", revenue, "money", due, contracts))
    if base.has_amount and has_scores:
        figures.append(Figure.of("renewal_loss", counted(row["loss"], row["scored"]), "money", due, scored))
    return tuple(figures)


def _headline(texts: Translation, figures: tuple[Figure, ...], due: str) -> str | None:
    named = {figure.name: figure for figure in figures}
    if "renewal_loss" not in named:
        return None
    values = {name: named[name].value for name in ("renewals", "renewal_revenue", "renewal_loss")}
    return texts.text("renewals.headline", due=due, n=values["renewals"],
                      revenue=values["renewal_revenue"], loss=values["renewal_loss"])  # fmt: skip
