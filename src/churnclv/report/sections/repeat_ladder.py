"""The repeat ladder: how likely the next order is after each one, how long it takes, and the spend after each rung."""

import ibis
import numpy as np
import pandas as pd

from ..charts import draw_bars, frame
from ..customer_base import CustomerBase, last_day
from ..estimates import NORMAL, exact, mean, share
from ..report_context import ReportContext, section
from ..section import Block, Column, Grid, Missing, Note, Section
from ..texts.translation import Translation


def count_ladder(base: CustomerBase) -> pd.DataFrame:
    """Return one row per rung: customers with an n-th day of purchase, and what followed it within `ladder_days`.

    Columns: `rung`; `reached`; `evaluated`, whose window after it is over; `climbed`, those of them who ordered again
    in it; `chance` with `_low` and `_high`; `median_days` until they did; `later_spend` within the window, with `_low`
    and `_high`; `step`, the next rung's later spend less this one's, with `_low` and `_high`.
    """
    settings, today = base.settings, last_day(base.as_of)
    days = base.ladder_days
    ahead = ibis.window(group_by=base.days.customer_id, order_by=base.days.day, range=(1, days))
    later = base.days.spend.sum().over(ahead).fill_null(0).cast("float64")  # refunds of days without an order too
    bought = base.days.mutate(later=later).filter(base.days.orders > 0)
    wait = bought.day.lead().over(group_by=bought.customer_id, order_by=bought.day) - bought.day
    rungs = bought.mutate(wait=wait, evaluated=bought.day + days <= today)
    climbed = (rungs.evaluated & (rungs.wait <= days)).fill_null(False)
    rungs = rungs.mutate(climbed=climbed).filter(rungs.place <= settings.ladder_rungs + 1)
    counted = rungs.group_by(rung=rungs.place).agg(
        reached=rungs.count(), evaluated=rungs.evaluated.sum(), climbed=rungs.climbed.sum(),
        median_days=rungs.wait.median(where=rungs.climbed), total=exact(rungs.later).sum(where=rungs.evaluated),
        squares=exact(rungs.later * rungs.later).sum(where=rungs.evaluated),
    )  # fmt: skip
    return _with_estimates(counted.order_by("rung").execute())


def _with_estimates(counted: pd.DataFrame) -> pd.DataFrame:
    table = counted[["rung", "reached", "evaluated", "climbed", "median_days"]].astype(float)
    sums = counted[["climbed", "evaluated", "total", "squares"]].astype(float).fillna(0.0).to_numpy()
    chances = [share(climbed, evaluated) for climbed, evaluated, _, _ in sums]
    spends = [mean(total, squares, evaluated) for _, evaluated, total, squares in sums]
    for name, estimates in (("chance", chances), ("later_spend", spends)):
        table[name] = [point.value for point in estimates]
        table[f"{name}_low"], table[f"{name}_high"] = [p.low for p in estimates], [p.high for p in estimates]
    error = ((table["later_spend_high"] - table["later_spend_low"]) / (2 * NORMAL)).to_numpy()
    step = table["later_spend"].shift(-1) - table["later_spend"]
    reach = NORMAL * np.hypot(error, np.r_[error[1:], np.nan])
    return table.assign(step=step, step_low=step - reach, step_high=step + reach)


@section("ladder", kinds=("noncontractual",), place=60)
def ladder(context: ReportContext) -> Section:
    """Return the section of a report."""
    return render_repeat_ladder(context.base, context.texts)


def render_repeat_ladder(base: CustomerBase, texts: Translation) -> Section:
    """Return the section."""
    ladder, days = count_ladder(base), float(base.ladder_days)
    evaluated = ladder[(ladder["evaluated"] > 0) & (ladder["rung"] <= base.settings.ladder_rungs)]
    if not len(evaluated):
        return Section("ladder", (Missing(texts.text("ladder.short", days=days)),), None, {"ladder": ladder})
    if not evaluated["climbed"].sum():
        text = texts.text("ladder.nobody", n=float(evaluated["evaluated"].iloc[0]), days=days)
        return Section("ladder", (Missing(text),), None, {"ladder": ladder})
    names = [texts.text("ladder.rung", rung=float(rung)) for rung in evaluated["rung"]]
    chance, low, high = (evaluated[name].to_numpy(dtype=float) for name in ("chance", "chance_low", "chance_high"))
    drawn = draw_bars(names, chance, low, high, texts.text("ladder.across", days=days))
    first = evaluated.iloc[0]
    alt = texts.text("ladder.alt", listed=", ".join(texts.write(chance, "%") for chance in evaluated["chance"]))
    shown = evaluated.assign(rung=names)
    columns = [Column("rung"), Column("reached", "int"), Column("evaluated", "int"),
               Column("chance", "%", "chance_low", "chance_high"), Column("median_days", "int")]  # fmt: skip
    if base.has_amount:
        columns += [Column("later_spend", "money", "later_spend_low", "later_spend_high"),
                    Column("step", "money", "step_low", "step_high", "column.rung_value")]  # fmt: skip
    blocks: list[Block] = [Note(texts.text("ladder.lead", days=days)),
                           frame(drawn, alt, texts.text("ladder.picture", days=days)),
                           Grid(texts.text("ladder.table", days=days, day=f"{base.as_of:%Y-%m-%d}"), shown,
                                tuple(columns))]  # fmt: skip
    return Section("ladder", tuple(blocks), _headline(texts, evaluated, days, float(first["median_days"])),
                   {"ladder": ladder})  # fmt: skip


def _headline(texts: Translation, evaluated: pd.DataFrame, days: float, median: float) -> str:
    first = evaluated.iloc[0]
    text = texts.text("ladder.headline", chance=first["chance"], low=first["chance_low"], high=first["chance_high"],
                     days=days, median=median)  # fmt: skip
    if len(evaluated) > 1:
        text += " " + texts.text("ladder.headline_next", chance=evaluated["chance"].iloc[1])
    return text
