"""Middlebury OTHER: twelve triplets with a public true frame (Baker et al., IJCV 2011)."""

from __future__ import annotations

from pathlib import Path

from lift15.evaluation.items import EVEN, Benchmark, Item, Ref
from lift15.evaluation.protocols.base import PSNR, READERS, SSIM_3D, Pad, Protocol, announce
from lift15.evaluation.protocols.reading import check_root, sort_out
from vfiblocks import Part

NAMES = [
    "Beanbags",
    "Dimetrodon",
    "DogDance",
    "Grove2",
    "Grove3",
    "Hydrangea",
    "MiniCooper",
    "RubberWhale",
    "Urban2",
    "Urban3",
    "Venus",
    "Walking",
]
FIRST, LEFT, RIGHT, LAST = 7, 10, 11, 14  # eight frames where all were published


@READERS.register("middlebury")
def middlebury(root: Path) -> Benchmark:
    """Frames 10 and 11 give the one midway; 7 to 9 and 12 to 14 are context where they are there.

    Args:
        root: holds ``other-data/<name>/frame10.png`` and
            ``other-gt-interp/<name>/frame10i11.png``.

    Raises:
        DataError: the root holds something else.
    """

    def looks_right(folder: Path) -> bool:
        return (folder / "other-data").is_dir()

    check_root(root, "folders other-data/ and other-gt-interp/", looks_right)
    items = []
    for name in NAMES:
        frames = root / "other-data" / name
        items.append(
            Item(
                name,
                name,
                Ref(root / "other-gt-interp" / name / "frame10i11.png"),
                tuple(Ref(frames / f"frame{k:02}.png") for k in range(LEFT, FIRST - 1, -1)),
                tuple(Ref(frames / f"frame{k:02}.png") for k in range(RIGHT, LAST + 1)),
                step=EVEN,
            )
        )
    return Benchmark(*sort_out(items))


OTHER = Protocol(
    name="middlebury",
    reader=Part("middlebury"),
    description="Middlebury OTHER as RIFE measures: black right and below to 480x640, rounded",
    measures=(Part("ie-mean"), Part("ie-rms"), PSNR, SSIM_3D),
    context=1,
    official=len(NAMES),
    pad=Pad(size=(480, 640), mode="constant", value=0.0),
)
announce(
    OTHER,
    OTHER.replace(
        name="middlebury@ifrnet",
        description="as IFRNet measures: as the base, PSNR and SSIM not rounded",
        measures=(Part("ie-mean", rounded=True), PSNR, SSIM_3D),
        rounded=False,
    ),
    OTHER.replace(
        name="middlebury@ema",
        description="as EMA-VFI measures: padded to 32",
        pad=Pad(multiple=32, centred=True),
    ),
    OTHER.replace(
        name="middlebury@long",
        description="not padded, with frames 7 to 14 where they were published",
        pad=None,
        context=None,
    ),
)
