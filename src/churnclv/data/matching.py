"""Matching: whether the customers of another table are in the main one, and how the ids differ if not."""

import re
from collections import Counter
from typing import Any

from ..errors import require
from ..notices import Notice

_FEW_SHARE = 0.5  # of either table's customers
_LEAST_CUSTOMERS = 20  # below this, no match may be chance
_EXAMPLES = 1000
_SHOWN = 24  # characters of a shape
_FOLDS = (  # pattern that is removed from ids, name of the difference, remedy
    (r"\.0+$", "the decimals of a whole number", "write ids as whole numbers, not as floats, in the export."),
    (r"^0+", "leading zeros", "write ids with the same number of zeros in both exports."),
    (None, "capital letters", "data.fold_ids=[case] joins ids that differ in nothing else."),
    (r"^[^0-9]+", "a prefix", "take the prefix off, or put it on, in one of the exports."),
    (r"[^A-Za-z0-9]", "blanks or punctuation", "write ids alike in both exports."),
)


def match_customers(main: Any, other: Any, where: str) -> tuple[int, tuple[Notice, ...]]:
    """Return how many customers of another table are in the main one, and a notice if they are few.

    Parameters
    ----------
    main, other
        Tables of the engine with the column `customer_id`, each id once.
    where
        The prefix of the other table's settings in messages.

    Raises:
        InputError: no customer is in both, and the tables are not too small for this to be chance.
    """
    sizes = [int(table.count().execute()) for table in (main, other)]
    matched = int(other.semi_join(main, "customer_id").count().execute())
    if matched >= _FEW_SHARE * min(sizes):
        return matched, ()
    difference, remedy = _difference(main, other, where)
    counts = (
        f"{where}: {matched:,} of its {sizes[1]:,} customers are in the main table, which has {sizes[0]:,}. "
        f"Ids there have the shape {_shape(main)}, here {_shape(other)} (digits as 9, letters as a and A)"
    )
    message = f"{counts}; they differ by {difference}." if difference else f"{counts}."
    chance = not difference and min(sizes) < _LEAST_CUSTOMERS
    require(matched > 0 or chance, message, remedy=remedy)
    return matched, (Notice("few_customers_match", message, remedy),)


def _difference(main: Any, other: Any, where: str) -> tuple[str, str]:
    """Return the difference between the ids without which most of them match, and the remedy."""
    least = _FEW_SHARE * min(int(table.count().execute()) for table in (main, other))
    for rule, difference, remedy in _FOLDS:
        sides = [_folded(table, rule) for table in (main, other)]
        if int(sides[1].semi_join(sides[0], "customer_id").count().execute()) >= max(least, 1):
            return difference, remedy
    return "", f"name the column with the ids of the main table: {where}.columns.customer_id=..."


def _folded(table: Any, rule: str | None) -> Any:
    ids = table.customer_id
    folded = table.select(customer_id=ids.lower() if rule is None else ids.re_replace(rule, "")).distinct()
    return folded.filter(folded.customer_id != "")  # an id of letters alone has no prefix


def _shape(table: Any) -> str:
    """Return the most frequent shape of ids, which hides all characters but decimals .0 and leading zeros."""
    ids = table.order_by("customer_id").limit(_EXAMPLES).execute()["customer_id"]
    return Counter(_masked(str(name)) for name in ids).most_common(1)[0][0]


def _masked(name: str) -> str:
    short = name[:_SHOWN]
    zeros = min(len(short) - len(short.lstrip("0")), len(short) - 1)
    end = len(re.sub(r"\.0+$", "", short))
    middle = re.sub(r"[^\W\d_]", lambda letter: "A" if letter[0].isupper() else "a", short[zeros:end])
    return short[:zeros] + re.sub(r"\d", "9", middle) + short[max(zeros, end) :]
