"""From scores of items to the row of a table, and tables to read."""

from __future__ import annotations

import json
import math
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lift15.evaluation.items import Benchmark
from lift15.evaluation.prediction import Predictor
from lift15.evaluation.protocols.base import Protocol
from lift15.evaluation.protocols.changes import differences
from lift15.evaluation.results import Row
from vfiblocks.errors import DataError

DIGITS = {"dB": 2, "levels": 3}
"""By unit; four for the others, as papers print SSIM and LPIPS."""


@dataclass(frozen=True)
class Summary:
    """What one model scored under one protocol.

    Attributes:
        protocol: how it was measured.
        model: name of the model or baseline.
        identity: what decided about the numbers; see :data:`lift15.evaluation.results.IDENTITY`.
        layout: "pair" where only the references may be seen, else "hole" or "even".
        items: how many were measured.
        official: how many belong to the benchmark, or to the part of it that was asked for.
        scores: means by measure, averaged as the protocol says.
        notes: what a reader should know, in plain sentences.
    """

    protocol: Protocol
    model: str
    identity: dict[str, str]
    layout: str
    items: int
    official: int
    scores: dict[str, float]
    notes: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Ready for JSON; infinite and undefined means as text."""
        return {
            "protocol": self.protocol.plain(),
            "identity": self.identity,
            "model": self.model,
            "layout": self.layout,
            "items": self.items,
            "official": self.official,
            "scores": {
                name: value if math.isfinite(value) else str(value)
                for name, value in self.scores.items()
            },
            "notes": list(self.notes),
        }


def summarise(
    protocol: Protocol,
    predictor: Predictor,
    benchmark: Benchmark,
    rows: Sequence[Row],
    *,
    identity: dict[str, str],
    notes: Sequence[str] = (),
) -> Summary:
    """The row of a table, with everything that keeps it from being compared blindly.

    Args:
        protocol: how it was measured.
        predictor: the model or baseline.
        benchmark: what there was to measure.
        rows: the scores.
        identity: see :class:`Summary`.
        notes: what is known beyond; comes first.
    """
    names = [measure.name for measure in protocol.measures]
    return Summary(
        protocol,
        predictor.name,
        identity,
        "pair" if protocol.context == 1 else benchmark.items[0].layout,
        len(rows),
        len(benchmark.items) + len(benchmark.missing),
        means(rows, names, protocol.averaging),
        (
            *notes,
            *_changed(protocol),
            *_found(protocol, benchmark),
            *_frames(protocol, predictor, benchmark, rows),
            *_infinite(protocol, names, rows),
        ),
    )


def _changed(protocol: Protocol) -> Iterator[str]:
    if changes := differences(protocol):
        plain = protocol.plain()
        now = "; ".join(f"{key} {_words(plain[key])}" for key in changes)
        yield f"not the protocol of this name as it is announced, but changed: {now}"


def _words(value: Any) -> str:
    """A field of a protocol for a note."""
    if isinstance(value, dict) and "options" in value:
        options = ", ".join(f"{key}={option}" for key, option in value["options"].items())
        return f"{value['name']}({options})"
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value)
    return str(value)


def _found(protocol: Protocol, benchmark: Benchmark) -> Iterator[str]:
    """What the benchmark lacks."""
    count = len(benchmark.items) + len(benchmark.missing)
    if benchmark.shortage:
        yield f"only {benchmark.shortage} were there"
    elif protocol.official is not None and count != protocol.official:
        yield f"the official set has {protocol.official:,} items, this one {count:,}"
    if benchmark.missing:
        yield f"without {len(benchmark.missing):,} items that are missing or bad"


def _frames(
    protocol: Protocol, predictor: Predictor, benchmark: Benchmark, rows: Sequence[Row]
) -> Iterator[str]:
    """What the model could not make, was not shown, or was not made for."""
    refused = [r for r in (predictor.refusal(item.time) for item in benchmark.items) if r]
    if refused:
        yield f"without {len(refused):,} items it cannot make: {refused[0]}"
    wanted, shown = sum(predictor.reach), sorted({row.frames for row in rows})
    if shown and shown[0] < wanted:
        span = f"{shown[0]}" if len(shown) == 1 else f"{shown[0]} to {shown[-1]}"
        yield f"reads {wanted} frames and was shown {span}; the others were marked missing"
    layout = benchmark.items[0].layout
    if wanted > 2 and protocol.context != 1 and predictor.layout not in ("", layout):
        yield f"made for the layout '{predictor.layout}', and this one is '{layout}'"


def _infinite(protocol: Protocol, names: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    for name in names:
        rest = [row for row in rows if not math.isinf(row.scores[name])]
        if len(rest) < len(rows):
            value = _shown(name, means(rest, [name], protocol.averaging)[name])
            yield (
                f"{name} is infinite on {len(rows) - len(rest):,} items, which are exactly right; "
                f"{value} without them"
            )


def means(rows: Sequence[Row], names: Iterable[str], averaging: str) -> dict[str, float]:
    """The mean of each measure: over items, or over items of each scene and then over scenes.

    Args:
        rows: scores of items.
        names: of the measures.
        averaging: see :class:`~lift15.evaluation.protocols.base.Protocol`.

    Returns:
        NaN without rows.

    Example:
        >>> rows = [Row(f"{i}", scene, 0.5, 2, 2, {"psnr": value})
        ...         for i, (scene, value) in enumerate([("a", 30.0), ("a", 32.0), ("b", 40.0)])]
        >>> means(rows, ["psnr"], "item"), means(rows, ["psnr"], "scene")
        ({'psnr': 34.0}, {'psnr': 35.5})
    """
    if averaging == "item":
        return {name: mean([row.scores[name] for row in rows]) for name in names}
    scenes: dict[str, list[Row]] = {}
    for row in rows:
        scenes.setdefault(row.scene, []).append(row)
    each = [means(group, names, "item") for group in scenes.values()]
    return {name: mean([scores[name] for scores in each]) for name in names}


def mean(values: Sequence[float]) -> float:
    """The mean, which no order of the values changes; NaN of none."""
    if not values:
        return math.nan
    if any(math.isinf(value) for value in values):  # fsum refuses to add both infinities
        return sum(values) / len(values)
    return math.fsum(values) / len(values)


def table(summaries: Sequence[Summary]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows; measures that some protocol lacks are left blank there."""
    names = list(dict.fromkeys(name for s in summaries for name in s.scores))
    rows = []
    for s in summaries:
        count = f"{s.items:,}" if s.items == s.official else f"{s.items:,} of {s.official:,}"
        cells = [_shown(name, s.scores[name]) if name in s.scores else "" for name in names]
        rows.append((s.protocol.name, s.layout, s.model, count, *cells))
    return ("protocol", "layout", "model", "items", *names), rows


def notes_of(summaries: Sequence[Summary]) -> list[str]:
    """All notes with what they are about; what holds for several models is said once."""
    about: dict[tuple[str, str], list[str]] = {}
    for s in summaries:
        for note in s.notes:
            about.setdefault((s.protocol.name, note), []).append(s.model)
    return [f"{name}, {', '.join(models)}: {note}" for (name, note), models in about.items()]


def markdown(summaries: Sequence[Summary]) -> str:
    """The table and the notes as a page."""
    head, rows = table(summaries)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    noted = [f"- {line}" for line in notes_of(summaries)]
    return "\n".join([*lines, *([""] if noted else []), *noted]) + "\n"


def write_summary(folder: Path, summaries: Sequence[Summary]) -> None:
    """``summary.md`` and ``summary.json`` in the folder of a run, each whole or as it was.

    Raises:
        DataError: they cannot be written.
    """
    plain = json.dumps([s.plain() for s in summaries], indent=1) + "\n"
    for name, text in (("summary.md", markdown(summaries)), ("summary.json", plain)):
        temporary = folder / f".{name}.{secrets.token_hex(4)}.partial"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, folder / name)
        except OSError as error:
            raise DataError(f"{folder / name}: cannot be written: {error.strerror}") from error
        finally:
            temporary.unlink(missing_ok=True)


def _shown(name: str, value: float) -> str:
    from vfiblocks import METRICS

    return f"{value:.{DIGITS.get(METRICS.get(name).unit, 4)}f}"
