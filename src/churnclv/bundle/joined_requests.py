"""Joined requests: frames of raw events of several callers as one, whose scores are taken apart again.

A pass over one customer takes nearly as long as one over fifty: most of it is the same for any number of rows.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..features.families import find_family
from ..features.family import is_per_customer
from ..snapshots.customer_kinds import kind_of
from .specification import BundleSpecification


def can_be_joined(specification: BundleSpecification, families: Sequence[str]) -> bool:
    """Return whether a customer's scores depend on that customer's own events alone, whatever else is in a file."""
    data = specification.data
    alone = all(is_per_customer(find_family(name)) for name in families)
    return kind_of(data.shape).has_time and alone and not data.tables and not data.amount_is_order_total


def join_frames(frames: Sequence[pd.DataFrame], column: str) -> tuple[pd.DataFrame, list[set[str]]] | None:
    """Return the frames as one and the customers of each.

    None where the columns differ, an id is no plain text, or a customer is in several frames.
    """
    if any(list(frame.columns) != list(frames[0].columns) or column not in frame for frame in frames):
        return None
    ids = [frame[column].tolist() for frame in frames]
    if not all(isinstance(cell, str) and cell.strip() == cell != "" for cells in ids for cell in cells):
        return None
    customers = [set(cells) for cells in ids]
    if len(set().union(*customers)) < sum(map(len, customers)):
        return None
    return pd.concat(frames, ignore_index=True), customers


def part_scores(scores: pd.DataFrame, customers: Sequence[set[str]]) -> list[pd.DataFrame] | None:
    """Return the score rows of each group of customers, in their order; None where somebody has none, or another id."""
    ids = scores["customer_id"].to_numpy(dtype=object)
    if set(ids) != set().union(*customers):
        return None
    owners = {name: place for place, own in enumerate(customers) for name in own}
    place = np.array([owners[name] for name in ids])
    return [scores[place == each].reset_index(drop=True) for each in range(len(customers))]
