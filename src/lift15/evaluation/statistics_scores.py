"""Scores of one model, laid out for comparing: seeds by clips, with the scene of every clip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from vfiblocks.errors import InputError

Floats = NDArray[np.float64]


class Measured(Protocol):
    """A row of results: what :class:`lift15.evaluation.results.Row` is."""

    @property
    def item(self) -> str:
        """Name of the clip, or of the target in it."""

    @property
    def scene(self) -> str:
        """The video that it is from."""

    @property
    def scores(self) -> Mapping[str, float]:
        """By measure."""


class Score(NamedTuple):
    """One number.

    Attributes:
        clip: what was measured; unique in a data set.
        scene: the video or place it is from. Clips of one scene are not independent.
        seed: which training run of the model.
        value: of one metric.
    """

    clip: str
    scene: str
    seed: str
    value: float


@dataclass(frozen=True, eq=False)
class Scores:
    """All scores of one model by one metric.

    Attributes:
        values: (seeds, clips).
        clips: names, unique.
        scenes: of each clip.
        seeds: names of the training runs, unique.

    Raises:
        InputError: the parts do not fit each other, or a name comes twice.

    Example:
        >>> scores = Scores.of([[30.0, 31.0, 40.0]], scenes=["street", "street", "beach"])
        >>> scores.clips, scores.seeds
        (('0', '1', '2'), ('0',))
    """

    values: Floats
    clips: tuple[str, ...]
    scenes: tuple[str, ...]
    seeds: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.seeds), len(self.clips)) or not self.values.size:
            raise InputError(
                f"scores are one row per seed and one column per clip, got {self.values.shape} for "
                f"{len(self.seeds)} seeds and {len(self.clips)} clips"
            )
        if len(self.scenes) != len(self.clips):
            raise InputError(
                f"every clip has a scene, got {len(self.scenes)} scenes for {len(self.clips)} clips"
            )
        for what, names in (("clip", self.clips), ("seed", self.seeds)):
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise InputError(f"{what} '{twice}' comes twice among the scores")

    @classmethod
    def of(
        cls,
        values: Sequence[Sequence[float]] | Sequence[float] | Floats,
        *,
        scenes: Sequence[str] | None = None,
        clips: Sequence[str] | None = None,
        seeds: Sequence[str] | None = None,
    ) -> Scores:
        """From numbers.

        Args:
            values: (clips,) for one seed, or (seeds, clips).
            scenes: of each clip; None makes each a scene of its own.
            clips: names; None counts them.
            seeds: names; None counts them.
        """
        array = np.atleast_2d(np.asarray(values, dtype=np.float64))
        names = tuple(map(str, range(array.shape[1]))) if clips is None else tuple(clips)
        runs = tuple(map(str, range(array.shape[0]))) if seeds is None else tuple(seeds)
        return cls(array, names, names if scenes is None else tuple(scenes), runs)

    @classmethod
    def from_scores(cls, scores: Iterable[Score]) -> Scores:
        """From single numbers in any order.

        Raises:
            InputError: one is missing, comes twice, or a clip is in two scenes.

        Example:
            >>> Scores.from_scores([Score("a", "street", "0", 30.0), Score("b", "beach", "0", 31.0)]
            ...                   ).values
            array([[30., 31.]])
        """
        found: dict[tuple[str, str], float] = {}
        scenes: dict[str, str] = {}
        for score in scores:
            if (score.seed, score.clip) in found:
                raise InputError(f"clip '{score.clip}' of seed '{score.seed}' comes twice")
            if scenes.setdefault(score.clip, score.scene) != score.scene:
                raise InputError(
                    f"clip '{score.clip}' is of scene '{scenes[score.clip]}' and of '{score.scene}'"
                )
            found[score.seed, score.clip] = score.value
        seeds = tuple(dict.fromkeys(seed for seed, _ in found))
        missing = [(s, c) for s in seeds for c in scenes if (s, c) not in found]
        if missing:
            seed, clip = missing[0]
            raise InputError(
                f"every seed needs a score for every clip; seed '{seed}' lacks '{clip}', and "
                f"{len(missing) - 1} more are missing"
            )
        values = np.array([[found[seed, clip] for clip in scenes] for seed in seeds], np.float64)
        return cls(
            values.reshape(len(seeds), len(scenes)), tuple(scenes), tuple(scenes.values()), seeds
        )

    @classmethod
    def from_results(cls, runs: Mapping[str, Iterable[Measured]], measure: str) -> Scores:
        """From the rows that ``vfi evaluate`` keeps.

        Args:
            runs: seed -> rows of the model trained with it.
            measure: which of their scores.

        Raises:
            InputError: as :meth:`from_scores`, or a row has no such score.
        """
        scores = []
        for seed, rows in runs.items():
            for row in rows:
                if measure not in row.scores:
                    raise InputError(
                        f"'{row.item}' has no score '{measure}'; it has {', '.join(row.scores)}"
                    )
                scores.append(Score(row.item, row.scene, seed, row.scores[measure]))
        return cls.from_scores(scores)

    def select(self, keep: Sequence[bool] | NDArray[np.bool_]) -> Scores:
        """The clips for which ``keep`` is True, such as those of one bin of motion.

        Raises:
            InputError: for another number of clips, or if none is left.
        """
        mask = np.asarray(keep, dtype=bool)
        if mask.shape != (len(self.clips),):
            raise InputError(f"there are {len(self.clips)} clips to choose from, got {mask.shape}")
        index = np.flatnonzero(mask)
        return Scores(
            self.values[:, index],
            tuple(self.clips[k] for k in index),
            tuple(self.scenes[k] for k in index),
            self.seeds,
        )

    def aligned_to(self, other: Scores) -> Scores:
        """The same scores in the order of another model's clips.

        Raises:
            InputError: the two were not measured on the same clips.
        """
        here, there = set(self.clips), set(other.clips)
        if here != there:
            odd = sorted(here ^ there)
            raise InputError(
                f"the two models were not measured on the same clips: {len(odd)} have a score of "
                f"one alone, such as '{odd[0]}'; compare what both have"
            )
        place = {clip: k for k, clip in enumerate(self.clips)}
        index = [place[clip] for clip in other.clips]
        scenes = tuple(self.scenes[k] for k in index)
        if scenes != other.scenes:
            clip = next(
                c for c, a, b in zip(other.clips, scenes, other.scenes, strict=True) if a != b
            )
            raise InputError(f"clip '{clip}' is of different scenes for the two models")
        return Scores(self.values[:, index], other.clips, scenes, self.seeds)
