"""Results of two models brought together: read back, paired item by item, compared in every way."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lift15.evaluation.bins_clips import compare_by_bin, quantile_bins
from lift15.evaluation.results import IDENTITY, ITEM, ResultFile, Row
from lift15.evaluation.statistics import Better, PairedComparison, compare
from lift15.evaluation.statistics_ranks import holm
from lift15.evaluation.statistics_scores import Scores
from vfiblocks import METRICS
from vfiblocks.errors import DataError, InputError

SHARD = re.compile(r"\.\d+-of-\d+$")


@dataclass(frozen=True)
class Results:
    """What one model scored under one protocol, as it lies on a disk.

    Attributes:
        model: what it is filed under.
        protocol: name of the protocol.
        identity: see :data:`lift15.evaluation.results.IDENTITY`.
        measures: the columns.
        rows: one per item.
        notes: what the summary beside it says of it.
        averaging: "item" or "scene", as the protocol averages.
    """

    model: str
    protocol: str
    identity: Mapping[str, str]
    measures: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    averaging: str = "item"


def read_results(folder: Path) -> list[Results]:
    """All results in a folder that ``vfi evaluate`` has written to, by protocol and model.

    Raises:
        DataError: a file is damaged.
        InputError: a file belongs to several models or protocols.
    """
    told = _summaries(folder)
    found: list[Results] = []
    for path in sorted(folder.glob("*/*.csv")):
        model = SHARD.sub("", path.stem)
        if model != path.stem and (path.parent / f"{model}.csv").exists():
            continue  # read with the others of its model
        if any(each.model == model and each.protocol == path.parent.name for each in found):
            continue
        header, first = _beginning(path)
        if not set(IDENTITY) <= set(header):
            continue  # not ours
        if first is None:
            continue
        identity = {key: first[header.index(key)] for key in IDENTITY}
        measures = tuple(header[len(ITEM) : -len(IDENTITY)])
        rows = ResultFile(folder, identity, measures).rows()
        about, averaging = told.get((identity["protocol"], model), ((), "item"))
        found.append(
            Results(model, identity["protocol"], identity, measures, tuple(rows), about, averaging)
        )
    return found


def gains_of(baseline: Scores, candidate: Scores, *, better: Better) -> dict[str, float]:
    """By how much the candidate is better on each clip that both have, in the mean of the seeds.

    >>> scores = Scores.of([[30.0, 31.0]]), Scores.of([[30.5, 30.0]])
    >>> gains_of(*scores, better="higher"), gains_of(*scores, better="lower")
    ({'0': 0.5, '1': -1.0}, {'0': -0.5, '1': 1.0})
    """
    sign = 1.0 if better == "higher" else -1.0
    before = dict(zip(baseline.clips, baseline.values.mean(axis=0).tolist(), strict=True))
    after = dict(zip(candidate.clips, candidate.values.mean(axis=0).tolist(), strict=True))
    return {
        clip: sign * (after[clip] - before[clip])
        for clip in before
        if clip in after and np.isfinite(after[clip] - before[clip])
    }


@dataclass(frozen=True, eq=False)
class Compared:
    """Two models compared by one measure under one protocol.

    Attributes:
        title: under what: the protocol, or the evaluation of an ablation.
        measure: name of the measure.
        scores: of the two, on the items that both have.
        options: how they were compared; see :func:`lift15.evaluation.statistics.compare`.
        overall: over all items.
        gains: how much better the candidate is on each item.
        notes: what is to be known, in sentences.
        by_motion: over items of a range of displacement each; empty where it is not known.
        adjusted: p-values of ``by_motion`` for so many questions (Holm).
    """

    title: str
    measure: str
    scores: tuple[Scores, Scores]
    options: Mapping[str, Any]
    overall: PairedComparison
    gains: Mapping[str, float]
    notes: tuple[str, ...] = ()
    by_motion: Mapping[str, PairedComparison] = field(default_factory=dict)
    adjusted: Mapping[str, float] = field(default_factory=dict)

    def sorted_by_motion(self, displacement: Mapping[str, float], *, groups: int = 4) -> Compared:
        """The same, with a comparison for each group of items that move about alike.

        Args:
            displacement: of the items by name, pixels; NaN or left out where it is not known.
            groups: how many.
        """
        values = [displacement.get(clip, float("nan")) for clip in self.scores[0].clips]
        try:
            bins = quantile_bins(values, count=groups)
            found = compare_by_bin(*self.scores, bins, **self.options)
        except InputError as error:
            return replace(
                self, notes=(*self.notes, f"not sorted by motion into {groups} groups: {error}")
            )
        adjusted = holm({name: each.p for name, each in found.items()})
        return replace(self, by_motion=found, adjusted=adjusted)


def compare_results(
    baseline: Mapping[str, Results],
    candidate: Mapping[str, Results],
    *,
    measure: str,
    names: tuple[str, str],
    margin: float | None = None,
    title: str = "",
    draws: int = 10_000,
) -> Compared:
    """Compare two models by what is on the disk.

    Args:
        baseline: its results by seed, all under one protocol.
        candidate: likewise.
        measure: by which of the scores.
        names: of the two, for the words.
        margin: of equivalence; see :func:`lift15.evaluation.statistics.compare`.
        title: under what; the name of the protocol unless given.
        draws: of the bootstrap.

    Raises:
        InputError: the two were measured under different protocols, by other versions of one, on
            other data, or share too little.
    """
    _check_alike([*baseline.values(), *candidate.values()])
    metric, first = METRICS.get(measure), next(iter(baseline.values()))
    one, other = _scores(baseline, measure, names[0]), _scores(candidate, measure, names[1])
    shared = set(one.clips) & set(other.clips)
    notes = []
    if not shared:
        raise InputError("the two have no item in common; nothing can be compared")
    if lost := max(len(one.clips), len(other.clips)) - len(shared):
        notes.append(f"{lost} items that only one of the two has scores for were left out")
    one, other = (each.select([clip in shared for clip in each.clips]) for each in (one, other))
    both = [seed for seed in one.seeds if seed in other.seeds]
    if both and (both != list(one.seeds) or both != list(other.seeds)):
        notes.append(f"only seeds that both have are compared: {', '.join(both)}")
        one, other = _of_seeds(one, both), _of_seeds(other, both)
    options: dict[str, Any] = {
        "better": metric.better,
        "unit": metric.unit,
        "names": names,
        "margin": margin,
        "weigh": "scenes" if first.averaging == "scene" else "clips",
        "draws": draws,
    }
    return Compared(
        title or first.protocol,
        measure,
        (one, other),
        options,
        compare(one, other, **options),
        gains_of(one, other, better=metric.better),
        tuple(notes),
    )


def _scores(results: Mapping[str, Results], measure: str, name: str) -> Scores:
    for each in results.values():
        if measure not in each.measures:
            raise InputError(
                f"{name} has no score '{measure}' under {each.protocol}; it has "
                f"{', '.join(each.measures)}"
            )
    common = set.intersection(*({row.item for row in each.rows} for each in results.values()))
    if not common:
        raise InputError(f"{name} has no scores under {next(iter(results.values())).protocol}")
    return Scores.from_results(
        {seed: [row for row in each.rows if row.item in common] for seed, each in results.items()},
        measure,
    )


def _of_seeds(scores: Scores, seeds: Sequence[str]) -> Scores:
    rows = [scores.seeds.index(seed) for seed in seeds]
    return Scores(scores.values[rows], scores.clips, scores.scenes, tuple(seeds))


def _check_alike(results: Sequence[Results]) -> None:
    """Refuse to compare numbers that were not made in the same way."""
    first = results[0]
    for other in results[1:]:
        for key, what in (
            ("protocol", "protocols"),
            ("protocol_hash", "variants of a protocol"),
            ("data", "data"),
        ):
            if first.identity[key] != other.identity[key]:
                raise InputError(
                    f"{first.model} and {other.model} were measured under different {what}: "
                    f"{first.identity[key]} and {other.identity[key]}; measure both alike"
                )


def _beginning(path: Path) -> tuple[list[str], list[str] | None]:
    """The header of a file of scores, and its first line of them."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            first = next(lines, None)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: the results cannot be read: {error}") from error
    return header, first if first is not None and len(first) == len(header) else None


def _summaries(folder: Path) -> dict[tuple[str, str], tuple[tuple[str, ...], str]]:
    """Notes and averaging, by protocol and model, as the summary has them."""
    path = folder / "summary.json"
    if not path.exists():
        return {}
    try:
        plain = json.loads(path.read_text("utf-8"))
        return {
            (each["protocol"]["name"], each["model"]): (
                tuple(each["notes"]),
                each["protocol"]["averaging"],
            )
            for each in plain
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read: {error}; remove it") from error
