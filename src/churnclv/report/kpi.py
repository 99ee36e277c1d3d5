"""A key figure of the report: how it is computed, what it is called, and what it means, in each language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ..errors import require
from ..registration import LAST_PLACE, Registry, call_registered, origin_of
from .customer_base import CustomerBase
from .estimates import Estimate
from .section import Figure
from .texts.translation import TEXTS, Translation, add_text

KINDS = ("noncontractual", "contractual")  # labelled tables have no periods


@dataclass(frozen=True)
class Periods:
    """The periods of a log, from which its key figures follow.

    Attributes:
        base: the events, cut at the report's moment, and the days of buying.
        counts: one row per period, indexed by its number, none left out.
    """

    kind: ClassVar[str]
    base: CustomerBase
    counts: pd.DataFrame

    @property
    def kpis(self) -> "dict[str, Kpi]":
        """The key figures of such a log by name, in their order."""
        return kpis_of(self.kind, has_amount=self.base.has_amount)

    def at(self, number: int) -> dict[str, Estimate | None]:
        """Return the key figures of a period, None for what the data do not give; all None outside the log."""
        if number not in self.counts.index:
            return dict.fromkeys(self.kpis)
        return {name: each.at(self, number) for name, each in self.kpis.items()}

    def count(self, name: str, number: int) -> float:
        """Return one of the counts in a period; 0 outside the log."""
        return float(self.counts[name][number]) if number in self.counts.index else 0.0


KpiFunction = Callable[[Any, int], Estimate | None]


def counted(value: float, n: float) -> Estimate:
    """Return a figure that was counted in full: it has no interval."""
    return Estimate(float(value), np.nan, np.nan, int(n))


@dataclass(frozen=True)
class Kpi:
    """A registered key figure.

    Attributes:
        name: the function's name.
        function: periods and a period's number -> its value; None where the data do not give it.
        style: how it is written, see `Translation.write`.
        population: whom it is about: `population.<this>` is a text of the report.
        kind: the kind of customers whose periods it reads.
        needs_amount: whether it is left out for a log without amounts.
        table_place: its place in the page's table of periods; None = it is not in it.
        place: its place among the key figures.
        origin: its file.
    """

    name: str
    function: KpiFunction
    style: str
    population: str
    kind: str
    needs_amount: bool
    table_place: int | None
    place: int
    origin: Path

    def at(self, periods: Any, number: int) -> Estimate | None:
        """Return its value in a period.

        Raises:
            InputError: the function of a user's file fails, or returns something else.
        """
        what = f"key figure {self.name!r}"
        value = call_registered(what, self.origin, self.function, periods, number)
        fits = value is None or isinstance(value, Estimate)
        require(fits, f"{self.origin}: {what} returns no estimate.", remedy="return an Estimate, or None.")
        return value  # type: ignore[no-any-return] # required above

    def tile(self, texts: Translation, period: str, estimates: Sequence[Estimate | None]) -> Figure:
        """Return the figure beside those of the period before and of the year before."""
        now, before, year_ago = estimates
        population = texts.text(f"population.{self.population}")
        if now is None:
            why = texts.text(f"why.{self.name}") if texts.has(f"why.{self.name}") else texts.text("why.no_start")
            return Figure(self.name, None, self.style, period, population, why=why)
        figure = Figure.of(self.name, now, self.style, period, population)
        return replace(figure, before=before.value if before else None, year_ago=year_ago.value if year_ago else None)


KPIS: Registry[Kpi] = Registry("key figure")


def kpi(  # noqa: PLR0913 # each is a word that people read
    *,
    label: Mapping[str, str],
    definition: Mapping[str, str],
    style: str = "",
    population: str = "customers_of_period",
    kind: str = "noncontractual",
    needs_amount: bool = False,
    missing: Mapping[str, str] | None = None,
    table_place: int | None = None,
    place: int = LAST_PLACE,
) -> Callable[[KpiFunction], KpiFunction]:
    """Register a function of periods and a period's number as a key figure.

    Parameters
    ----------
    label
        What it is called, by language.
    definition
        How it is computed, by language; it follows the figure as a sentence.
    style
        How it is written: `int`, `%`, `money`, `±%`, or empty for a plain number.
    population
        Whom it is about: the end of a text `population.<this>`.
    kind
        `noncontractual` or `contractual`: whose periods it reads, `OrderPeriods` or `ContractPeriods`.
    needs_amount
        Whether a log without amounts leaves it out.
    missing
        Why it is missing where the function gives None, by language; None takes a general sentence.
    table_place
        Its place in the page's table of periods; None leaves it out.
    place
        Its place among the key figures.

    Returns
    -------
    Callable
        The decorator.

    Raises
    ------
    InputError
        The name is taken, a text is missing in a language, or there is no such kind or population.
    """

    def register(function: KpiFunction) -> KpiFunction:
        name, origin = function.__name__, origin_of(function)
        what = f"{origin}: key figure {name!r}"
        require(kind in KINDS, f"{what} is of kind {kind!r}.", remedy=f"allowed are {', '.join(KINDS)}.")
        known = [key.removeprefix("population.") for key in TEXTS if key.startswith("population.")]
        require(population in known, f"{what} is of population {population!r}.", remedy=f"allowed: {', '.join(known)}.")
        made = Kpi(name, function, style, population, kind, needs_amount, table_place, place, origin)
        KPIS.add(name, made, origin)
        add_text(f"figure.{name}", label, origin)
        add_text(f"figure.{name}.is", definition, origin)
        if missing is not None:
            add_text(f"why.{name}", missing, origin)
        return function

    return register


def kpis_of(kind: str, *, has_amount: bool) -> dict[str, Kpi]:
    """Return the key figures of a kind of log by name, in their order, those of a user's files last."""
    groups = (KPIS.built_in.values(), KPIS.added.values())
    ordered = [each for group in groups for each in sorted(group, key=lambda one: one.place)]
    return {each.name: each for each in ordered if each.kind == kind and (has_amount or not each.needs_amount)}
