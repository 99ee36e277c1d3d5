"""The model card: the purpose of a bundle, its training data, its measured quality and its limits."""

from collections.abc import Mapping, Sequence

from ..data.settings import Shape
from ..notices import Notice
from .specification import BundleSpecification

_LOCAL = ("tracking.", "engine.", "tuning.storage", "churn.threads")
_PATHS = ("path", "set_aside_path", "custom", "families")


def write_card(
    specification: BundleSpecification,
    title: str,
    metrics: Mapping[str, float],
    parameters: Mapping[str, str],
    notices: Sequence[Notice] = (),
    refunds: str = "",
) -> str:
    """Return the card as Markdown; `metrics` are those of the run that chose the model, `notices` of the refit.

    `refunds` is the sentence on how spend and CLV treat them, empty where there is no spend.
    """
    shown = [
        f"| {name} | {metrics[name]:.4f} | {_range(metrics, name)} |"
        for name in sorted(metrics)
        if _is_main(name, metrics)
    ]
    lines = [
        f"# {title}",
        "",
        _purpose(specification),
        "",
        *[line for notice in notices for line in (f"**{notice.line()}**", "")],
        f"- Refitted through {specification.fitted_through}: these models are fitted on every label observed by then.",
        "  The figures below are those of the same choices before the refit, not of these exact models.",
        f"- Eligible for a churn score: {_population(specification)}.",
        f"- Learned from {specification.data.name} ({specification.origin}), content fingerprint",
        f"  {specification.data_fingerprint}; run {specification.run_id}.",
        *([f"- {refunds}"] if refunds else []),
        *_reading(specification),
        "- The scores estimate what is likely, not its causes. Nothing here shows that contacting a customer helps.",
        "- A bundle is a program: loading it runs its code. The manifest detects damage, not a hostile author.",
        '- `load_bundle(path, code="installed")` runs none of its code.',
        "",
        "| figure | value | 95% interval |",
        "|---|---:|---:|",
        *shown,
        "",
        "## Parameters",
        "",
        *[f"- {name}: {value}" for name, value in parameters.items() if not _is_local(name)],
        "",
    ]
    return "\n".join(lines)


def _purpose(specification: BundleSpecification) -> str:
    """Return the meaning of the scores, by customer kind."""
    economics, horizon = specification.economics, specification.windows.horizon_text
    value = (
        f"CLV over {economics.clv_horizon_days} days (margin {economics.margin:g}, discounted at "
        f"{economics.annual_discount_rate:g} a year)"
    )
    if specification.data.shape is Shape.labelled:
        return (
            f"Probability of the outcome in column {specification.data.target!r}. The table has no time and no amounts."
        )
    if specification.data.shape is Shape.contracts:
        return f"Probability that the contract ends within {horizon}" + (
            f", and {value}." if _has_amount(specification) else "."
        )
    spend = (
        f", expected purchases and spend in that time, and {value}."
        if _has_amount(specification)
        else ", and expected purchases."
    )
    return f"Probability of no purchase within {horizon}{spend}"


def _has_amount(specification: BundleSpecification) -> bool:
    return specification.data.has_amount


def _population(specification: BundleSpecification) -> str:
    """Return the population of the churn score, by customer kind."""
    windows = specification.windows
    if specification.data.shape is Shape.labelled:
        return "every row"
    if specification.data.shape is Shape.contracts:
        return "customers under contract at `as_of`"
    last = f", the last within {windows.active_days} days" if windows.active_days else " at any time before"
    return f"at least {windows.min_purchases} purchase(s){last} `as_of`"


def _reading(specification: BundleSpecification) -> list[str]:
    """Return cautions against misreading, by customer kind."""
    if specification.data.shape is Shape.orders:
        return ["- `p_alive` is not a churn score: BG/NBD gives 1 to everybody who bought once."]
    if specification.data.shape is Shape.contracts:
        return ["- Contract ends dated `as_of` or later are hidden from the features: they are plans."]
    return ["- The horizon is the one of the table's outcome; the model has no other."]


def _is_main(name: str, metrics: Mapping[str, float]) -> bool:
    return f"{name}_low" in metrics


def _is_local(name: str) -> bool:
    """Return whether a parameter names a place on the machine that trained, or how many cores it had."""
    return name.startswith(_LOCAL) or name.rpartition(".")[2] in _PATHS


def _range(metrics: Mapping[str, float], name: str) -> str:
    return f"{metrics[f'{name}_low']:.4f} to {metrics[f'{name}_high']:.4f}"
