"""Answers of models that were computed before: the same fit, and the same question to it, are not repeated.

Tuning, evaluation and intervals put the same questions to the same model many times, from several places. An answer is
recalled by the content of the question (the model's class, hyperparameters and parameters, the histories, the days), so
that it cannot be out of date. It lives in this process only.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import wraps
from hashlib import blake2b
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .rfm import Array, Histories

if TYPE_CHECKING:
    from .purchase_model import PurchaseModel

_MOST_BYTES = 64 * 2**20
_SMALL_BYTES = 2**12  # of an answer that is no array: a fit's few parameters

Key = tuple[type, str, bytes]
Answer = TypeVar("Answer")


class Recall:
    """Answers by question, the latest ones, up to a number of bytes."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Start with no answers."""
        self._most_bytes, self._bytes = most_bytes, 0
        self._answers: OrderedDict[Key, Any] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key, compute: Callable[[], Answer]) -> Answer:
        """Return the answer that is kept under this key, or compute and keep it."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]  # type: ignore[no-any-return] # what `compute` returned
        answer = compute()
        with self._lock:
            if key not in self._answers:
                self._answers[key] = answer
                self._bytes += _size_bytes(answer)
            while self._bytes > self._most_bytes:
                self._bytes -= _size_bytes(self._answers.popitem(last=False)[1])
        return answer


_recall = Recall()


def recalled(method: Callable[..., Array]) -> Callable[..., Array]:
    """Let a method of a fitted model, of histories and perhaps of days, recall its answers, which are read-only."""

    @wraps(method)
    def answer(self: "PurchaseModel", histories: Histories, *days: Any, **named: Any) -> Array:
        def compute() -> Array:
            computed = np.asarray(method(self, histories, *days, **named))
            computed.setflags(write=False)
            return computed

        question = _digest([self._shape(), self.fitted()], [*histories.arrays, *days, *named.values()])
        return _recall.get((type(self), method.__name__, question), compute)

    return answer


def recall_fit(model: Any, chosen: dict[str, Any], data: Sequence[Array], fit: Callable[[], Answer]) -> Answer:
    """Return what a fit of the model's class with what was chosen returned before on the same data, or fit."""
    return _recall.get((type(model), "fit", _digest(chosen, data)), fit)


def _digest(stated: Any, arrays: Sequence[Any]) -> bytes:
    content = blake2b(json.dumps(stated, sort_keys=True).encode(), digest_size=16)
    for values in arrays:
        array = np.ascontiguousarray(values, dtype=float)
        content.update(f"{array.shape}".encode())
        content.update(array.data)
    return content.digest()


def _size_bytes(answer: Any) -> int:
    return answer.nbytes if isinstance(answer, np.ndarray) else _SMALL_BYTES
