"""Time alternatives against each other in one run, after checking that they agree.

Times of two runs cannot be compared on a machine that does other things as well. So alternatives
run in turn, a ratio is taken within each round, and the median over the rounds is reported with its
quartiles. Each round has an order of its own: what a call pays for memory depends on what the one
before it left behind, and with A B C A B C the same one would always follow the greedy one.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor
from torch.profiler import ProfilerActivity, profile

Alternative = Callable[[], Any]


class Lap(NamedTuple):
    """One call: how long it took and how many fresh memory pages the system had to hand out."""

    seconds: float
    faults: int


@dataclass
class Comparison:
    """What one benchmark found.

    Attributes:
        title: the question; comparisons with one title share a table.
        case: what sets this one apart from the others of its title.
        size: of the frames, or of the maps.
        spec: fingerprint of the model spec the alternatives belong to, if there is one.
        tolerance: how far results may differ, relative to the largest value; None if unchecked.
        rounds: how often every alternative was timed.
        disturbance: cores that other processes kept busy meanwhile; None if the system does not
            say.
        rows: one per alternative; the first is what the others are divided into.
    """

    title: str
    case: str
    size: str
    spec: str | None
    tolerance: float | None
    rounds: int = 0
    disturbance: float | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __getitem__(self, name: str) -> dict[str, Any]:
        """The row of an alternative, to add facts to."""
        return next(row for row in self.rows if row["name"] == name)


class Interleaved:
    """Calls alternatives in turn and keeps the laps; one call of this object is one round."""

    def __init__(self, alternatives: Mapping[str, Alternative]) -> None:
        self.alternatives = alternatives
        self.shuffle = random.Random(0).sample
        self.laps: dict[str, list[Lap]] = {name: [] for name in alternatives}

    def __call__(self) -> None:
        for name, alternative in self.shuffle(list(self.alternatives.items()), k=len(self.laps)):
            faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            start = time.perf_counter()
            result = alternative()
            seconds = time.perf_counter() - start
            faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
            del result  # its memory is given back between the laps, not within the next one
            self.laps[name].append(Lap(seconds, faults))

    def rows(self, rounds: int) -> list[dict[str, Any]]:
        """Medians of the last ``rounds`` rounds; what ran before them was for warming up."""
        laps = {name: laps[-rounds:] for name, laps in self.laps.items()}
        first = next(iter(laps.values()))
        rows = []
        for name, own in laps.items():
            ratios = [a.seconds / b.seconds for a, b in zip(first, own, strict=True)]
            low, middle, high = quartiles(ratios)
            rows.append(
                {
                    "name": name,
                    "seconds": significant(statistics.median(lap.seconds for lap in own)),
                    "ratio": significant(middle),
                    "ratio_quartiles": [significant(low), significant(high)],
                    "page_faults": round(statistics.median(lap.faults for lap in own)),
                }
            )
        return rows


def disagreement(result: Any, truth: Any) -> float:
    """Largest difference between two results, relative to the largest value in ``truth``.

    Results are tensors, or tuples, lists and dicts of them; None stands for nothing.

    >>> import torch
    >>> disagreement({"a": torch.tensor([1.0, 3.0])}, {"a": torch.tensor([1.0, 4.0])})
    0.25
    """
    pairs = list(zip(_tensors(result), _tensors(truth), strict=True))
    for a, b in pairs:
        if a.shape != b.shape:
            raise ValueError(f"results differ in shape: {tuple(a.shape)} and {tuple(b.shape)}")
    return max(float((a - b).abs().max() / b.abs().max().clamp_min(1e-12)) for a, b in pairs)


def peak_bytes(alternative: Alternative) -> int:
    """Most memory that one call held at a time, beyond what was there before it.

    Counted from torch's own record of every allocation, so the number is exact and repeatable. It
    includes the result and what kernels allocate through torch, but not what a kernel library
    (oneDNN, MKL) takes for itself.

    >>> import torch
    >>> peak_bytes(lambda: torch.ones(1000).sqrt())
    8000
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        result = alternative()
    del result
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    steps = [event for event in events if event.get("name") == "[memory]"]
    steps.sort(key=lambda event: event["ts"])
    peak: int = max(accumulate((step["args"]["Bytes"] for step in steps), initial=0))
    return peak


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile.

    >>> quartiles([1.0, 2.0, 3.0, 4.0, 9.0])
    (2.0, 3.0, 4.0)
    """
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, middle, high


def significant(value: float, digits: int = 4) -> float:
    """Rounded to significant digits, so that result files stay readable.

    >>> significant(0.0123456), significant(2.0)
    (0.01235, 2.0)
    """
    return float(f"{value:.{digits}g}")


def _tensors(result: Any) -> Iterator[Tensor]:
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, Mapping):
        for key in sorted(result):
            yield from _tensors(result[key])
    elif isinstance(result, (tuple, list)):
        for entry in result:
            yield from _tensors(entry)
    elif result is not None:
        raise TypeError(f"results are tensors or nests of them, got {type(result).__name__}")
