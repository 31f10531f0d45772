"""DAVIS: 90 sequences of which every second frame is left out (Perazzi et al., CVPR 2016)."""

from __future__ import annotations

import re
from pathlib import Path

from lift15.data.sources.base import Problem
from lift15.evaluation.items import EVEN, Benchmark, Item, Ref
from lift15.evaluation.protocols.base import PSNR, READERS, SSIM_3D, Protocol, announce
from lift15.evaluation.protocols.reading import check_root, folders, sort_out
from lift15.evaluation.protocols.vimeo import EPSILON
from vfiblocks import Part

FRAMES = Path("JPEGImages", "480p")  # of the official download
SEQUENCES = 90
NUMBERED = re.compile(r"\d+\.(jpg|jpeg|png)", re.IGNORECASE)


@READERS.register("davis")
def davis(root: Path) -> Benchmark:
    """Windows of seven frames: 0, 2, 4, 6 give 3, and so on in steps of two.

    Args:
        root: holds ``<sequence>/00000.jpg``, or the official download with
            ``JPEGImages/480p/<sequence>``.

    Raises:
        DataError: the root holds something else.
    """

    def looks_right(folder: Path) -> bool:
        inside = folder / FRAMES if (folder / FRAMES).is_dir() else folder
        return inside.is_dir() and any(_numbered(f) for f in folders(inside)[:3])

    check_root(root, f"<sequence>/00000.jpg or {FRAMES}/<sequence>/00000.jpg", looks_right)
    base = root / FRAMES if (root / FRAMES).is_dir() else root
    items, empty = [], []
    sequences = folders(base)
    for sequence in sequences:
        files = _numbered(sequence)
        if not files:
            empty.append(Problem(sequence.name, "no frames"))
            continue
        count, suffix, digits = int(files[-1].stem) + 1, files[-1].suffix, len(files[-1].stem)
        # By number, not by place in the listing: a missing frame must not shift the others.
        refs = [Ref(sequence / f"{k:0{digits}d}{suffix}") for k in range(count)]
        for start in range(0, count - 6, 2):
            target = start + 3
            items.append(
                Item(
                    f"{sequence.name}/{target:0{digits}d}",
                    sequence.name,
                    refs[target],
                    tuple(refs[k] for k in range(target - 1, -1, -2)),
                    tuple(refs[k] for k in range(target + 1, count, 2)),
                    step=EVEN,
                )
            )
    whole, missing = sort_out(items)
    short = len(sequences) < SEQUENCES
    return Benchmark(
        whole,
        (*missing, *empty),
        shortage=f"{len(sequences)} of {SEQUENCES} sequences" if short else "",
    )


def _numbered(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if NUMBERED.fullmatch(path.name))


FOUR = Protocol(
    name="davis",
    reader=Part("davis"),
    description="DAVIS, four frames in, as ST-MFNet measures: rounded, mean of sequences",
    measures=(PSNR.replace(epsilon=EPSILON), SSIM_3D),
    context=2,
    averaging="scene",
)
announce(
    FOUR,
    FOUR.replace(
        name="davis@flavr",
        description="as FLAVR measures: 480x840 from the middle, not rounded, mean of items",
        crop=(480, 840),
        rounded=False,
        averaging="item",
    ),
    FOUR.replace(
        name="davis@vfit",
        description="as VFIT measures: 480x848 from the middle, not rounded, mean of items",
        crop=(480, 848),
        rounded=False,
        averaging="item",
    ),
    FOUR.replace(
        name="davis@long",
        description="as the base, with all frames of the sequence at the same distance",
        context=None,
    ),
)
