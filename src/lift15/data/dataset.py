"""Batches by number: the same whoever makes them, and in whatever order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch.utils.data import Dataset

from lift15.data.augment import Augmentation, centre_crop
from lift15.data.batch import Batch
from lift15.data.geometry import Sample
from lift15.data.items import Item
from lift15.data.layouts import Cutter, Reading
from lift15.data.randomness import batch_stream, sample_stream
from lift15.data.sampler import Order, check_share_of_batch
from lift15.data.samples import Cut, cut, put_together, read_sample
from lift15.data.sources.base import Problem
from lift15.data.validation import ValidationWindow
from vfiblocks import Window
from vfiblocks.errors import DataError

ATTEMPTS = 10
"""How many samples are tried in place of one that cannot be read. Where so many fail in a row,
nearly all of the data are bad, and going on would hide it."""


@dataclass(frozen=True)
class Nothing:
    """A batch of which no sample could be read.

    Attributes:
        problems: why.
    """

    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class TrainBatches(Dataset[Batch]):
    """Batch k of an endless run, for one process of several.

    A process takes every ``world``-th sample of the batch, beginning with its ``rank``. The whole
    batch is the same for any number of processes.

    Args:
        order: which item comes when.
        cutter: which frames of it.
        augmentation: what is done to them.
        batch: samples of all processes together.
        rank: which process.
        world: of how many.
        motion: ask for true motion.
        skip_bad: replace what cannot be read.

    Raises:
        InputError: the batch cannot be dealt out evenly.
    """

    order: Order
    cutter: Cutter
    augmentation: Augmentation
    batch: int
    rank: int = 0
    world: int = 1
    motion: bool = True
    skip_bad: bool = False

    def __post_init__(self) -> None:
        check_share_of_batch(self.batch, self.rank, self.world)

    def __getitem__(self, number: int) -> Batch:
        """Make batch ``number``.

        Raises:
            DataError: a sample cannot be read; it is named.
        """
        reading = self.cutter.draw(batch_stream(self.order.seed, number))
        samples, cuts, problems, indices = [], [], [], []
        for slot in range(self.rank, self.batch, self.world):
            indices.append(number * self.batch + slot)
            sample, wanted, failed = self._make(reading, number, slot)
            samples.append(sample)
            cuts.append(wanted)
            problems += failed
        return put_together(samples, cuts, reading.window, indices, problems)

    def _make(self, reading: Reading, number: int, slot: int) -> tuple[Sample, Cut, list[Problem]]:
        item = self.order[number * self.batch + slot]
        try:
            return *self._read(reading, item, number, slot), []
        except DataError as error:
            if not self.skip_bad:
                raise
            problems = [Problem(self._name(item), str(error))]
        for other in self.order.instead(item, number, slot, attempts=ATTEMPTS):
            try:
                return *self._read(reading, other, number, slot), problems
            except DataError as error:
                problems.append(Problem(self._name(other), str(error)))
        raise DataError(
            f"{len(problems)} samples in a row could not be read, the last one because of: "
            f"{problems[-1].reason}"
        )

    def _read(self, reading: Reading, item: Item, number: int, slot: int) -> tuple[Sample, Cut]:
        layout, part = self.cutter.layout, self.order.items.chosen[item.source]
        chance = sample_stream(self.order.seed, number, slot)
        stride = int(chance.integers(1, layout.stride + 1))
        backwards = bool(chance.random() < layout.backwards)
        start = self.cutter.start(reading, item.first, stride)
        wanted = cut(
            part.source,
            item.clip,
            reading,
            reading.target(start, stride=stride, backwards=backwards),
            stride=stride,
            backwards=backwards,
            missing=layout.missing,
            chance=chance,
        )
        sample = read_sample(wanted, motion=self.motion)
        return self.augmentation.apply(sample, chance, who=wanted.whose), wanted

    def _name(self, item: Item) -> str:
        source = self.order.items.chosen[item.source].source
        return f"{source.name}/{source.clips[item.clip].name}"


@dataclass(frozen=True)
class ValidationBatches(Dataset[Batch | Nothing]):
    """Batch k of the validation windows of one process, the last one maybe smaller.

    Args:
        windows: of all processes.
        window: where their frames lie in time.
        crop: height and width of the middle; empty for whole pictures.
        numbers: which of the windows are this process's.
        batch: samples.
        motion: ask for true motion.
        skip_bad: leave out what cannot be read. Nothing takes its place, which would change what
            a score is a score of.
    """

    windows: Sequence[ValidationWindow]
    window: Window
    crop: tuple[int, ...]
    numbers: Sequence[int]
    batch: int
    motion: bool = True
    skip_bad: bool = False

    def __len__(self) -> int:
        return -(-len(self.numbers) // self.batch)

    def __getitem__(self, number: int) -> Batch | Nothing:
        """Make batch ``number``.

        Raises:
            DataError: a sample cannot be read, or is smaller than the crop; it is named.
        """
        samples, cuts, indices, problems = [], [], [], []
        for index in self.numbers[number * self.batch : (number + 1) * self.batch]:
            wanted = self.windows[index].cut
            try:
                sample = read_sample(wanted, motion=self.motion)
                sample = centre_crop(sample, self.crop, who=wanted.whose)
            except DataError as error:
                if not self.skip_bad:
                    raise
                problems.append(Problem(wanted.name, str(error)))
                continue
            samples.append(sample)
            cuts.append(wanted)
            indices.append(index)
        if not samples:
            return Nothing(tuple(problems))
        return put_together(samples, cuts, self.window, indices, problems)
