"""The headline of a run, and the figures and choices by which runs are compared."""

from collections.abc import Mapping
from typing import Any

MAIN = "valid.churn.auc"
FIGURES = {
    "churn.auc": "AUC of the churn score",
    "churn.log_loss": "log-loss of the churn score",
    "churn.profit": "profit per customer",
    "spend.rmse": "RMSE of expected spend",
    "purchases.rmse": "RMSE of expected purchases",
}
WHEN = {"valid": "validation", "test": "sealed test"}


INTERVALS = (
    "churn.auc",
    "churn.log_loss",
    "churn.average_precision",
    "churn.brier",
    "churn.profit",
    "spend.rmse",
    "purchases.rmse",
    "purchases.mae",
    "effects.loss",
    "policy.gain",
    "policy.gain_ipw",
)
PLAIN = (
    "spend.mae",
    "spend.bias",
    "spend.gini",
    "spend.top_decile_share",
    "purchases.bias",
    "spend.interval.coverage",
    "spend.interval.coverage_randomised",
    "purchases.interval.coverage",
    "purchases.interval.coverage_randomised",
    "churn.calibration_slope",
    "churn.calibration_error",
    "churn.empc",
    "churn.best_share",
    "churn.profit_at_best_share",
)
ENDINGS = ("", "_low", "_high")
DETAILS = (*(f"{when}." for when in WHEN), "ablation.", "calibration.", "importance.")
COMPARED_PARAMS = ("data.name", "data.shape", "data.refunds", "tuning.n_trials", "tuning.seed")
LEFT_OUT = (
    "data.",
    "tuning.",
    "engine.",
    "tracking.",
    "clv.boosting.",
    "churn.threads",
    "churn.penalty_strengths",
    "churn.patience_rounds",
    "churn.level_share",
    "clv.total_share",
    "economics.arm_costs",
    "economics.outcome_value",
)
OF_ONE_KIND = {
    "noncontractual": ("clv.", "churn.purchase_models"),
    "experiment": ("uplift.",),
}


def compared_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics by which people compare runs; a run's file metrics.json has all of them.

    Of the figures of a training run those of the score and of the chosen CLV model are kept, of others all.
    """
    kept = {f"{when}.{name}{ending}" for when in WHEN for name in INTERVALS for ending in ENDINGS}
    kept |= {f"{when}.{name}" for when in WHEN for name in PLAIN}
    return {name: value for name, value in metrics.items() if name in kept or not name.startswith(DETAILS)}


def compared_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices by which people compare runs; a run's file config.yaml has all of them.

    The learner of effects is one of them for experiments alone, and the models of purchases for order logs alone.
    """
    kind = params.get("data.shape")
    hidden = (*LEFT_OUT, *(name for owner, names in OF_ONE_KIND.items() if owner != kind for name in names))
    return {name: value for name, value in params.items() if name in COMPARED_PARAMS or not name.startswith(hidden)}


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
