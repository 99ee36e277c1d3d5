"""The models of buying, by name."""

from pathlib import Path

from ..files import read_json
from .beta_bernoulli import BetaBernoulliModel
from .beta_geometric import BetaGeoModel, ModifiedBetaGeoModel
from .condensed import CondensedModel
from .gompertz import GompertzModel
from .nbd import NbdModel
from .pareto import ParetoModel
from .purchases import PurchaseModel

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
