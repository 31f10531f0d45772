"""Batches made ahead in other processes, and their mistakes brought back in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import DataLoader, Dataset

from lift15.data.batch import Batch
from lift15.data.checking import check_count
from lift15.data.dataset import Nothing
from lift15.data.sources.base import Problem
from vfiblocks.errors import DataError, VfiError


class Loader:
    """Batches of a dataset in the order of ``numbers``; each iteration begins anew.

    It is no ``DataLoader``, so that Lightning leaves it alone: which process gets what is settled
    before.

    Args:
        dataset: gives a batch for a number.
        numbers: what to ask for.
        workers: processes; 0 makes the batches here. They stay alive between iterations.
        pin: move batches to memory that a GPU can read while the CPU goes on.

    Attributes:
        problems: what could not be read so far, and how many times.

    Raises:
        InputError: ``workers`` is no whole number from 0 up.
    """

    def __init__(
        self,
        dataset: Dataset[Batch] | Dataset[Batch | Nothing],
        numbers: Sequence[int],
        *,
        workers: int = 0,
        pin: bool = False,
    ) -> None:
        check_count("loader", "workers", workers, least=0)
        self.numbers = numbers
        self.workers = workers
        self.problems: Counter[Problem] = Counter()
        self._loader: DataLoader[object] = DataLoader(
            _Guarded(dataset),
            batch_size=None,  # what the dataset gives is a batch
            sampler=numbers,
            num_workers=workers,
            worker_init_fn=_start_worker if workers else None,
            persistent_workers=workers > 0,
            pin_memory=pin,
            # Its own, or it would draw from torch's at every start, and whatever is random in the
            # model would depend on how often data were loaded.
            generator=torch.Generator(),
        )

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Batch]:
        """Go through the batches.

        Raises:
            DataError: a sample cannot be read, or a worker died.
        """
        batches = iter(self._loader)
        while True:
            try:
                made = next(batches, None)
            except RuntimeError as error:
                if "DataLoader worker" not in str(error) or isinstance(error, VfiError):
                    raise
                raise DataError(_obituary(error, self.workers)) from error
            if made is None:
                return
            if isinstance(made, VfiError):
                try:
                    raise made
                finally:  # a ring of references, in which workers would take 5 s to be let go
                    del made, batches
            assert isinstance(made, Batch | Nothing)
            self.problems.update(made.problems)
            if isinstance(made, Batch):
                yield made


class _Guarded(Dataset[object]):
    """Hands a user's mistake over as a value.

    Raised in a worker it would arrive as a traceback in text, with the message somewhere in it.
    """

    def __init__(self, dataset: Dataset[Batch] | Dataset[Batch | Nothing]) -> None:
        self.dataset = dataset

    def __getitem__(self, number: int) -> object:
        try:
            return self.dataset[number]
        except VfiError as error:
            return error


def _start_worker(worker: int) -> None:
    """One thread each: workers are the parallelism, and more threads would wait for each other."""
    import cv2

    cv2.setNumThreads(0)
    torch.set_num_threads(1)


def _obituary(error: RuntimeError, workers: int) -> str:
    reason = str(error).strip().splitlines()[0]
    return (
        f"a process that loads data died ({reason}). Most often memory ran out: use fewer than "
        f"{workers} workers or smaller batches; 0 workers load in the main process and show where "
        "it fails"
    )
