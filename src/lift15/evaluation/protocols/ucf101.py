"""UCF101: small old videos, one folder per clip. Two sets of this name are in use."""

from __future__ import annotations

from pathlib import Path

from lift15.evaluation.items import EVEN, Benchmark, Item, Ref
from lift15.evaluation.protocols.base import PSNR, READERS, SSIM_3D, Protocol, announce
from lift15.evaluation.protocols.reading import check_root, folders, sort_out
from lift15.evaluation.protocols.vimeo import EPSILON
from vfiblocks import Part
from vfiblocks.errors import InputError

# layout: how many clips, target, then the frames before and after it, nearest first.
LAYOUTS = {
    "dvf": (379, "frame_01_gt.png", ("frame_00.png",), ("frame_02.png",)),
    "qvi": (100, "framet.png", ("frame1.png", "frame0.png"), ("frame2.png", "frame3.png")),
}


@READERS.register("ucf101")
def ucf101(root: Path, *, layout: str) -> Benchmark:
    """Every folder under the root is a clip.

    Args:
        root: holds ``<clip>/frame_00.png`` ("dvf") or ``<clip>/frame0.png`` ("qvi").
        layout: "dvf", the 379 triplets of Deep Voxel Flow; "qvi", the 100 clips of five frames of
            Quadratic Video Interpolation.

    Raises:
        DataError: the root holds something else.
    """
    if layout not in LAYOUTS:
        raise InputError(f"reader 'ucf101': layout is 'dvf' or 'qvi', got {layout!r}")
    official, target, before, after = LAYOUTS[layout]

    def looks_right(folder: Path) -> bool:
        return folder.is_dir() and any((f / before[0]).exists() for f in folders(folder))

    check_root(root, f"a folder per clip with {before[0]}, {target}, {after[0]}", looks_right)
    items = [
        Item(
            clip.name,
            clip.name,
            Ref(clip / target),
            tuple(Ref(clip / name) for name in before),
            tuple(Ref(clip / name) for name in after),
            step=EVEN,
        )
        for clip in folders(root)
    ]
    short = f"{len(items)} of {official} clips" if len(items) < official else ""
    return Benchmark(*sort_out(items), shortage=short)


TRIPLETS = Protocol(
    name="ucf101",
    reader=Part("ucf101", layout="dvf"),
    description="UCF101, 379 triplets, as RIFE and EMA-VFI measure: rounded",
    context=1,
    official=379,
)
FIVE = Protocol(
    name="ucf101-qvi",
    reader=Part("ucf101", layout="qvi"),
    description="UCF101 of QVI, four frames in, as ST-MFNet measures: rounded, at most 80 dB",
    measures=(PSNR.replace(epsilon=EPSILON), SSIM_3D),
    context=2,
    official=100,
)
announce(
    TRIPLETS,
    TRIPLETS.replace(
        name="ucf101@ifrnet",
        description="as IFRNet, AMT and UPR-Net measure: not rounded",
        rounded=False,
    ),
    TRIPLETS.replace(
        name="ucf101@ema-tta",
        description="as the large EMA-VFI and VFIMamba are measured: flipped as well",
        flip=True,
    ),
    FIVE,
    FIVE.replace(
        name="ucf101-qvi@flavr",
        description="as FLAVR and VFIT measure: 224x224 from the middle, not rounded",
        crop=(224, 224),
        rounded=False,
    ),
)
