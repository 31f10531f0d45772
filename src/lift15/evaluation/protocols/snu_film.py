"""SNU-FILM: high-rate videos with inputs 2, 4, 8 and 16 frames apart (Choi et al., AAAI 2020)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from lift15.data.sources.lists import read_list
from lift15.evaluation.items import EVEN, Benchmark, Item, Ref
from lift15.evaluation.protocols.base import PSNR, READERS, SSIM_3D, Pad, Protocol, announce
from lift15.evaluation.protocols.reading import check_root, sort_out
from lift15.evaluation.protocols.vimeo import EPSILON
from vfiblocks import Part
from vfiblocks.errors import DataError, InputError

LEVELS = ("easy", "medium", "hard", "extreme")
LIST_FOLDERS = ("", "eval_modes")  # UPR-Net keeps the lists in a folder of their own
REACH = 16  # frames looked for on each side; no model here reads more


@READERS.register("snu-film")
def snu_film(root: Path, *, level: str, needs: int = 1) -> Benchmark:
    """The triplets of one level, and the frames further out in the same folders.

    A line of a list is three paths: input, target, input. The official list gives them as CAIN
    opens them, from the folder it is started in: ``data/SNU-FILM/test/GOPRO_test/...``. Others join
    them to the root or keep the last three parts. Whatever part of a path exists under the root,
    under its folder ``test``, or where the path itself points to, is taken.

    Args:
        root: holds ``test-hard.txt``, or ``eval_modes/test-hard.txt``, and ``test/``.
        level: easy, medium, hard or extreme.
        needs: leave out items with fewer frames on a side, as codes with four inputs do silently.

    Raises:
        DataError: the root holds something else, or a line is not understood.
    """
    if level not in LEVELS or needs < 1:
        raise InputError(
            f"reader 'snu-film': level is one of {', '.join(LEVELS)} and needs a count, got "
            f"{level!r} and {needs!r}"
        )
    file = f"test-{level}.txt"

    def find_list(folder: Path) -> Path | None:
        paths = (folder / name / file for name in LIST_FOLDERS)
        return next((path for path in paths if path.is_file()), None)

    check_root(
        root,
        f"{file} (or eval_modes/{file}) and the frames in test/GOPRO_test and test/YouTube_test",
        lambda folder: find_list(folder) is not None,
    )
    path = find_list(root)
    assert path is not None
    resolve = _resolver(root)
    whole, missing = sort_out(_item(path, line, resolve) for line in read_list(path))
    kept = tuple(i for i in whole if min(_reach(i.before), _reach(i.after)) >= needs)
    left_out = len(whole) - len(kept)
    sides = f"{needs} frames on each side"
    notes = (f"{left_out} of {len(whole)} items without {sides} are left out",) if left_out else ()
    return Benchmark(kept, missing, notes=notes)


def _item(path: Path, line: str, resolve: Callable[[str], Path]) -> Item:
    words = line.replace("\\", "/").split()
    try:
        frames = [int(PurePosixPath(word).stem) for word in words]
    except ValueError:
        frames = []
    if len(frames) != 3 or not 0 < frames[1] - frames[0] == frames[2] - frames[1]:
        raise DataError(
            f"{path}: a line is three paths to numbered frames, input, target and input, with the "
            f"target midway; got {line!r}"
        )
    left, target, right = (resolve(word) for word in words)
    gap = frames[2] - frames[0]
    name = PurePosixPath(words[1])
    return Item(
        str(PurePosixPath(*name.parts[-3:])),
        name.parts[-2] if len(name.parts) > 1 else left.parent.name,
        Ref(target),
        tuple(_neighbour(left, -gap * k) for k in range(REACH)),
        tuple(_neighbour(right, gap * k) for k in range(REACH)),
        step=EVEN,
    )


def _neighbour(path: Path, by: int) -> Ref | None:
    """The frame of the same folder so many numbers on; None before the first."""
    number = int(path.stem) + by
    return Ref(path.with_name(f"{number:0{len(path.stem)}d}{path.suffix}")) if number >= 0 else None


def _reach(frames: tuple[Ref | None, ...]) -> int:
    return next((k for k, ref in enumerate(frames) if ref is None), len(frames))


def _resolver(root: Path) -> Callable[[str], Path]:
    """Finds the folder of a path once, since thousands of lines share some dozens of folders."""
    known: dict[PurePosixPath, Path] = {}

    def resolve(word: str) -> Path:
        path = PurePosixPath(word)
        if path.parent not in known:
            known[path.parent] = _folder(root, path.parent)
        return known[path.parent] / path.name

    return resolve


def _folder(root: Path, folder: PurePosixPath) -> Path:
    parts = [part for part in folder.parts if part != "/"]
    tails = [Path(*parts[skip:]) for skip in range(len(parts))]
    candidates = [base / tail for tail in tails for base in (root, root / "test")]
    candidates.append(Path(folder))
    # Where nothing exists, the usual place is named in the message about what is missing.
    return next((path for path in candidates if path.is_dir()), root / Path(*parts))


def _variants(level: str) -> tuple[Protocol, ...]:
    base = Protocol(
        name=f"snu-film-{level}",
        reader=Part("snu-film", level=level),
        description=f"SNU-FILM {level} as EMA-VFI measures: padded to 32, not rounded",
        context=1,
        official=310,
        pad=Pad(multiple=32, centred=True),
        rounded=False,
    )
    quantised = (PSNR.replace(epsilon=EPSILON), SSIM_3D)
    four = {"reader": Part("snu-film", level=level, needs=2), "context": 2, "pad": None}
    return (
        base,
        base.replace(
            name=f"snu-film-{level}@ema-tta",
            description="as the large EMA-VFI and VFIMamba are measured: flipped as well",
            flip=True,
        ),
        base.replace(
            name=f"snu-film-{level}@cain",
            description="as CAIN measures: not padded, rounded, at most 80 dB",
            measures=quantised,
            pad=None,
            rounded=True,
        ),
        base.replace(
            name=f"snu-film-{level}@ifrnet",
            description="as IFRNet and AMT measure: padded to 20",
            pad=Pad(multiple=20, centred=True),
        ),
        base.replace(
            name=f"snu-film-{level}@sgm",
            description="as SGM-VFI measures: padded to 80",
            pad=Pad(multiple=80, centred=True),
        ),
        base.replace(
            name=f"snu-film-{level}@upr",
            description="as UPR-Net measures: surrounded with grey to 64, right and below",
            pad=Pad(multiple=64, mode="constant", value=0.5),
        ),
        base.replace(
            name=f"snu-film-{level}@stmfnet",
            description="four frames in, as ST-MFNet measures: rounded, at most 80 dB",
            measures=quantised,
            rounded=True,
            **four,
        ),
        base.replace(
            name=f"snu-film-{level}@flavr",
            description="four frames in, as FLAVR measures: 720x720 from the middle, not rounded",
            measures=quantised,
            crop=(720, 720),
            **four,
        ),
        base.replace(
            name=f"snu-film-{level}@long",
            description="as the base, with all frames of the folder at the same distance",
            context=None,
        ),
    )


for _level in LEVELS:
    announce(*_variants(_level))
