"""What was measured in an ablation: scores of every item, and what is known of the item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lift15.evaluation.results import Row
from lift15.evaluation.statistics_scores import Scores
from vfiblocks.errors import InputError

Better = Literal["higher", "lower"]

FAST, HIDDEN, BENT = "fast motion", "much hidden", "uneven motion"
"""Subsets that are told by measured motion: the quarter of the items that has most of it."""

QUARTER = 0.75


@dataclass(frozen=True)
class Measure:
    """A column of scores.

    Attributes:
        name: registered, such as "psnr-edges".
        unit: "dB", "" for pure numbers.
        better: which way is good.
    """

    name: str
    unit: str
    better: Better


@dataclass(frozen=True)
class ItemFacts:
    """What is known of a frame to predict; the same for every model.

    Attributes:
        name: as in the rows of scores.
        scene: what statistics count as one.
        tags: what the source says of it: "occlusion", "lighting", ...; empty for most real data.
        displacement: median of how far pixels move from one reference to the other, in pixels.
        fastest: the same of the fastest twentieth: their 95th percentile.
        bend: mean distance from straight and even motion, pixels.
        hidden: share of the pixels that at least one reference does not show.
        measured: how the motion is known: "true" from the source, "DIS" from the frames; "" where
            it is not, and the four numbers are NaN.
    """

    name: str
    scene: str
    tags: tuple[str, ...] = ()
    displacement: float = float("nan")
    fastest: float = float("nan")
    bend: float = float("nan")
    hidden: float = float("nan")
    measured: str = ""


@dataclass(frozen=True)
class Answers:
    """Scores of one model on all items of one evaluation.

    Attributes:
        model: name of a variant, or of a baseline: "repeat", "average", "classical".
        seed: of the training run; None for a baseline.
        control: "" for what the model does. Otherwise what was done to the frames beyond the
            references: "without", marked missing; "repeated", the nearest references in their
            place; "shuffled", in another order; "foreign", from another clip. What context is worth
            shows against these.
        rows: one per item.
        weights: checksum of the weights.
        notes: what is to be known of these scores, in sentences.
    """

    model: str
    seed: int | None
    control: str
    rows: tuple[Row, ...]
    weights: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alphas:
    """How much each frame counts in a model's context.

    Attributes:
        model: name of a variant.
        seed: of the run.
        ranks: places beside the target: -2 is the second before it, 1 the first after it.
        means: of the weight of each, over the items that have the frame.
        deviations: standard deviations over items.
        items: how many items were counted.
    """

    model: str
    seed: int
    ranks: tuple[int, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    items: int


@dataclass(frozen=True)
class Strip:
    """A picture of what the variants made of one item.

    Attributes:
        item: its name.
        why: why it was chosen, such as "15 frames gain most over 3: +1.32 dB".
        path: PNG file, relative to the folder of the ablation.
        question: name of the question that it illustrates.
    """

    item: str
    why: str
    path: str
    question: str = ""


@dataclass(frozen=True)
class Evaluation:
    """One protocol, and what everybody scored under it.

    Attributes:
        name: short, unique in the ablation.
        title: a few words.
        protocol: all that decides about the numbers, plain data.
        protocol_hash: of that.
        root: where the data were.
        layout: "pair", "hole" or "even"; scores of different layouts are never put side by side.
        averaging: "item" or "scene", as the protocol averages.
        measures: the columns.
        items: what there is to predict.
        answers: of variants, seeds, controls and baselines.
        alphas: of variants with context.
        strips: pictures.
        data_hash: of the items.
        notes: of the benchmark, in sentences.
    """

    name: str
    title: str
    protocol: Mapping[str, Any]
    protocol_hash: str
    root: str
    layout: str
    averaging: str
    measures: tuple[Measure, ...]
    items: tuple[ItemFacts, ...]
    answers: tuple[Answers, ...]
    alphas: tuple[Alphas, ...] = ()
    strips: tuple[Strip, ...] = ()
    data_hash: str = ""
    notes: tuple[str, ...] = ()

    def measure(self, name: str) -> Measure:
        """The column of a name.

        Raises:
            InputError: there is none; all are named.
        """
        for measure in self.measures:
            if measure.name == name:
                return measure
        known = ", ".join(measure.name for measure in self.measures)
        raise InputError(f"evaluation '{self.name}' has no measure '{name}'; it has {known}")

    def answered(self, model: str, *, control: str = "") -> tuple[Answers, ...]:
        """Of one model, one per seed; () where it was not evaluated."""
        return tuple(a for a in self.answers if a.model == model and a.control == control)

    def subsets(self) -> dict[str, tuple[str, ...]]:
        """Names of items by subset: the tags of their sources, and what measured motion tells.

        A subset of fewer than two scenes is left out: nothing can be said of it.
        """
        found: dict[str, list[str]] = {}
        for item in self.items:
            for tag in item.tags:
                found.setdefault(tag, []).append(item.name)
        for name, key in ((FAST, "fastest"), (BENT, "bend"), (HIDDEN, "hidden")):
            values = np.array([getattr(item, key) for item in self.items], dtype=np.float64)
            if np.isfinite(values).sum() < 4 or np.nanmin(values) == np.nanmax(values):
                continue
            least = np.nanquantile(values, QUARTER)
            found[name] = [
                item.name for item, value in zip(self.items, values, strict=True) if value >= least
            ]
        scenes = {item.name: item.scene for item in self.items}
        return {
            name: tuple(names)
            for name, names in found.items()
            if len({scenes[each] for each in names}) > 1
        }

    def scores(self, model: str, measure: str, *, control: str = "", subset: str = "") -> Scores:
        """All scores of a model by one measure, seeds by items.

        Items that some seed lacks are left out, so that every seed has the same ones.

        Raises:
            InputError: there are none, or no such measure or subset.
        """
        self.measure(measure)
        runs = self.answered(model, control=control)
        if not runs:
            raise InputError(f"evaluation '{self.name}' has no scores of '{model}' yet")
        common = set.intersection(*({row.item for row in run.rows} for run in runs))
        if subset:
            subsets = self.subsets()
            if subset not in subsets:
                known = ", ".join(subsets) or "none"
                raise InputError(
                    f"evaluation '{self.name}' has no subset '{subset}'; it has {known}"
                )
            common &= set(subsets[subset])
        if not common:
            raise InputError(f"evaluation '{self.name}' has no scores of '{model}' on these items")
        return Scores.from_results(
            {
                str(run.seed if run.seed is not None else 0): [
                    row for row in run.rows if row.item in common
                ]
                for run in runs
            },
            measure,
        )
