"""Opening a bundle: its scorer, by what its customers do."""

from pathlib import Path

from ..snapshots.customer_kinds import kind_of
from .bundle_reader import BundleReader
from .effect_scorer import EffectScorer
from .scorer import Scorer
from .specification import read_specification


def open_scorer(folder: Path) -> BundleReader:
    """Return the scorer of a bundle's folder: of customers who leave, or of an experiment."""
    leaves = kind_of(read_specification(folder).data.shape).leaves
    return Scorer(folder) if leaves else EffectScorer(folder)
