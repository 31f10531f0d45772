"""Frames are pushed, the pictures between them are pulled."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from vfiblocks.checks import check_picture
from vfiblocks.errors import InputError
from vfiblocks.interpolator import Interpolator
from vfiblocks.stream.cache import Keep
from vfiblocks.stream.keyed import KeyedStream
from vfiblocks.stream.transfer import device_of, upload

MIDWAY = (0.5,)


class Stream(KeyedStream):
    """A model over a video of any length: what is known of a frame is worked out once.

    The pictures are those that the model makes of whole windows, up to rounding. Of every frame of
    a window the aggregator's share is kept; pictures and finer features only of the references and
    of frames that have yet to become one. How much memory that is says docs/streaming.md. What does
    not depend on time is shared by all moments between two frames.

    Args:
        model: in ``eval()``; ``optimize(model)`` for speed.
        left: frames before each gap that the model sees; as many as its own window has if not
            given. Without an aggregator only the two references are looked at.
        right: frames after it; so many are pushed before the first gap is ready.
        keep: see :class:`KeyedStream`.
        autocast: likewise.

    Raises:
        InputError: for a model in training, or a window without a frame on each side.

    Example:
        >>> from vfiblocks import build_model
        >>> stream = Stream(build_model("lift15-tiny").eval(), left=2, right=2)
        >>> for frame in torch.rand(5, 3, 32, 48):
        ...     stream.push(frame)
        >>> stream.ready  # the last gap waits for another frame
        3
        >>> stream.end()
        >>> [len(stream.pull(times=(0.25, 0.75))) for _ in range(stream.ready)]
        [2, 2, 2, 2]
    """

    def __init__(
        self,
        model: Interpolator,
        *,
        left: int | None = None,
        right: int | None = None,
        keep: Keep = "all",
        autocast: torch.dtype | None = None,
    ) -> None:
        super().__init__(model, keep=keep, autocast=autocast)
        window = model.window_between(left=left, right=right)
        alone = model.aggregator is None
        self.left, self.right = (1, 1) if alone else (window.left, window.right)
        self._around: deque[_Pushed | None] = deque(maxlen=self.left + self.right)
        self._gaps: deque[tuple[_Pushed | None, ...]] = deque()
        self._begin()

    @property
    def ready(self) -> int:
        """How many gaps can be pulled."""
        return len(self._gaps)

    def push(self, frame: Tensor) -> None:
        """Take the next frame of the video.

        Args:
            frame: (3, H, W) or (B, 3, H, W), floats in [0, 1], on any device; it is copied.

        Raises:
            InputError: for a frame that the model cannot take, or of another shape than the one
                before it.
        """
        if not isinstance(frame, Tensor) or frame.ndim not in (3, 4):
            got = tuple(frame.shape) if isinstance(frame, Tensor) else type(frame).__name__
            raise InputError(f"a frame must be a tensor (3, H, W) or (B, 3, H, W), got {got}")
        if (last := self._around[-1]) is not None and frame.shape != last.shape:
            raise InputError(
                f"the frames of a clip must have one shape, but after {tuple(last.shape)} came "
                f"{tuple(frame.shape)}; end() one clip before another begins"
            )
        picture = upload(frame if frame.ndim == 4 else frame[None], device_of(self.model))
        with self._computing():
            check_picture(self.model, picture)
        self._around.append(_Pushed(picture, frame.shape))
        self._count += 1
        if self._count > self.right:
            self._gaps.append(tuple(self._around))

    def end(self) -> None:
        """The clip ends here, be it the end of the video or a cut: no later frame belongs to it.

        The gaps that waited for more frames are ready then, and the next frame pushed begins a clip
        of its own.
        """
        for index in range(self._count - self.right, self._count - 1):
            self._around.append(None)
            if index >= 0:
                self._gaps.append(tuple(self._around))
        self._begin()

    def pull(self, times: Sequence[float] = MIDWAY) -> list[Tensor]:
        """The pictures in the next gap, of the shape in which frames were pushed.

        Args:
            times: where between the two frames, each in (0, 1); none to leave the gap out.

        Returns:
            One picture per time, in [0, 1]; nothing if no gap is ready.

        Raises:
            InputError: for times or frames that the model cannot take.
        """
        if not self._gaps:
            return []
        gap = self._gaps[0]
        before = gap[self.left - 1]
        assert before is not None
        windows = [
            self.model.window_between(time, left=self.left, right=self.right) for time in times
        ]
        made = [found.image for found in self.between(gap, windows, picture=_Pushed.take)]
        self._gaps.popleft()
        return [image.view(before.shape) for image in made]

    def run(self, frames: Iterable[Tensor], times: Sequence[float] = MIDWAY) -> Iterator[Tensor]:
        """All pictures between the frames of one clip, in order of time.

        Args:
            frames: as :meth:`push` takes them; read no further ahead than the model looks.
            times: as :meth:`pull` takes them, for every gap.
        """
        for frame in frames:
            self.push(frame)
            yield from self.pull(times)
        self.end()
        while self.ready:
            yield from self.pull(times)

    def _begin(self) -> None:
        self._around.extend([None] * (self.left + self.right))
        self._count = 0


class _Pushed:
    """A frame that was pushed. It hands its picture over once, and does not keep it then."""

    def __init__(self, picture: Tensor, shape: torch.Size) -> None:
        self.shape = shape
        self._picture: Tensor | None = picture

    def take(self) -> Tensor:
        if self._picture is None:
            raise InputError(
                "a pushed frame was dropped: gaps of other frames were asked for in between; use a "
                "second stream for them"
            )
        picture, self._picture = self._picture, None
        return picture
