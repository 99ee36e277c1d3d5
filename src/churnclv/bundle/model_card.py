"""The model card: the purpose of a bundle, its training data, its measured quality and its limits."""

from collections.abc import Mapping, Sequence

from ..notices import Notice
from .scored_kinds import scored_kind
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
    kind = scored_kind(specification.data.shape)
    shown = [
        f"| {name} | {metrics[name]:.4f} | {_range(metrics, name)} |"
        for name in sorted(metrics)
        if _is_main(name, metrics)
    ]
    lines = [
        f"# {title}",
        "",
        kind.purpose(specification),
        "",
        *[line for notice in notices for line in (f"**{notice.line()}**", "")],
        f"- Refitted through {specification.fitted_through}: these models are fitted on every label observed by then.",
        "  The figures below are those of the same choices before the refit, not of these exact models.",
        f"- Eligible for {kind.estimate}: {kind.population(specification)}.",
        f"- Learned from {specification.data.name} ({specification.origin}), content fingerprint",
        f"  {specification.data_fingerprint}; run {specification.run_id}.",
        *([f"- {refunds}"] if refunds else []),
        f"- {kind.caution}",
        f"- {kind.causality(specification)}",
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


def _is_main(name: str, metrics: Mapping[str, float]) -> bool:
    return f"{name}_low" in metrics


def _is_local(name: str) -> bool:
    """Return whether a parameter names a place on the machine that trained, or how many cores it had."""
    return name.startswith(_LOCAL) or name.rpartition(".")[2] in _PATHS


def _range(metrics: Mapping[str, float], name: str) -> str:
    return f"{metrics[f'{name}_low']:.4f} to {metrics[f'{name}_high']:.4f}"
