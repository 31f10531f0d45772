"""Which frames a model's context is made of: its weights, noted while it is measured."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from lift15.evaluation.prediction import Predictor, Shown
from lift15.training.watching.alpha_map import frame_ranks
from vfiblocks import Interpolator, Window
from vfiblocks.errors import DataError
from vfiblocks.states import Context

NAME = "alphas.csv"


class Listening(Predictor):
    """A model that writes down the weight of each frame at every call.

    A line per window is on the disk before the picture is handed on. What is predicted again after
    a kill, because its score was lost, comes under the same key and counts once.

    Args:
        predictor: predicts.
        model: what it predicts with; its aggregator is listened to.
        path: of the file; it only grows.
    """

    def __init__(self, predictor: Predictor, model: Interpolator, path: Path) -> None:
        self._predictor = predictor
        self.path = path
        self.name = predictor.name
        self.identity = predictor.identity
        self.reach = predictor.reach
        self.layout = predictor.layout
        self.device = predictor.device
        self._heard: list[Tensor] = []
        self._known = set(read_alphas(path))
        if model.aggregator is not None:
            model.aggregator.register_forward_hook(self._listen)

    def refusal(self, time: float) -> str:
        """See :meth:`Predictor.refusal`."""
        return self._predictor.refusal(time)

    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[Tensor]:
        """See :meth:`Predictor.predict`."""
        self._heard.clear()
        made = self._predictor.predict(shown, windows)
        if len(self._heard) == len(windows):  # midpoints of midpoints are other calls
            for window, weights in zip(windows, self._heard, strict=True):
                self._note(shown, window, weights)
        return made

    def _listen(self, module: Any, inputs: Any, output: Context) -> None:
        self._heard.append(output.weights.detach().float().cpu())

    def _note(self, shown: Shown, window: Window, weights: Tensor) -> None:
        left = self.reach[0] - 1
        picture = shown.frames[0, left : left + 2].contiguous().cpu().numpy().tobytes()
        key = hashlib.blake2b(picture + repr(window.target).encode(), digest_size=12).hexdigest()
        if key in self._known:
            return
        self._known.add(key)
        valid = shown.valid[0].tolist()
        cells = [
            f"{rank}:{weight:.6g}"
            for rank, weight, there in zip(
                frame_ranks(window), weights[0].tolist(), valid, strict=True
            )
            if there
        ]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow([key, *cells])
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            whole = _whole(self.path)
            with self.path.open("ab") as file:
                file.truncate(whole)
                file.write(text.getvalue().encode())
        except OSError as error:
            raise DataError(f"{self.path}: cannot be written: {error.strerror}") from error


def read_alphas(path: Path) -> dict[str, dict[int, float]]:
    """Weights by rank of each window, by its key; {} where there is no file.

    Raises:
        DataError: a line is none of ours.
    """
    if not path.exists():
        return {}
    found: dict[str, dict[int, float]] = {}
    data = path.read_bytes()[: _whole(path)].decode()
    for number, cells in enumerate(csv.reader(io.StringIO(data)), start=1):
        try:
            pairs = (cell.split(":") for cell in cells[1:])
            found.setdefault(cells[0], {int(rank): float(weight) for rank, weight in pairs})
        except (ValueError, IndexError) as error:
            raise DataError(f"{path}: line {number} holds no weights: {error}") from error
    return found


def mean_alphas(
    windows: dict[str, dict[int, float]],
) -> tuple[tuple[int, ...], tuple[float, ...], tuple[float, ...]]:
    """Ranks, the mean weight of each over the windows that have it, and standard deviations.

    >>> mean_alphas({"a": {-1: 0.25, 1: 0.75}, "b": {-1: 0.75, 1: 0.25}})
    ((-1, 1), (0.5, 0.5), (0.25, 0.25))
    """
    by_rank: dict[int, list[float]] = {}
    for weights in windows.values():
        for rank, weight in weights.items():
            by_rank.setdefault(rank, []).append(weight)
    ranks = tuple(sorted(by_rank))
    means = tuple(math.fsum(by_rank[rank]) / len(by_rank[rank]) for rank in ranks)
    deviations = tuple(
        math.sqrt(math.fsum((w - mean) ** 2 for w in by_rank[rank]) / len(by_rank[rank]))
        for rank, mean in zip(ranks, means, strict=True)
    )
    return ranks, means, deviations


def _whole(path: Path) -> int:
    """Bytes of whole lines: what a killed run left of a last one is not counted."""
    if not path.exists():
        return 0
    return path.read_bytes().rfind(b"\n") + 1
