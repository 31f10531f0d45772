"""What is validated on: the same windows every time, whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lift15.data.items import Chosen
from lift15.data.layouts import Reading
from lift15.data.samples import Cut, cut


@dataclass(frozen=True)
class ValidationWindow:
    """One window to validate on.

    Attributes:
        cut: what is read.
        name: source, clip and frame, as in :attr:`Batch.names`.
        scene: what counts as one where statistics are made.
    """

    cut: Cut
    name: str
    scene: str


def validation_windows(
    chosen: Sequence[Chosen], reading: Reading, *, per_clip: int = 1, per_scene: int = 0
) -> tuple[ValidationWindow, ...]:
    """The windows of each clip's middle.

    In a clip that is longer than the window these are targets all of whose frames exist; in a
    shorter one those that miss the fewest. Clips that lack a reference are left out.

    Args:
        chosen: the clips.
        reading: how they are read, forwards and at a stride of one.
        per_clip: how many of a clip, spread over it.
        per_scene: how many of a scene at the most, spread over its windows; 0 for all.

    Returns:
        In the order of the sources and clips.
    """
    found: list[ValidationWindow] = []
    for part in chosen:
        for index, clip in part.items():
            for target in _targets(reading, clip.length, per_clip):
                made = cut(part.source, index, reading, target)
                found.append(ValidationWindow(made, made.name, clip.scene))
    if not per_scene:
        return tuple(found)
    scenes: dict[str, list[int]] = {}
    for number, window in enumerate(found):
        scenes.setdefault(window.scene, []).append(number)
    kept = sorted(n for numbers in scenes.values() for n in spread(numbers, per_scene))
    return tuple(found[number] for number in kept)


def spread(values: Sequence[int], count: int) -> list[int]:
    """Up to ``count`` of the values, evenly spread: the middle one for one.

    >>> spread(range(9), 1), spread(range(9), 3), spread(range(2), 3)
    ([4], [1, 4, 7], [0, 1])
    """
    if count >= len(values):
        return list(values)
    return [values[int((i + 0.5) * len(values) / count)] for i in range(count)]


def _targets(reading: Reading, length: int, count: int) -> list[int]:
    """Of the targets whose references exist, those with the most frames, spread over the clip."""
    places = range(reading.before, length - (reading.gap - reading.before))
    if not places:
        return []
    numbers = np.asarray(places)[:, None] + np.asarray(reading.offsets)
    existing = ((numbers >= 0) & (numbers < length)).sum(axis=1)
    best = [
        place for place, frames in zip(places, existing, strict=True) if frames == max(existing)
    ]
    return spread(best, count)
