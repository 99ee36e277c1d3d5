"""The headline of a run: the few figures by which runs are compared."""

from collections.abc import Mapping

MAIN = "valid.churn.auc"
FIGURES = {
    "churn.auc": "AUC of the churn score",
    "churn.log_loss": "log-loss of the churn score",
    "churn.profit": "profit per customer",
    "spend.rmse": "RMSE of expected spend",
    "purchases.rmse": "RMSE of expected purchases",
}
WHEN = {"valid": "validation", "test": "sealed test"}


def headline_metrics() -> list[str]:
    """Return the names of the metrics, validation beside sealed test."""
    return [f"{when}.{figure}" for figure in FIGURES for when in WHEN]


def describe(metrics: Mapping[str, float]) -> str:
    """Return the headline with its 95% intervals as a Markdown table; empty where it has no figures."""
    evaluated = [when for when in WHEN if f"{when}.churn.auc" in metrics]
    rows = [
        f"| {title} | " + " | ".join(_cell(metrics, f"{when}.{figure}") for when in evaluated) + " |"
        for figure, title in FIGURES.items()
        if any(f"{when}.{figure}" in metrics for when in evaluated)
    ]
    head = f"| | {' | '.join(WHEN[when] for when in evaluated)} |"
    return "\n".join([head, "|---" * (len(evaluated) + 1) + "|", *rows]) if rows else ""


def _cell(metrics: Mapping[str, float], name: str) -> str:
    value, low, high = (metrics.get(name + ending) for ending in ("", "_low", "_high"))
    if value is None:
        return ""
    return f"{value:.4g}" if low is None or high is None else f"{value:.4g} ({low:.4g} to {high:.4g})"
