"""The purchase models, by name."""

from pathlib import Path

from ..files import read_json
from .beta_geometric import BetaGeoModel, ModifiedBetaGeoModel
from .beta_geometric_beta_bernoulli import BetaBernoulliModel
from .condensed_nbd import CondensedModel
from .gompertz_nbd import GompertzModel
from .nbd import NbdModel
from .pareto_nbd import ParetoModel
from .purchase_model import PurchaseModel

_MODELS: tuple[type[PurchaseModel], ...] = (
    BetaGeoModel,
    ModifiedBetaGeoModel,
    CondensedModel,
    ParetoModel,
    GompertzModel,
    BetaBernoulliModel,
    NbdModel,
)
PURCHASE_MODELS: dict[str, type[PurchaseModel]] = {model.name: model for model in _MODELS}


def load_purchases(folder: Path) -> PurchaseModel:
    """Read what a purchase model's `save` wrote."""
    stored = read_json(folder / "purchases.json")
    return PURCHASE_MODELS[stored["name"]](**stored["choices"]).restore(stored)
