"""Xiph: the first 100 frames of eight 4K films, as Niklaus and Liu use them (CVPR 2020)."""

from __future__ import annotations

from pathlib import Path

from lift15.evaluation.items import EVEN, Benchmark, Item, Ref
from lift15.evaluation.protocols.base import PSNR, READERS, SSIM_3D, Pad, Protocol, announce
from lift15.evaluation.protocols.reading import check_root, sort_out
from vfiblocks import Part

NAMES = [
    "BoxingPractice",
    "Crosswalk",
    "DrivingPOV",
    "FoodMarket",
    "FoodMarket2",
    "RitualDance",
    "SquareAndTimelapse",
    "Tango",
]
COUNT = 100


@READERS.register("xiph")
def xiph(root: Path) -> Benchmark:
    """Odd frames give the even ones, 2 to 98.

    Args:
        root: holds ``Tango-001.png`` to ``Tango-100.png`` and so on, or ``Tango/001.png``. They
            come from ``ffmpeg -i Netflix_Tango_4096x2160_60fps_10bit_420.y4m -pix_fmt rgb24
            -vframes 100``.

    Raises:
        DataError: the root holds something else.
    """

    def looks_right(folder: Path) -> bool:
        return any((folder / n).is_dir() or (folder / f"{n}-001.png").exists() for n in NAMES)

    check_root(root, "Tango-001.png or Tango/001.png, and seven more films", looks_right)
    items = []
    for name in NAMES:
        inside = (root / name).is_dir()
        paths = [
            root / name / f"{k:03}.png" if inside else root / f"{name}-{k:03}.png"
            for k in range(1, COUNT + 1)
        ]
        refs = {k: Ref(path) for k, path in enumerate(paths, start=1)}
        for target in range(2, COUNT - 1, 2):
            items.append(
                Item(
                    f"{name}/{target:03}",
                    name,
                    refs[target],
                    tuple(refs[k] for k in range(target - 1, 0, -2)),
                    tuple(refs[k] for k in range(target + 1, COUNT + 1, 2)),
                    step=EVEN,
                )
            )
    return Benchmark(*sort_out(items))


PLAIN = Protocol(
    name="xiph",
    reader=Part("xiph"),
    measures=(PSNR, Part("ssim-uniform"), SSIM_3D),
    context=1,
    official=8 * 49,
)
SIZES = {
    "2k": ("halved by area to 1080x2048", {"resize": (1080, 2048)}),
    "4k": ("1080x2048 from the middle", {"crop": (1080, 2048)}),
}
for _name, (_words, _size) in SIZES.items():
    _base = PLAIN.replace(
        name=f"xiph-{_name}",
        description=f"Xiph, {_words}, as SoftSplat measures: rounded",
        **_size,
    )
    announce(
        _base,
        _base.replace(
            name=f"xiph-{_name}@ema",
            description=f"{_words}, as EMA-VFI measures: padded to 16",
            pad=Pad(multiple=16, centred=True),
        ),
        _base.replace(
            name=f"xiph-{_name}@amt",
            description=f"{_words}, as AMT measures: padded to 32, not rounded",
            pad=Pad(multiple=32, centred=True),
            rounded=False,
        ),
        _base.replace(
            name=f"xiph-{_name}@long",
            description=f"{_words}, with all odd frames of the film",
            context=None,
        ),
    )
