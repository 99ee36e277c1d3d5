"""Clusters: groups of customers by behaviour, as many as are stable, named by the measures in which they differ."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...time_units import DAYS_PER_MONTH
from ..charts import draw_points, frame
from ..customer_base import CustomerBase
from ..report_context import ReportContext, section
from ..rfm_scores import standing
from ..section import Block, Column, Grid, Missing, Note, Section
from ..subscribers import subscribers
from ..texts.translation import Translation

_LEAST = 60  # customers
_REPEATS = 5  # halves of the sample on which stability is measured
_EVALUATED = 2000  # customers on whom silhouettes and stability are measured
_STABLE = 0.6  # adjusted Rand index, from which clusters count as reproduced
_APART = 0.25  # standard deviations from the mean of all, from which a trait names a cluster
_NAMING = 2
_RECENT_DAYS = 90
_MEASURES = (
    "silent",
    "purchases",
    "basket",
    "units",
    "tenure",
    "per_month",  # of buyers
    "months",
    "price",
    "contracts",
    "acts_per_month",
)  # of subscribers
_SHOWN = ("silent", "purchases", "basket", "months", "price", "contracts", "acts_per_month")
_MONEY = ("basket", "price", "spend_a_year")


Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Clusters:
    """The clusters.

    `rows` are the sampled customers with their measures and `cluster`; `choices` has per k the `silhouette`, the
    `stability` (mean adjusted Rand index between halves) and whether it was `chosen`; `centres` are means in standard
    deviations from all, by cluster (rows) and measure.
    """

    rows: pd.DataFrame
    choices: pd.DataFrame
    centres: pd.DataFrame

    @property
    def is_stable(self) -> bool:
        """Whether the chosen clusters are reproduced on halves of the sample."""
        return bool(self.choices.loc[self.choices["chosen"], "stability"].iloc[0] >= _STABLE)


def sample_behaviour(base: CustomerBase) -> pd.DataFrame:
    """Return a bounded sample of buyers, ordered by id: measures, `spend_a_year`, and whether they are `recent`."""
    bought = base.purchases
    born = bought.group_by("customer_id").agg(born=bought.day.min(), last=bought.day.max())
    rows = _sample(base, standing(base).inner_join(born, "customer_id"))
    tenure = rows["last"] - rows["born"] + rows["silent"] + 1.0
    units = rows["recent_units"].astype(float) / rows["recent_orders"].where(rows["recent_orders"] > 0)
    return pd.DataFrame({
        "silent": rows["silent"].astype(float), "purchases": rows["purchases"].astype(float),
        "basket": rows["spend"].astype(float) / rows["purchases"], "units": units, "tenure": tenure,
        "per_month": DAYS_PER_MONTH * rows["purchases"] / np.maximum(tenure, DAYS_PER_MONTH),
        "spend_a_year": rows["recent_spend"].astype(float).fillna(0.0), "recent": rows["silent"] < _RECENT_DAYS,
    })  # fmt: skip


def sample_subscribers(base: CustomerBase) -> pd.DataFrame:
    """Return a bounded sample of who was ever under contract: measures, `spend_a_year`, and `recent` where still so."""
    acts = base.events.filter(base.events.kind == "action")
    counted = acts.group_by("customer_id").agg(acts=acts.count())
    rows = _sample(base, subscribers(base).left_join(counted, "customer_id").drop("customer_id_right"))
    rate: pd.Series[float] = rows["acts"].astype(float).fillna(0.0) / np.maximum(rows["months"], 1.0)
    return (
        rows[["months", "price", "contracts"]]
        .astype(float)
        .assign(acts_per_month=rate, spend_a_year=rows["paid"], recent=rows["is_open"].astype(bool))
    )


def _sample(base: CustomerBase, table: Any) -> pd.DataFrame:
    """Return a bounded number of rows, drawn by the hash of the customer's id, ordered by id."""
    spread = table.customer_id.hash().abs() % 1_000_003
    chosen = table.mutate(spread=spread).order_by("spread", "customer_id").limit(base.settings.sample)
    rows: pd.DataFrame = chosen.execute().sort_values("customer_id", ignore_index=True)
    return rows


def find_clusters(rows: pd.DataFrame, most: int, seed: int) -> Clusters | None:
    """Return k-means clusters of the logs of behaviour; None where customers are too few or do not vary.

    The k with the best silhouette (Rousseeuw 1987) among those whose clusters are reproduced on two halves of the
    sample (mean adjusted Rand index of 0.6 and more; Hubert and Arabie 1985), and else the most stable k.
    """
    scaled = _scale(rows)
    if len(rows) < _LEAST or scaled.shape[1] < 2:  # noqa: PLR2004 # one measure is too little
        return None
    choices = pd.DataFrame([_evaluate(scaled, k, seed) for k in range(2, most + 1)])
    stable = choices[choices["stability"] >= _STABLE]
    rivals = stable["silhouette"] if len(stable) else choices["stability"]
    best = rivals.index[int(np.argmax(rivals))]
    choices["chosen"] = choices.index == best
    labels = _assign(scaled, int(choices["k"][best]), seed)
    order = pd.Series(rows["spend_a_year"].to_numpy()).groupby(labels).mean().sort_values(ascending=False).index
    places = {label: place for place, label in enumerate(order)}
    numbers = np.array([places[label] for label in labels])
    return Clusters(rows.assign(cluster=numbers), choices, scaled.groupby(numbers).mean())


def _scale(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the logs of the measures in standard deviations; without those that are unknown or equal for all."""
    measures = [name for name in _MEASURES if name in rows]
    logs = pd.DataFrame(np.log1p(rows[measures].clip(lower=0.0).to_numpy()), columns=measures)
    filled = logs.fillna(logs.median())
    spread = filled.std(ddof=0)
    kept = [name for name in measures if np.isfinite(spread[name]) and spread[name] > 1e-9]  # noqa: PLR2004 # rounding
    scaled: pd.DataFrame = (filled[kept] - filled[kept].mean()) / spread[kept]
    return scaled


def _assign(scaled: pd.DataFrame, k: int, seed: int, fitted_on: Rows | None = None) -> Rows:
    """Return the cluster of each row, (n,), fitted on some rows or on all; one thread, so that sums do not differ."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    values = scaled.to_numpy()
    with threadpool_limits(1):
        model = KMeans(k, n_init=2, random_state=seed).fit(values if fitted_on is None else values[fitted_on])
        return np.asarray(model.predict(values), dtype=np.intp)


def _evaluate(scaled: pd.DataFrame, k: int, seed: int) -> dict[str, float]:
    """Return the silhouette and the stability of k clusters, on at most `_EVALUATED` customers."""
    from sklearn.metrics import silhouette_score

    some = scaled.sample(min(_EVALUATED, len(scaled)), random_state=seed)
    silhouette = float(silhouette_score(some.to_numpy(), _assign(some, k, seed)))
    return {"k": k, "silhouette": silhouette, "stability": _stability(some, k, seed)}


def _stability(scaled: pd.DataFrame, k: int, seed: int) -> float:
    """Return the mean agreement, over all rows, between clusters fitted on one random half and on the other."""
    from sklearn.metrics import adjusted_rand_score

    generator, agreements = np.random.default_rng(seed), []
    for repeat in range(_REPEATS):
        order = generator.permutation(len(scaled))
        halves = (order[: len(order) // 2], order[len(order) // 2 :])
        assigned = [_assign(scaled, k, seed + repeat, half) for half in halves]
        agreements.append(adjusted_rand_score(*assigned))
    return float(np.mean(agreements))


def name_clusters(clusters: Clusters, texts: Translation) -> list[str]:
    """Return the clusters' names: the one or two measures in which each differs most from all."""
    names = []
    for place, centre in clusters.centres.iterrows():
        apart = centre.reindex(centre.abs().sort_values(ascending=False, kind="stable").index)
        traits = [texts.text(f"cluster.{measure}.{'more' if value > 0 else 'less'}") for measure, value in apart.items()
                if abs(value) >= _APART][:_NAMING]  # fmt: skip
        name = ", ".join(traits) or texts.text("cluster.usual")
        names.append(name if name not in names else f"{name} ({int(str(place)) + 1})")
    return names


def describe(clusters: Clusters, names: list[str]) -> pd.DataFrame:
    """Return one row per cluster: its size and share, medians of its measures, mean spend and the share of recent."""
    grouped = clusters.rows.groupby("cluster")
    medians: dict[str, Any] = {name: (name, "median") for name in _SHOWN if name in clusters.rows}
    table: pd.DataFrame = grouped.agg(
        customers=("recent", "size"), **medians, spend_a_year=("spend_a_year", "mean"), recent=("recent", "mean")
    ).reset_index(drop=True)  # fmt: skip
    table.insert(0, "cluster", names)
    table.insert(2, "share", table["customers"] / table["customers"].sum())
    return table


@section("clusters", kinds=("noncontractual",), place=70)
def clusters(context: ReportContext) -> Section:
    """Return the section of a report."""
    return render_clusters(context.base, context.texts)


@section("clusters", kinds=("contractual",), place=70)
def subscriber_clusters(context: ReportContext) -> Section:
    """Return the section of a report on contracts."""
    return render_subscriber_clusters(context.base, context.texts)


def render_clusters(base: CustomerBase, texts: Translation) -> Section:
    """Return the section of buyers."""
    words = _Words(
        "clusters.lead", texts.text("clusters.recent", days=float(_RECENT_DAYS)), texts.text("clusters.value"),
        (Column("silent", "int"), Column("purchases"), Column("basket", "money"), Column("spend_a_year", "money"),
         Column("recent", "%")),
    )  # fmt: skip
    return _render(base, texts, sample_behaviour(base), words)


def render_subscriber_clusters(base: CustomerBase, texts: Translation) -> Section:
    """Return the section of subscribers."""
    recent, value = (texts.text(f"clusters.{name}_subscribers") for name in ("recent", "value"))
    words = _Words(
        "clusters.lead_subscribers", recent, value,
        (Column("months"), Column("price", "money"), Column("contracts"), Column("acts_per_month"),
         Column("spend_a_year", "money", label_key="column.paid_a_year"),
         Column("recent", "%", label_key="column.still_under_contract")),
    )  # fmt: skip
    return _render(base, texts, sample_subscribers(base), words)


@dataclass(frozen=True)
class _Words:
    """With what the clusters of a kind of customers are shown: the lead's key, both axes, and columns."""

    lead: str
    across: str
    up: str
    columns: tuple[Column, ...]


def _render(base: CustomerBase, texts: Translation, rows: pd.DataFrame, words: _Words) -> Section:
    clusters = find_clusters(rows, base.settings.most_clusters, base.settings.seed)
    if clusters is None:
        return Section("clusters", (Missing(texts.text("clusters.few", n=float(len(rows)))),))
    names = name_clusters(clusters, texts)
    table = describe(clusters, names)
    chosen = clusters.choices[clusters.choices["chosen"]].iloc[0]
    lead = texts.text(words.lead, k=float(chosen["k"]), silhouette=chosen["silhouette"], n=float(len(rows)),
                     stability=chosen["stability"])  # fmt: skip
    unstable = [] if clusters.is_stable else [Missing(texts.text("clusters.unstable"))]
    letters = [chr(ord("A") + place) for place in range(len(names))]
    drawn = draw_points(
        table["recent"].to_numpy(dtype=float), table["spend_a_year"].to_numpy(dtype=float),
        table["customers"].to_numpy(dtype=float), letters,
        (words.across, words.up),
    )  # fmt: skip
    lettered = [f"{letter}: {name}" for letter, name in zip(letters, names, strict=True)]
    shown = table.assign(cluster=lettered)
    columns = [Column("cluster"), Column("customers", "int"), Column("share", "%"), *words.columns]
    columns = [column for column in columns if base.has_amount or column.name not in _MONEY]
    best = table.iloc[0]
    alt = texts.text("clusters.alt", listed="; ".join(lettered))
    picture = [frame(drawn, alt, texts.text("clusters.picture"))] if base.has_amount else []
    choices = tuple(Column(name) for name in ("k", "silhouette", "stability"))
    blocks: list[Block] = [Note(lead), *unstable, *picture, Grid(texts.text("clusters.table"), shown, tuple(columns)),
                           Grid(texts.text("clusters.choices"), clusters.choices, choices)]  # fmt: skip
    headline = texts.text("clusters.headline", k=chosen["k"], name=str(best["cluster"]), share=best["share"])
    return Section("clusters", tuple(blocks), headline, {"clusters": table, "cluster_choices": clusters.choices})
