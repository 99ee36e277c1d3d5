"""The switch of periods: a section, or a part of one, is computed for each of them, and the page shows one."""

from collections.abc import Callable

from .customer_base import CustomerBase
from .periods import Period
from .section import Block, Section, Switch
from .texts.translation import Translation

PERIOD = "period"
_OFFERED = (Period.month, Period.quarter, Period.year)


def offered_periods(chosen: Period) -> list[Period]:
    """Return the periods among which a reader may choose, in order of length: months to years, and the report's."""
    return [period for period in Period if period in _OFFERED or period is chosen]


def switch_blocks(
    base: CustomerBase, texts: Translation, render: Callable[[CustomerBase], tuple[Block, ...]]
) -> Switch:
    """Return blocks that differ between periods, with those of the report's period shown first."""
    periods = offered_periods(base.settings.period)
    labels = {period.name: texts.text(f"period.{period.name}") for period in periods}
    return Switch(
        PERIOD, base.settings.period.name, labels, {period.name: render(base.by(period)) for period in periods}
    )


def switch_section(base: CustomerBase, texts: Translation, render: Callable[[CustomerBase], Section]) -> Section:
    """Return a section whose blocks all differ between periods.

    Its headline and highlights are of the report's period until the reader chooses. The tables of the report's period
    keep their names, those of another period end with its name.
    """
    made = {period.name: render(base.by(period)) for period in offered_periods(base.settings.period)}
    chosen = made[base.settings.period.name]
    switch = switch_blocks(base, texts, lambda each: made[each.settings.period.name].blocks)
    tables = dict(chosen.tables)
    for period, section in made.items():
        if section is not chosen:
            tables |= {f"{name}_{period}": table for name, table in section.tables.items()}
    headlines = {period: section.headline for period, section in made.items()}
    return Section(chosen.name, (switch,), chosen.headline, tables, chosen.documents, chosen.highlights, headlines)
