"""From a plan to batches: open the sources, split them, and load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lift15.data.checking import check_count
from lift15.data.dataset import TrainBatches, ValidationBatches
from lift15.data.items import Chosen, Items
from lift15.data.layouts import Cutter, Reading
from lift15.data.loader import Loader
from lift15.data.plan import DataPlan
from lift15.data.sampler import Order, check_share_of_batch
from lift15.data.sources.base import ClipSource, Problem
from lift15.data.sources.text import open_source_by_text
from lift15.data.split import everything, split_by_scene
from lift15.data.validation import ValidationWindow, spread, validation_windows
from vfiblocks import Window
from vfiblocks.errors import DataError, InputError


@dataclass(frozen=True)
class Data:
    """Opened sources, split; what the loaders draw from.

    Attributes:
        plan: as given.
        cutter: how windows are cut for the model.
        items: what there is to learn from.
        kept: clips for validation.
        validation_reading: the one way in which validation windows are read.
        validation: the windows, of which :attr:`Batch.indices` are numbers.
        problems: what was left out so far, and why.
        notes: what a user should know: of the sources, and of clips that are on both sides.
    """

    plan: DataPlan
    cutter: Cutter
    items: Items
    kept: tuple[Chosen, ...]
    validation_reading: Reading
    validation: tuple[ValidationWindow, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def samples_per_epoch(self) -> int:
        """Windows in one pass over the training data.

        With weights, of all sources together: some may then come more than once in as many samples,
        and others less.
        """
        return len(self.items)


def open_data(plan: DataPlan, *, window: Window, any_time: bool = False) -> Data:
    """Open the sources of a plan for one model.

    Args:
        plan: what to read.
        window: the model's, ``model.window``.
        any_time: whether the model knows other times than the middle, ``model.flow.any_time``.

    Raises:
        DataError: a source cannot be opened, is an official test set, or has no clip that is long
            enough; or one side of the split is empty.
        InputError: the plan does not fit the model.
        UnknownComponent: there is no such kind of source.
    """
    if not plan.train:
        raise InputError(
            "data: there is nothing to learn from; give train at least one source, such as "
            "'videos:path/to/clips'"
        )
    return arrange(
        plan,
        train=[open_source_by_text(text, skip_bad=plan.skip_bad) for text in plan.train],
        validation=[open_source_by_text(text, skip_bad=plan.skip_bad) for text in plan.validation],
        window=window,
        any_time=any_time,
    )


def arrange(
    plan: DataPlan,
    *,
    train: Sequence[ClipSource],
    validation: Sequence[ClipSource] = (),
    window: Window,
    any_time: bool = False,
) -> Data:
    """What :func:`open_data` does once the sources are open; the texts of the plan are not read.

    Raises:
        DataError: a source is an official test set, or no clip is long enough; or one side of the
            split is empty.
        InputError: the plan does not fit the model.

    Example:
        >>> from lift15.data.sources.base import Clip
        >>> class Numbers(ClipSource):
        ...     name, read = "numbers:", None
        ...     clips = tuple(Clip(f"{i}", 7, f"{i}") for i in range(100))
        >>> data = arrange(DataPlan(held_out=0.1), train=[Numbers()], window=Window.hole(15, 8))
        >>> data.samples_per_epoch // 5 + len(data.validation)
        100
    """
    _check_official([*train, *validation])
    cutter = Cutter(plan.layout, window, any_time=any_time)
    if validation:
        learnt, kept = everything(train), everything(validation)
    else:
        learnt, kept = split_by_scene(train, held_out=plan.held_out)
    reach = cutter.reach if plan.layout.whole else (0, cutter.span)
    items = Items(learnt, reach=reach, what=_what(cutter))
    own = plan.validation_layout == "own"
    reading = cutter.fixed(None if own else plan.validation_layout)
    windows = validation_windows(kept, reading, per_clip=plan.per_clip, per_scene=plan.per_scene)
    if any(kept) and not windows:
        lengths = [clip.length for part in kept for _, clip in part.items()]
        raise DataError(
            f"nothing to validate on: {len(lengths)} clips are kept, the longest has "
            f"{max(lengths)} frames; layout {reading.kind} needs {reading.gap + 1}"
        )
    sources = dict.fromkeys([*train, *validation])
    problems = [problem for source in sources for problem in source.problems]
    return Data(
        plan,
        cutter,
        items,
        kept,
        reading,
        windows,
        (*problems, *items.problems),
        (*(note for source in sources for note in source.notes), *_shared(learnt, kept)),
    )


def train_loader(
    data: Data,
    *,
    batch: int,
    seed: int,
    start: int = 0,
    total: int,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
    pin: bool = False,
) -> Loader:
    """Batches ``start`` to ``total - 1`` of a run.

    Args:
        data: from :func:`open_data`.
        batch: samples of all processes together, a multiple of ``world``.
        seed: of everything random about the data.
        start: the batch to go on with, 0 for a run that begins.
        total: batches of the whole run.
        rank: which process asks.
        world: how many there are.
        workers: processes that load, per process that trains.
        pin: see :class:`Loader`.

    Raises:
        InputError: numbers that do not fit each other.
        DataError: a weighed source has no window; and when iterating, see :class:`Loader`.
    """
    check_count("train_loader", "start", start, least=0)
    check_count("train_loader", "total", total, least=start)
    plan = data.plan
    made = TrainBatches(
        Order(data.items, seed=seed, weights=plan.weights),
        data.cutter,
        plan.augmentation,
        batch,
        rank,
        world,
        plan.motion,
        plan.skip_bad,
    )
    return Loader(made, range(start, total), workers=workers, pin=pin)


def validation_loader(
    data: Data,
    *,
    batch: int,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
    pin: bool = False,
    at_most: int = 0,
) -> Loader:
    """The validation windows of one process: every ``world``-th, nothing twice, nothing padded.

    Processes may get one window more or less than each other, or one batch; put their numbers
    together by :attr:`Batch.indices`.

    Args:
        data: from :func:`open_data`.
        batch: samples per batch of this process.
        rank: which process asks.
        world: how many there are.
        workers: processes that load.
        pin: see :class:`Loader`.
        at_most: this many windows of all, evenly spread; 0 for all.

    Raises:
        InputError: numbers that do not fit each other.
        DataError: when iterating, see :class:`Loader`.
    """
    check_count("validation_loader", "batch", batch)
    check_count("validation_loader", "at_most", at_most, least=0)
    check_share_of_batch(max(world, 1), rank, world)
    plan = data.plan
    numbers = spread(range(len(data.validation)), at_most or len(data.validation))
    made = ValidationBatches(
        data.validation,
        data.validation_reading.window,
        plan.validation_crop or plan.augmentation.crop,
        numbers[rank::world],
        batch,
        plan.motion,
        plan.skip_bad,
    )
    return Loader(made, range(len(made)), workers=workers, pin=pin)


def _check_official(sources: Sequence[ClipSource]) -> None:
    for source in sources:
        if source.held_out:
            raise DataError(
                f"{source.name} is an official test set: whoever trains or chooses a model on it "
                "has nothing left to test on; take the training list of the set"
            )


def _shared(learnt: Sequence[Chosen], kept: Sequence[Chosen]) -> Iterator[str]:
    """What is to be said of clips that are on both sides, as validation sources make possible."""
    seen = {(part.source.name, clip.name) for part in learnt for _, clip in part.items()}
    for part in kept:
        shared = sum((part.source.name, clip.name) in seen for _, clip in part.items())
        if shared:
            yield (
                f"{part.source.name}: {shared} of {len(part)} clips that are validated on are "
                "learnt from as well; their scores say nothing about new ones"
            )


def _what(cutter: Cutter) -> str:
    """The layout in words, for messages about clips that are too short for it."""
    layout = cutter.layout
    words = f"layout {' and '.join(cutter.kinds)} of {len(cutter.window)} frames"
    if "even" in cutter.kinds and layout.gap > 2:
        words += f" with a gap of {layout.gap}"
    if layout.stride > 1:
        words += f" and a stride of up to {layout.stride}"
    return f"{words}, all of them in the clip," if layout.whole else words
