"""Cumulative incidence of leaving by cause: the Aalen-Johansen estimator, with voluntary and involuntary ends apart."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from ..evaluation.metrics import Array
from ..time_units import DAYS_PER_MONTH
from .charts import draw_curves, frame
from .customer_base import CustomerBase
from .estimates import NORMAL
from .section import Block, Column, Grid, Heading, Missing, Note
from .survival import CAUSES, StepCurve, contracts
from .texts.translation import Translation

SHOWN_MONTHS = (1, 3, 6, 12, 24, 36, 48)


@dataclass(frozen=True)
class Incidence(StepCurve):
    """The share that has left for one cause, by ends of any cause."""

    before: ClassVar[float] = 0.0
    ends: int


def estimate_incidence(stays: pd.DataFrame) -> dict[str, Incidence]:
    """Return the cumulative incidence of each cause that some stay ended for, by cause.

    Of the share S(t-) still under contract just before the age t, d_k / n leave for the cause k, so that
    F_k(t) = sum of S(s-) d_k(s) / n(s) over the ages s up to t (Aalen, Johansen 1978, Scand. J. Statist. 5(3)). Stays
    enter late (left truncation) as in the Kaplan-Meier curve, and S + sum of F_k = 1 at every age. Treating the other
    causes as censored instead would overstate each. Intervals are on the log-log scale.
    """
    entered, lasted, n = (stays[name].to_numpy(dtype=float) for name in ("entered", "lasted", "n"))
    ended, cause = stays["ended"].to_numpy() == 1, stays["cause"].to_numpy()
    days = np.unique(lasted[ended])
    risk = np.array([n[(entered <= day) & (lasted >= day)].sum() for day in days])
    left = {name: np.array([n[ended & (cause == name) & (lasted == day)].sum() for day in days]) for name in CAUSES}
    gone = np.sum(list(left.values()), axis=0)
    before = np.r_[1.0, np.cumprod(1.0 - gone / risk)[:-1]]  # still under contract just before each day
    incidences = {}
    for name, ends in left.items():
        if ends.sum() > 0:
            share = np.cumsum(before * ends / risk)
            low, high = _interval(share, np.sqrt(_variance(share, before, ends, gone, risk)))
            incidences[name] = Incidence(days, share, low, high, int(ends.sum()))
    return incidences


def _variance(share: Array, before: Array, ends: Array, gone: Array, risk: Array) -> Array:
    """Return the variance of a cumulative incidence by the delta method (Marubini, Valsecchi 1995, Eq. 10.12)."""
    remaining = risk - gone
    hazard = np.divide(gone, risk * remaining, out=np.zeros(len(risk)), where=remaining > 0)
    drop = before * ends / risk**2
    own = before**2 * ends * (risk - ends) / risk**3
    ahead = share[:, None] - share[None, :]  # (at, past)
    past = np.tril(np.ones((len(share), len(share))))
    terms = ahead**2 * hazard + own - 2.0 * ahead * drop
    return np.asarray(np.maximum((past * terms).sum(axis=1), 0.0))


def _interval(share: Array, deviation: Array) -> tuple[Array, Array]:
    """Return the ends of the 95% interval on the log-log scale; a share of 0 or 1 has none."""
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, 0.5)
    reach = NORMAL * deviation / (safe * np.abs(np.log(safe)))
    return np.where(inside, safe ** np.exp(reach), share), np.where(inside, safe ** np.exp(-reach), share)


def render_causes(
    base: CustomerBase, texts: Translation, stays: pd.DataFrame
) -> tuple[list[Block], dict[str, pd.DataFrame]]:
    """Return the part on voluntary and involuntary ends, and its table; what is missing where no reason is named."""
    given = set(contracts(base).select("reason").distinct().execute()["reason"].dropna())
    if not given:
        return [], {}
    heading = Heading(texts.text("causes.title"))
    if not base.settings.involuntary_reasons:
        return [heading, Missing(texts.text("causes.none"))], {}
    incidences = estimate_incidence(stays)
    months = np.arange(int(float(stays["lasted"].max()) / DAYS_PER_MONTH) + 2)
    drawn = {}
    for cause, curve in incidences.items():
        points = np.array([curve.at(month * DAYS_PER_MONTH) for month in months])
        drawn[texts.text(f"causes.{cause}")] = (points[:, 0], points[:, 1], points[:, 2])
    listed = ", ".join(f"{name} {texts.write(values[-1], '%')}" for name, (values, _, _) in drawn.items())
    alt = texts.text("causes.alt", months=float(months[-1]), listed=listed)
    curves = draw_curves(drawn, texts.text("stays.age"), texts.text("causes.share"), steps=True)
    picture = frame(curves, alt, texts.text("causes.picture"))
    table = _table(incidences, float(stays["lasted"].max())).assign(cause=list(drawn))
    columns = (Column("cause"), Column("spell_ends", "int"),
               *[Column(f"month_{m}", "%", f"month_{m}_low", f"month_{m}_high") for m in SHOWN_MONTHS
                 if f"month_{m}" in table])  # fmt: skip
    unseen = [name for name in base.settings.involuntary_reasons if name not in given]
    warned = [Missing(texts.text("causes.unseen", names=", ".join(unseen)))] if unseen else []
    lead = Note(texts.text("causes.lead", names=", ".join(base.settings.involuntary_reasons)))
    return [heading, lead, *warned, picture, Grid(texts.text("causes.table"), table, columns)], {"causes": table}


def _table(incidences: dict[str, Incidence], lasted: float) -> pd.DataFrame:
    """Return one row per cause: how many left for it, and which share had by some ages."""
    rows = []
    for curve in incidences.values():
        row: dict[str, float] = {"spell_ends": curve.ends}
        for month in SHOWN_MONTHS:
            if month * DAYS_PER_MONTH <= lasted:
                value, low, high = curve.at(month * DAYS_PER_MONTH)
                row |= {f"month_{month}": value, f"month_{month}_low": low, f"month_{month}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)
