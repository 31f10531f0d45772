"""X4K1000FPS X-TEST: 15 scenes at 4K and 1000 frames/s, eight times (Sim et al., ICCV 2021)."""

from __future__ import annotations

from pathlib import Path

from lift15.evaluation.items import EVEN, Benchmark, Item, Ref
from lift15.evaluation.protocols.base import PSNR, READERS, SSIM_3D, Pad, Protocol, announce
from lift15.evaluation.protocols.reading import check_root, folders, sort_out
from vfiblocks import Part
from vfiblocks.errors import InputError

SCENES = 15
SPAN = 32  # frames between the inputs


@READERS.register("x-test")
def x_test(root: Path, *, parts: int = 8) -> Benchmark:
    """Frames 0 and 32 of each scene give those between, at equal steps.

    Args:
        root: holds ``Type1/TEST01_003_f0433/0000.png``, or a folder ``test`` with these.
        parts: how many the gap is divided into; 8 gives seven frames, 2 the middle one.

    Raises:
        DataError: the root holds something else.
    """
    if parts < 2 or SPAN % parts:
        raise InputError(f"reader 'x-test': parts is 2, 4, 8, 16 or 32, got {parts!r}")

    def scenes(folder: Path) -> list[Path]:
        types = [f for f in folders(folder) if f.name.lower().startswith("type")]
        return [scene for kind in types for scene in folders(kind)]

    def looks_right(folder: Path) -> bool:
        inside = folder / "test" if (folder / "test").is_dir() else folder
        return inside.is_dir() and bool(scenes(inside))

    check_root(root, "Type1/<scene>/0000.png (or test/Type1/...)", looks_right)
    base = root / "test" if (root / "test").is_dir() else root
    items, found = [], scenes(base)
    for scene in found:
        digits = max((len(f.stem) for f in scene.glob("*.png") if f.stem.isdecimal()), default=4)
        refs = [Ref(scene / f"{k:0{digits}d}.png") for k in range(SPAN + 1)]
        name = f"{scene.parent.name}/{scene.name}"
        items += [
            Item(f"{name}/{k:04}", name, refs[k], (refs[0],), (refs[SPAN],), k / SPAN, EVEN)
            for k in range(SPAN // parts, SPAN, SPAN // parts)
        ]
    short = f"{len(found)} of {SCENES} scenes" if len(found) < SCENES else ""
    return Benchmark(*sort_out(items), shortage=short)


FULL = Protocol(
    name="x-test",
    reader=Part("x-test"),
    description="X-TEST at 4K, eight times, as XVFI measures PSNR: rounded",
    measures=(PSNR, Part("ssim-uniform"), SSIM_3D),
    context=1,
    official=SCENES * 7,
)
announce(
    FULL,
    FULL.replace(
        name="x-test@ema",
        description="as EMA-VFI measures: padded to 32",
        pad=Pad(multiple=32, centred=True),
    ),
    FULL.replace(
        name="x-test@upr",
        description="as UPR-Net measures: surrounded with grey to 256, not rounded",
        pad=Pad(multiple=256, mode="constant", value=0.5),
        rounded=False,
    ),
    FULL.replace(
        name="x-test-2k",
        description="X-TEST halved by area to 1080x2048, as EMA-VFI measures: padded to 32",
        resize=(1080, 2048),
        resize_rounded=False,
        pad=Pad(multiple=32, centred=True),
    ),
    FULL.replace(
        name="x-test-middle",
        description="X-TEST at 4K, frame 16 alone",
        reader=Part("x-test", parts=2),
        official=SCENES,
    ),
)
