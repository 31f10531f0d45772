"""Where the numbers and pictures of a run go: metrics.csv, TensorBoard, pictures/."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from torch import Tensor

from lift15.training.atomic import write_whole
from lift15.training.watching.metrics_file import NAME, MetricsFile
from vfiblocks.errors import MissingDependency, TrainingError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Journal:
    """One run's records; the watchers of a run share one.

    Args:
        folder: of the run; made when it is opened. ``metrics.csv``, ``tensorboard/`` and
            ``pictures/`` in it are this class's.
        tensorboard: whether to write for TensorBoard as well.

    Attributes:
        aside_seconds: spent within :meth:`aside`, so far.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> journal = Journal(folder, tensorboard=False)
        >>> journal.open(step=0)
        >>> journal.numbers(1, {"loss/total": 0.5})
        >>> journal.close()
        >>> (folder / "metrics.csv").read_text().splitlines()
        ['step,name,value', '1,loss/total,0.5']
    """

    def __init__(self, folder: str | Path, *, tensorboard: bool = True) -> None:
        self.folder = Path(folder)
        self._tensorboard = tensorboard
        self.aside_seconds = 0.0
        self._metrics: MetricsFile | None = None
        self._board: SummaryWriter | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is anywhere to write to: only in the first of several processes."""
        return self._metrics is not None

    def open(self, *, step: int) -> None:
        """Begin, or go on; nothing happens if it is open already.

        Args:
            step: optimiser steps done so far. What was recorded beyond is dropped, by TensorBoard
                as well.

        Raises:
            TrainingError: the folder holds something else, or cannot be written.
            MissingDependency: TensorBoard is wanted and not installed.
        """
        if self.is_open:
            return
        make_folder(self.folder)
        if self._tensorboard:
            self._board = _summary_writer(self.folder / "tensorboard", step)
        self._metrics = MetricsFile(self.folder / NAME, step=step)

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        """Record numbers of one step; does nothing unless open."""
        if self._metrics is None:
            return
        self._metrics.write(step, values)
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)
            self._board.flush()

    def picture(self, step: int, name: str, image: Tensor) -> None:
        """Record a picture, in ``pictures/<name>/step-<step>.jpg``; does nothing unless open.

        Args:
            step: as for :meth:`numbers`.
            name: the same for the same thing at all steps.
            image: (3, H, W) in [0, 1].
        """
        if not self.is_open:
            return
        write_image(self.folder / "pictures" / name / f"step-{step:08d}.jpg", image)
        self.show(step, name, image)

    def show(self, step: int, name: str, image: Tensor) -> None:
        """Record a picture for TensorBoard alone; see :meth:`picture`."""
        if self._board is not None:
            self._board.add_image(name, image.clamp(0.0, 1.0), step)
            self._board.flush()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Time spent in here is no training time."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.aside_seconds += time.perf_counter() - start

    def close(self) -> None:
        """No more records; it can be opened again."""
        if self._metrics is not None:
            self._metrics.close()
        if self._board is not None:
            self._board.close()
        self._metrics = self._board = None


def write_image(path: Path, image: Tensor) -> Path:
    """Write a picture under a temporary name and rename it; its folder is made.

    Args:
        path: ending in ``.jpg`` or ``.png``; replaced if it exists.
        image: (3, H, W) in [0, 1].

    Raises:
        TrainingError: it cannot be written.
    """
    import cv2

    levels = (image.detach().float().cpu().clamp(0.0, 1.0) * 255.0).round().byte()
    pixels = levels.permute(1, 2, 0).numpy()[..., ::-1]
    options = [cv2.IMWRITE_JPEG_QUALITY, 92] if path.suffix == ".jpg" else []
    encoded = cv2.imencode(path.suffix, pixels, options)[1].tobytes()
    make_folder(path.parent)
    return write_whole(path, lambda file: _put(file, encoded))


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where they are missing.

    Raises:
        TrainingError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"{path}: cannot be made: {error.strerror}") from error


def _put(file: IO[bytes], content: bytes) -> None:
    file.write(content)


def _summary_writer(folder: Path, step: int) -> SummaryWriter:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependency(
            "TensorBoard is not installed: pip install 'vfiblocks[train]', or train without it "
            "(tensorboard=False); metrics.csv has the same numbers"
        ) from error
    # Readers of the files drop what an earlier process wrote at this step or beyond
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)
