"""What a run was validated on, as a benchmark: the same pictures are asked of every variant."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from torch import Tensor

from lift15.data import DataPlan, Layout
from lift15.data.layouts import Cutter
from lift15.data.sources import ClipSource, MotionTruth, open_source_by_text
from lift15.data.split import everything, split_by_scene
from lift15.data.validation import validation_windows
from lift15.evaluation.items import EVEN, HOLE, Benchmark, Item, Ref
from lift15.evaluation.protocols.base import PSNR, READERS, Protocol
from vfiblocks import Part, Window
from vfiblocks.errors import InputError

STEPS = {"hole": (1, HOLE), "even": (2, EVEN)}
NAME = "held-out"


@READERS.register(NAME)
def held_out(
    root: Path,
    *,
    train: Sequence[str] = (),
    validation: Sequence[str] = (),
    share: float = 0.05,
    layout: str = "hole",
    left: int = 8,
    right: int = 6,
    per_clip: int = 1,
    per_scene: int = 0,
    skip_bad: bool = False,
) -> Benchmark:
    """Windows of the clips that a data plan keeps for validation.

    Targets are those of the middle of each clip around which most frames exist, of as many as the
    widest of the compared models reads. A model that reads fewer is shown the nearest.

    Args:
        root: not read: sources are named in full.
        train: sources, of which a share of the scenes is kept where there are no others.
        validation: sources of their own.
        share: of the scenes of ``train``.
        layout: "hole" or "even".
        left: frames before the target that the widest model reads.
        right: frames after it.
        per_clip: windows of a clip, spread over it.
        per_scene: windows of a scene at the most; 0 for all.
        skip_bad: leave out what is incomplete.

    Raises:
        DataError: a source cannot be opened, or nothing is kept.
        InputError: an option is out of range.
    """
    if layout not in STEPS:
        raise InputError(f"reader '{NAME}': layout is 'hole' or 'even', got {layout!r}")
    window = Window.even(left, right)
    if layout == "hole":
        window = Window.hole(left + right + 1, left)
    kind: Literal["hole", "even"] = "even" if layout == "even" else "hole"
    sources = [open_source_by_text(text, skip_bad=skip_bad) for text in validation or train]
    kept = everything(sources) if validation else split_by_scene(sources, held_out=share)[1]
    fixed = Cutter(Layout(kind=kind), window).fixed(kind)
    windows = validation_windows(kept, fixed, per_clip=per_clip, per_scene=per_scene)
    reading = HeldOut(sources)
    items = tuple(reading.item(w.cut.source, w.cut.clip, w.cut.target, kind) for w in windows)
    notes = tuple(note for source in sources for note in source.notes)
    problems = tuple(problem for source in sources for problem in source.problems)
    return Benchmark(items, notes=(*notes, *map(str, problems)), read=reading)


class HeldOut:
    """Reads frames of several sources, one thread at a time: decoders have a place in their file.

    Args:
        sources: where the clips are.
    """

    def __init__(self, sources: Sequence[ClipSource]) -> None:
        self.sources = tuple(sources)
        self._lock = threading.Lock()
        self._places = {
            (f"{k}:" if len(self.sources) > 1 else "") + clip.name: (source, index)
            for k, source in enumerate(self.sources)
            for index, clip in enumerate(source.clips)
        }
        self._names = {place: name for name, place in self._places.items()}

    def __call__(self, refs: Sequence[Ref]) -> list[Tensor]:
        """Pictures, (3, H, W) uint8 each."""
        source, clip = self._places[refs[0].path.as_posix()]
        with self._lock:
            frames = source.read(clip, [ref.frame or 0 for ref in refs])
        return [*frames.unbind(0)]

    def item(self, source: ClipSource, clip: int, target: int, layout: str) -> Item:
        """A frame to predict."""
        name, length = self._names[source, clip], source.clips[clip].length
        step, spacing = STEPS[layout]
        return Item(
            f"{name}@{target:05}",
            source.clips[clip].scene,
            Ref(Path(name), target),
            tuple(_refs(name, range(target - 1, -1, -step))),
            tuple(_refs(name, range(target + 1, length, step))),
            step=spacing,
        )

    def tags(self, item: Item) -> tuple[str, ...]:
        """What the source says of an item's clip; most have nothing to say."""
        source, clip = self._places[item.target.path.as_posix()]
        said = getattr(source, "tags", None)
        return tuple(said(clip)) if callable(said) else ()

    def motion(self, item: Item) -> MotionTruth | None:
        """True motion to the references, of the whole picture; None if nobody knows it."""
        source, clip = self._places[item.target.path.as_posix()]
        left, right = (ref.frame or 0 for ref in (item.before[0], item.after[0]) if ref)
        with self._lock:
            return source.motion(clip, item.target.frame or 0, (left, right))


def held_out_protocol(
    data: DataPlan, *, name: str, layout: str, reach: tuple[int, int]
) -> Protocol:
    """The protocol under which held-out windows are measured.

    Args:
        data: of the training plan that the variants have in common.
        name: of the protocol.
        layout: "hole" or "even".
        reach: frames before and after the target that the widest variant reads.

    Example:
        >>> protocol = held_out_protocol(
        ...     DataPlan(train=("generated:?clips=9",)), name="mine", layout="hole", reach=(2, 2))
        >>> protocol.crop, protocol.reader.options["left"]
        ((256, 256), 2)
    """
    size = data.validation_crop or data.augmentation.crop
    options = {
        "train": () if data.validation else data.train,
        "validation": data.validation,
        "share": data.held_out,
        "layout": layout,
        "left": reach[0],
        "right": reach[1],
        "per_clip": data.per_clip,
        "per_scene": data.per_scene,
        "skip_bad": data.skip_bad,
    }
    return Protocol(
        name=name,
        reader=Part(NAME, **options),
        description="windows that were kept for validation",
        measures=(PSNR, Part("ssim")),
        crop=(size[0], size[1]) if size else None,
        crop_at_most=True,
    )


def _refs(name: str, numbers: range) -> Iterator[Ref]:
    return (Ref(Path(name), number) for number in numbers)
