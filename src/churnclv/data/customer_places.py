"""Customer places: which part of a log a row belongs to, by the id of its customer, so that customers stay whole."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .compiled_queries import compiled
from .fingerprint import md5_number_lower
from .parsing import clean_id, fold_id
from .settings import DataSettings, Fold
from .source import typed_text
from .stored_tables import store_relation

_IDS = "ids_of_rows"


def place_customers(connection: Any, ids: Any, parts: int, settings: DataSettings) -> NDArray[np.int64]:
    """Return the part of each row, from 0, by a hash of the id as it is read; rows without an id are in part 0.

    Parameters
    ----------
    connection
        The engine.
    ids
        The cells of the customers' ids in the types of the file, an Arrow array (n,).
    parts
        Their number.
    settings
        How ids are read. Ids that some `data.fold_ids` would make one are in the same part, whether it does or not.

    Returns
    -------
    ndarray
        Whole numbers, shape (n,).
    """
    rows = connection.con.from_arrow(pa.table({"row": pa.array(np.arange(len(ids))), "cell": ids}))
    text = dict(typed_text([("cell", str(rows.types[1]))], ["cell"]))["cell"]
    store_relation(connection, _IDS, rows.project(f'"row", {text} AS cell'))
    placed = _place(connection.table(_IDS), parts, settings).arrow()
    return np.asarray(placed["part"].to_numpy(), dtype=np.int64)


@compiled
def _place(ids: Any, parts: int, settings: DataSettings) -> Any:
    name = fold_id(clean_id(ids.cell, settings), list(Fold))
    number = name.isnull().ifelse(0, (md5_number_lower(name) % parts).cast("int64"))
    return ids.select("row", part=number).order_by("row")
