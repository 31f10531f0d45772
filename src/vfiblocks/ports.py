"""What a part may ask of the parts before it: asking is declaring.

A part's constructor receives an :class:`Upstream`. Each question returns the size of the answer
and puts the need on record, so the assembly computes exactly what somebody reads and nothing is
declared twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vfiblocks.errors import AssemblyError


@dataclass(frozen=True)
class Signal:
    """Size of a feature map: ``channels``, and ``stride`` = input size / map size."""

    channels: int
    stride: int

    def __str__(self) -> str:
        return f"{self.channels} channels at stride {self.stride}"


@dataclass
class Needs:
    """What the parts of one assembly asked for so far, together and stage by stage."""

    taps: set[int] = field(default_factory=set)
    clip: int | None = None
    context: bool = False
    reads: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Upstream:
    """What one part sees of the assembly before it.

    Attributes:
        reader: the asking part as "stage 'name'", for messages.
        encoder: the encoder's registered name, None if the assembly has none.
        taps: stride -> channels offered by the encoder.
        needs: shared record of what was asked for.
        suggest: stride -> words naming registered encoders that offer it.
        motion_stride: grid of the motion; None before the flow stage.
        draft_stride: grid of the draft; None before the blender.

    Example:
        >>> upstream = Upstream("flow 'mine'", encoder="pyramid", taps={8: 192})
        >>> upstream.features(stride=8)
        Signal(channels=192, stride=8)
        >>> upstream.needs.taps
        {8}
    """

    reader: str
    encoder: str | None = None
    taps: Mapping[int, int] = field(default_factory=dict)
    needs: Needs = field(default_factory=Needs)
    suggest: Callable[[int], str] = lambda stride: ""
    context_signal: Signal | None = None
    motion_stride: int | None = None
    draft_stride: int | None = None

    def features(self, *, stride: int) -> Signal:
        """Ask for the references' features at a stride; forward then finds ``taps[stride]``.

        Raises:
            AssemblyError: if the encoder offers no such stride.
        """
        signal = self._offer(stride, "features")
        self.needs.taps.add(stride)
        self._note(f"taps[{stride}]")
        return signal

    def clip(self, *, stride: int) -> Signal:
        """Ask for every frame's features at a stride; forward then receives them as ``clip``.

        Raises:
            AssemblyError: if the encoder offers no such stride, or another was asked for before.
        """
        signal = self._offer(stride, "every frame's features")
        if self.needs.clip not in (None, stride):
            raise AssemblyError(
                f"{self.reader} asks for every frame at stride {stride}, but stride "
                f"{self.needs.clip} is already in use; one stride serves a whole assembly"
            )
        self.needs.clip = stride
        self._note("clip")
        return signal

    def context(self) -> Signal | None:
        """Size of the aggregator's context, or None in an assembly without one."""
        self.needs.context = True
        if self.context_signal is not None:
            self._note("context")
        return self.context_signal

    def motion(self) -> int:
        """Stride of the motion's grid."""
        if self.motion_stride is None:
            raise AssemblyError(f"{self.reader} asks for motion before any part estimates it")
        self._note("motion")
        return self.motion_stride

    def draft(self) -> int:
        """Stride of the draft's grid."""
        if self.draft_stride is None:
            raise AssemblyError(f"{self.reader} asks for the draft before any part blends it")
        self._note("draft")
        return self.draft_stride

    def refuse(self, reason: str) -> AssemblyError:
        """An error that names the asking part, for needs beyond features.

        >>> raise Upstream("blender 'mine'").refuse("needs motion at stride 1")
        Traceback (most recent call last):
        vfiblocks.errors.AssemblyError: blender 'mine' needs motion at stride 1
        """
        return AssemblyError(f"{self.reader} {reason}")

    def _note(self, signal: str) -> None:
        """Put on record who reads what; the reader's first word is its stage."""
        read = self.needs.reads.setdefault(self.reader.partition(" ")[0], [])
        if signal not in read:
            read.append(signal)

    def _offer(self, stride: int, what: str) -> Signal:
        if self.encoder is None:
            raise AssemblyError(
                f"{self.reader} reads {what} at stride {stride}, but the assembly has no encoder"
                f"{self.suggest(stride)}"
            )
        if stride not in self.taps:
            offered = ", ".join(map(str, sorted(self.taps)))
            raise AssemblyError(
                f"{self.reader} reads {what} at stride {stride}, but encoder '{self.encoder}' "
                f"offers {offered}{self.suggest(stride)}"
            )
        return Signal(self.taps[stride], stride)
