"""A model as the maker of a video's frames, with what is known of each source frame kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from lift15.recursion import Recursion, Shot
from vfiblocks import Interpolator, Window
from vfiblocks.stream import Keep, KeyedStream
from vfiblocks.video import Frame, Gap


class StreamMaker:
    """Makes the frames of gap after gap; see :class:`vfiblocks.video.FrameMaker`.

    Each source frame is brought to the model's device, padded and encoded once. One object is for
    one video at a time, whose gaps come in order. A model that knows the midpoint only is called on
    midpoints of midpoints.

    Args:
        model: any assembled model, in ``eval()``; ``optimize(model)`` for speed.
        keep: of frames ahead, "all" features, or fewer with "promote" and "least", which take less
            memory and more time; see :class:`vfiblocks.stream.KeyedStream`.
        autocast: compute in this type where torch thinks it safe, such as ``torch.bfloat16``.

    Example:
        >>> from fractions import Fraction
        >>> from vfiblocks import build_model
        >>> make = StreamMaker(build_model("rife").eval())
        >>> clip = [Frame(Fraction(i), rgb=torch.rand(3, 32, 32)) for i in range(2)]
        >>> quarters = [Window.even(1, 1, time) for time in (0.25, 0.5, 0.75)]
        >>> frames = list(make(Gap(0, tuple(clip), 1), quarters))
        >>> len(frames), frames[0].shape
        (3, torch.Size([1, 3, 32, 32]))
    """

    def __init__(
        self,
        model: Interpolator,
        *,
        keep: Keep = "all",
        autocast: torch.dtype | None = None,
    ) -> None:
        self._stream = KeyedStream(model, keep=keep, autocast=autocast)
        self._pictures = _Pictures(model)
        self._midpoints = None if model.flow.any_time else _Midpoints(self._stream, self._pictures)

    @property
    def held_bytes(self) -> int:
        """Bytes of pictures and features that are kept at this moment."""
        return self._stream.held_bytes

    def __call__(self, gap: Gap, windows: Sequence[Window]) -> Iterable[Tensor]:
        """Make the frames of one gap.

        Raises:
            InputError: for moments that midpoints do not reach, where the model knows no other.
        """
        if self._midpoints is not None:
            return (made.image for made in self._midpoints(gap, windows))
        return self._at_any_time(gap, windows)

    def _at_any_time(self, gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        # Moved to where the model's own target lies, so that positional encodings stay near those
        # it was trained on; an even window has its target around zero.
        here = [window.shifted(self._stream.model.window.target) for window in windows]
        for made in self._stream.between(gap.neighbours, here, picture=self._pictures):
            yield made.image


class _Pictures:
    """A frame's colours where and as the model wants them, (1, 3, H, W)."""

    def __init__(self, model: Interpolator) -> None:
        weight = next(model.parameters(), torch.empty(0))
        self._device, self._dtype = weight.device, weight.dtype

    def __call__(self, frame: Frame | _Made) -> Tensor:
        if isinstance(frame, _Made):
            return frame.image
        return frame.to(self._device)[None].to(self._dtype)


class _Made:
    """A made frame as a key: equal to itself alone, as frames are."""

    def __init__(self, image: Tensor) -> None:
        self.image = image


class _Midpoints(Recursion):
    """Recursion in which every frame, made ones included, is encoded once."""

    def __init__(self, stream: KeyedStream, pictures: _Pictures) -> None:
        super().__init__(stream.model)
        self._stream, self._pictures = stream, pictures

    def _shots(self, gap: Gap, positions: Sequence[float]) -> list[Shot]:
        self._stream.between(gap.neighbours, [], picture=self._pictures)  # drops the gap before
        frames = zip(positions, gap.neighbours, strict=True)
        return [Shot(position, frame, frame is not None) for position, frame in frames]

    def _make(self, shots: list[Shot], window: Window) -> _Made:
        keys = [shot.frame for shot in shots]
        (made,) = self._stream.make(keys, [window], picture=self._pictures)
        return _Made(made.image)
