"""Seeing a training run while it goes on, and afterwards.

:func:`watchers` gives the Lightning callbacks that write ``metrics.csv``, TensorBoard files and
pictures into a run folder; the rest reads and draws what is there, without Lightning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lift15.training.watching.alpha_map import draw_alphas
from lift15.training.watching.curves import draw_curves
from lift15.training.watching.metrics_file import MetricsFile, read_metrics
from lift15.training.watching.sheet import draw_sample

if TYPE_CHECKING:
    import lightning.pytorch as pl

    from lift15.data.batch import Batch


def watchers(
    folder: str | Path,
    *,
    every: int = 50,
    draw_every: int = 1000,
    samples: Callable[[], Iterable[Batch]] | None = None,
    count: int = 4,
    tensorboard: bool = True,
    say: Callable[[str], None] = print,
) -> list[pl.Callback]:
    """Everything there is to watch of a run, as callbacks for ``lightning.Trainer``.

    They read of the module ``model``, ``objective`` (its ``weights``), ``last`` and, if it has one,
    ``average``; see :class:`lift15.training.watching.base.Watched`. What they have to remember over
    an interruption goes into Lightning's checkpoints. Only the first process writes.

    Args:
        folder: of the run. Gets ``metrics.csv``, ``tensorboard/``, ``pictures/`` and
            ``alphas.png``.
        every: steps between two rows of numbers, each the average since the row before.
        draw_every: steps between two pictures of each sample.
        samples: gives the batches to draw from, in a fixed order; None for the trainer's
            validation data.
        count: how many samples, the first ones; 0 for no pictures.
        tensorboard: whether TensorBoard files are written.
        say: called with one line at the end.

    Raises:
        MissingDependency: when training starts, if TensorBoard is wanted and not installed.
    """
    from lift15.training.watching.journal import Journal
    from lift15.training.watching.losses import LossWatch, ValidationWatch
    from lift15.training.watching.optimizer import OptimizerWatch
    from lift15.training.watching.pictures import PictureWatch
    from lift15.training.watching.speed import SpeedWatch
    from lift15.training.watching.summary import SummaryWatch
    from lift15.training.watching.weights import AlphaWatch

    journal = Journal(folder, tensorboard=tensorboard)
    return [
        LossWatch(journal, every=every),
        ValidationWatch(journal, every=every),
        OptimizerWatch(journal, every=every),
        AlphaWatch(journal, every=every, draw_every=draw_every),
        *([PictureWatch(journal, every=draw_every, samples=samples, count=count)] if count else []),
        SpeedWatch(journal, every=every),
        SummaryWatch(journal, say=say),
    ]


__all__ = [
    "MetricsFile",
    "draw_alphas",
    "draw_curves",
    "draw_sample",
    "read_metrics",
    "watchers",
]
