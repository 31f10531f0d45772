"""Vimeo-90K: three or seven frames of 448x256, named by a list (Xue et al., IJCV 2019)."""

from __future__ import annotations

from pathlib import Path

from lift15.data.sources.checking import what_is_there
from lift15.data.sources.lists import inside, read_list
from lift15.evaluation.items import EVEN, HOLE, Benchmark, Item, Ref
from lift15.evaluation.protocols.base import PSNR, READERS, SSIM_3D, Protocol, announce
from lift15.evaluation.protocols.reading import check_root, sort_out
from vfiblocks import Part
from vfiblocks.errors import DataError, InputError

EPSILON = 1e-8
"""What CAIN, FLAVR, VFIT and ST-MFNet add to the mean squared error: a ceiling of 80 dB."""

# layout: list file, then per target the frames before and after it, nearest first, and the step.
LAYOUTS: dict[str, tuple[str, dict[int, tuple[tuple[int, ...], tuple[int, ...]]], float]] = {
    "triplet": ("tri_testlist.txt", {2: ((1,), (3,))}, EVEN),
    "even": ("sep_testlist.txt", {4: ((3, 1), (5, 7))}, EVEN),
    "hole": ("sep_testlist.txt", {4: ((3, 2, 1), (5, 6, 7))}, HOLE),
    "ends": ("sep_testlist.txt", dict.fromkeys(range(2, 7), ((1,), (7,))), EVEN),
}
FOLDERS = ("sequences", "target")  # of the full download, and of the test-only zip


@READERS.register("vimeo")
def vimeo(root: Path, *, layout: str, every: int = 1) -> Benchmark:
    """The test list of the triplets or the septuplets.

    Args:
        root: holds the list and ``sequences/00001/0266/im1.png``; the test-only zip of the
            triplets has ``target`` in place of ``sequences``.
        layout: "triplet", im1 and im3 give im2; of the septuplets "even", 1, 3, 5, 7 give 4,
            "hole", all others give 4, or "ends", 1 and 7 give 2 to 6.
        every: keep one clip in so many, the first first.

    Raises:
        DataError: the root holds something else, or the list cannot be read.
    """
    if layout not in LAYOUTS or every < 1:
        raise InputError(
            f"reader 'vimeo': layout is one of {', '.join(LAYOUTS)} and every a count, got "
            f"{layout!r} and {every!r}"
        )
    file, targets, step = LAYOUTS[layout]

    def looks_right(folder: Path) -> bool:
        return (folder / file).is_file() or any((folder / name).is_dir() for name in FOLDERS)

    check_root(root, f"{file} beside a folder {FOLDERS[0]}/ or {FOLDERS[1]}/", looks_right)
    frames = next((root / name for name in FOLDERS if (root / name).is_dir()), None)
    if frames is None:
        raise DataError(
            f"{root}: {file} is there, but no folder {FOLDERS[0]}/ or {FOLDERS[1]}/ beside it; "
            f"{what_is_there(root)}"
        )
    if not (root / file).is_file():
        raise DataError(f"{root}: the list {file} is missing; {what_is_there(root)}")
    items = []
    for line in read_list(root / file)[::every]:
        name = inside(root / file, line)
        if name.count("/") != 1:
            raise DataError(f"{root / file}: names clips such as 00001/0266, got {line!r}")
        clip = frames / name
        for target, (before, after) in targets.items():
            items.append(
                Item(
                    name if len(targets) == 1 else f"{name}/im{target}",
                    name.partition("/")[0],
                    _frame(clip, target),
                    tuple(_frame(clip, number) for number in before),
                    tuple(_frame(clip, number) for number in after),
                    (target - before[0]) / (after[0] - before[0]),
                    step,
                )
            )
    return Benchmark(*sort_out(items))


def _frame(clip: Path, number: int) -> Ref:
    return Ref(clip / f"im{number}.png")


TRIPLET = Protocol(
    name="vimeo-triplet",
    reader=Part("vimeo", layout="triplet"),
    description="Vimeo-90K triplets as RIFE measures: rounded",
    context=1,
    official=3782,
)
SEPTUPLET = Protocol(
    name="vimeo-septuplet",
    reader=Part("vimeo", layout="even"),
    description="Vimeo-90K septuplets, 1, 3, 5, 7 give 4, as FLAVR and VFIT measure: not rounded",
    measures=(PSNR.replace(epsilon=EPSILON), SSIM_3D),
    context=2,
    official=7824,
    rounded=False,
)
announce(
    TRIPLET,
    TRIPLET.replace(
        name="vimeo-triplet@ema",
        description="as EMA-VFI, IFRNet, AMT and UPR-Net measure: not rounded",
        rounded=False,
    ),
    TRIPLET.replace(
        name="vimeo-triplet@ema-tta",
        description="as the large EMA-VFI and VFIMamba are measured: flipped as well",
        rounded=False,
        flip=True,
    ),
    TRIPLET.replace(
        name="vimeo-triplet@cain",
        description="as CAIN measures: rounded, at most 80 dB",
        measures=(PSNR.replace(epsilon=EPSILON), SSIM_3D),
    ),
    SEPTUPLET,
    SEPTUPLET.replace(
        name="vimeo-septuplet@vfit-mini",
        description="every 38th clip, what VFIT's test script reads unless told otherwise",
        reader=Part("vimeo", layout="even", every=38),
        official=206,
    ),
    SEPTUPLET.replace(
        name="vimeo-septuplet-hole",
        description="all other six frames give 4, a hole of one frame; rounded",
        reader=Part("vimeo", layout="hole"),
        measures=(PSNR, SSIM_3D),
        context=3,
        rounded=True,
    ),
    SEPTUPLET.replace(
        name="vimeo-septuplet-ends",
        description="1 and 7 give 2 to 6, the arbitrary-time task; not rounded",
        reader=Part("vimeo", layout="ends"),
        measures=(PSNR, SSIM_3D),
        context=1,
        official=5 * 7824,
    ),
)
