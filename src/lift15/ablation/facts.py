"""What is known of the items of an evaluation: how they move, and what their source says."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lift15.ablation.held_out import HeldOut
from lift15.ablation.measured import ItemFacts
from lift15.evaluation.bins import bend, displacement
from lift15.evaluation.bins_motion import measure_motion
from lift15.evaluation.items import Benchmark, Item
from lift15.evaluation.protocols.base import Protocol
from lift15.evaluation.protocols.pictures import prepared, unit
from vfiblocks.errors import DataError

NAME = "items.csv"
HEADER = ("item", "scene", "tags", "displacement", "fastest", "bend", "hidden", "measured")
FASTEST = 0.95
"""Quantile of a picture's displacements that stands for how fast anything in it is."""


def note_facts(
    path: Path,
    items: Sequence[Item],
    benchmark: Benchmark,
    protocol: Protocol,
    *,
    motion: bool = True,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> list[ItemFacts]:
    """Find out what is known of items, and keep it in a file that only grows.

    Args:
        path: of the file; what it has already is not found out again.
        items: which.
        benchmark: reads them.
        protocol: says how pictures are cut before they are compared; motion is that of the same
            part.
        motion: look at motion, which takes up to a second per item where it has to be measured.
        on_progress: called with items done and in all.

    Raises:
        DataError: a picture cannot be read, or the file cannot be written.
    """
    known = {facts.name: facts for facts in read_facts(path)}
    found = []
    for done, item in enumerate(items, start=1):
        if item.name not in known:
            known[item.name] = _facts(item, benchmark, protocol, motion=motion)
            _append(path, known[item.name])
        found.append(known[item.name])
        if on_progress is not None:
            on_progress(done, len(items))
    return found


def read_facts(path: Path) -> list[ItemFacts]:
    """What a file knows so far; [] where there is none.

    Raises:
        DataError: it is another file.
    """
    if not path.exists():
        return []
    data = path.read_bytes()
    lines = csv.reader(io.StringIO(data[: data.rfind(b"\n") + 1].decode()))
    header = next(lines, list(HEADER))
    if tuple(header) != HEADER:
        raise DataError(f"{path} holds no facts about items, its first line is {header[:4]}")
    found = []
    for number, cells in enumerate(lines, start=2):
        try:
            name, scene, tags, *numbers, measured = cells
            moved, fastest, bent, hidden = map(float, numbers)
        except ValueError as error:
            raise DataError(f"{path}: line {number} is damaged ({error}); remove it") from error
        found.append(
            ItemFacts(name, scene, tuple(tags.split()), moved, fastest, bent, hidden, measured)
        )
    return found


def _facts(item: Item, benchmark: Benchmark, protocol: Protocol, *, motion: bool) -> ItemFacts:
    reading = benchmark.read
    tags = reading.tags(item) if isinstance(reading, HeldOut) else ()
    if not motion:
        return ItemFacts(item.name, item.scene, tags)
    truth = reading.motion(item) if isinstance(reading, HeldOut) else None
    if truth is not None:
        # The same cut from the middle as of pictures: it takes rows and columns whatever they hold
        flow = torch.stack([prepared(each, protocol) for each in truth.flow])[None]
        visible = torch.stack([prepared(each, protocol) for each in truth.visible])[None]
        how = "true"
    else:
        left, right, target = _pictures(item, benchmark, protocol)
        flow, visible = measure_motion(torch.stack((left, right))[None], target[None])
        how = "DIS"
    moved = displacement(flow).flatten()
    return ItemFacts(
        item.name,
        item.scene,
        tags,
        displacement=float(moved.median()),
        fastest=float(np.quantile(moved.numpy(), FASTEST)),
        bend=float(bend(flow, time=item.time).mean()),
        hidden=float((~visible).any(dim=1).float().mean()),
        measured=how,
    )


def _pictures(item: Item, benchmark: Benchmark, protocol: Protocol) -> list[Tensor]:
    references = [ref for ref in (item.before[0], item.after[0]) if ref is not None]
    pictures = benchmark.read([*references, item.target])
    return [unit(prepared(picture, protocol)) for picture in pictures]


def _append(path: Path, facts: ItemFacts) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            whole = path.read_bytes().rfind(b"\n") + 1
            file.truncate(whole)
            if not whole:
                writer.writerow(HEADER)
            numbers = (facts.displacement, facts.fastest, facts.bend, facts.hidden)
            writer.writerow(
                [
                    facts.name,
                    facts.scene,
                    " ".join(facts.tags),
                    *(f"{number:.6g}" for number in numbers),
                    facts.measured,
                ]
            )
            file.write(text.getvalue().encode())
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}") from error
