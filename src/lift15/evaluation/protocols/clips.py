"""Any folder of videos: windows with a known middle, of either layout."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from torch import Tensor

from lift15.data.sources import SOURCES, Clip, ClipSource
from lift15.evaluation.items import EVEN, HOLE, Benchmark, Item, Ref
from lift15.evaluation.protocols.base import PSNR, READERS, SSIM_3D, Protocol, announce
from vfiblocks import Part
from vfiblocks.errors import InputError

STEPS = {"hole": 1, "even": 2}
NAMED = 5  # clips that a note names before it only counts


@READERS.register("clips")
def clips(
    root: Path,
    *,
    layout: str,
    left: int = 8,
    right: int = 6,
    windows: int = 6,
    stride: int = 1,
    before: int = 0,
    after: int = 0,
    list: str = "",
    source: str = "videos",
) -> Benchmark:
    """Windows in clips without cuts, repeated frames and uneven steps in time.

    The target is a frame of the video, and its neighbours are the references in both layouts. In a
    "hole" window the context is every frame further out; in an "even" one every second, as if the
    video had half its frame rate and the target were to be made anew.

    Args:
        root: a folder of videos, searched with all its folders.
        layout: "hole" or "even".
        left: frames before the target that exist in every window.
        right: frames after it.
        windows: so many per clip at most, spread evenly over it.
        stride: from one possible target to the next.
        before: frames of the video that lie before every target, if that is more than the window
            needs. With the same ``before`` and ``after`` two layouts have the same targets.
        after: frames that lie after it, likewise.
        list: text file with one name per line, paths below the root; "" takes all.
        source: "videos", or another kind of :data:`lift15.data.sources.SOURCES` such as "frames",
            folders of pictures.

    Raises:
        DataError: there are no videos, or none can be read.
        InputError: an option is out of range.
    """
    numbers = (left, right, windows, stride)
    if layout not in STEPS or min(numbers) < 1 or min(before, after) < 0:
        raise InputError(
            f"reader 'clips': layout is 'hole' or 'even', left, right, windows and stride are 1 or "
            f"more, before and after 0 or more; got {layout!r}, {numbers} and {(before, after)}"
        )
    step = STEPS[layout]
    # The reference is next to the target, each frame of context a step further
    margins = (
        max(before, 1 + step * (left - 1)),
        max(after, 1 + step * (right - 1)),
    )
    options = {"repeats": "split"} if source == "videos" else {}
    make: Callable[..., ClipSource] = SOURCES.get(source)
    found = make(root, list=list, skip_bad=True, **options)
    reading = _Reading(found)
    items = []
    short = []
    for clip in found.clips:
        targets = _spread(range(margins[0], clip.length - margins[1], stride), windows)
        if not targets:
            short.append(clip.name)
        items += [_item(clip, target, step) for target in targets]
    notes = [*found.notes]
    if short:
        more = f" and {len(short) - NAMED} more" if len(short) > NAMED else ""
        notes.append(
            f"{len(short)} clips are shorter than the {1 + sum(margins)} frames that a window "
            f"spans: {', '.join(short[:NAMED])}{more}"
        )
    return Benchmark(tuple(items), found.problems, notes=tuple(notes), read=reading)


class _Reading:
    """Reads frames of a source, one thread at a time: decoders have a place in their file."""

    def __init__(self, source: ClipSource) -> None:
        self._source = source
        self._index = {Path(clip.name): k for k, clip in enumerate(source.clips)}
        self._lock = threading.Lock()

    def __call__(self, refs: Sequence[Ref]) -> list[Tensor]:
        clip = self._index[refs[0].path]
        assert all(ref.path == refs[0].path for ref in refs)
        with self._lock:
            frames = self._source.read(clip, [ref.frame or 0 for ref in refs])
        return [*frames.unbind(0)]


def _item(clip: Clip, target: int, step: int) -> Item:
    path = Path(clip.name)
    return Item(
        f"{clip.name}@{target:05}",
        clip.scene,
        Ref(path, target),
        tuple(_refs(path, range(target - 1, -1, -step))),
        tuple(_refs(path, range(target + 1, clip.length, step))),
        step=HOLE if step == 1 else EVEN,
    )


def _refs(path: Path, numbers: range) -> Iterator[Ref]:
    return (Ref(path, number) for number in numbers)


def _spread(targets: range, count: int) -> list[int]:
    """So many of them at equal distances, both ends included; all where there are fewer."""
    if len(targets) <= count:
        return [*targets]
    if count == 1:
        return [targets[len(targets) // 2]]
    return [targets[round(k * (len(targets) - 1) / (count - 1))] for k in range(count)]


FIFTEEN = Protocol(
    name="clips",
    reader=Part("clips", layout="hole"),
    description="any videos: one frame of 15 in a row is missing; mean of clips",
    measures=(PSNR, SSIM_3D, Part("ssim")),
    crop=(256, 448),
    crop_at_most=True,
    averaging="scene",
)
announce(
    FIFTEEN,
    FIFTEEN.replace(
        name="clips@even",
        description="any videos at half their frame rate: 8 and 6 frames around the target",
        reader=Part("clips", layout="even"),
    ),
)
