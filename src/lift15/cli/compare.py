"""``vfi compare``: is one model better than another, by how much, how surely, and where?"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lift15.cli.output import complain, progress, show_table, tell
from vfiblocks.errors import InputError

if TYPE_CHECKING:
    from lift15.evaluation.comparing import Compared
    from lift15.evaluation.comparing_sides import Ground, Side

INTERRUPTED = 130  # what a shell reports for Ctrl-C
NO_SHOW = "no pictures: {} is known by its scores alone; name the model, with --protocol and --root"


def compare(
    baseline: Annotated[
        str,
        typer.Argument(
            help="A folder of results (FOLDER or FOLDER:MODEL), an ablation (FOLDER:VARIANT), or a "
            "model: a name or a checkpoint."
        ),
    ],
    candidate: Annotated[str, typer.Argument(help="What is compared with it, likewise.")],
    metric: Annotated[str, typer.Option(help="By which measure.")] = "psnr",
    protocol: Annotated[
        list[str] | None,
        typer.Option(help="Under which protocols, or evaluations of an ablation; all if not said."),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Data of the protocols, to measure models that are named.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change an option of the protocol: windows=3, crop=720x1280."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="So many items only, spread evenly over the benchmark.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for scores, pictures, comparison.md and .json.")
    ] = None,
    cases: Annotated[
        int, typer.Option(help="Best and worst cases to draw, so many each, and the median one.")
    ] = 4,
    margin: Annotated[
        float | None,
        typer.Option(help="A difference within it is taken for none; 0.05 for dB if not given."),
    ] = None,
    no_motion: Annotated[
        bool, typer.Option("--no-motion", help="Do not sort items by how they move.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU.")] = "auto",
    allow_untrained: Annotated[
        bool, typer.Option("--allow-untrained", help="Accept networks with random weights.")
    ] = False,
) -> None:
    """Compare two models item by item: the difference, its interval, and the answer in words.

    What is resampled are scenes, and seeds where there are several, never frames. Models that are
    named are measured first, as far as --out has no scores of them. Items are sorted by how they
    move, and with --out the best, median and worst cases are drawn, where the data are at hand.
    """
    # Late, so that the other commands start without OpenCV and the protocols
    from lift15.evaluation.comparing import compare_results
    from vfiblocks import METRICS

    METRICS.get(metric)  # an unknown one is said before anything is measured
    with ExitStack() as stack:
        scratch = out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        grounds = _grounds(protocol, root, set_, limit, metric)
        try:
            one, other = _sides(
                (baseline, candidate), grounds, scratch / "scores", device, allow_untrained
            )
            shared = _shared(one, other, protocol)
            found = [
                compare_results(
                    one.results[name],
                    other.results[name],
                    measure=metric,
                    names=_names(one, other),
                    margin=margin,
                    title=name,
                )
                for name in shared
            ]
            if not no_motion:
                moved = [_motion(name, one, other, grounds, scratch) for name in shared]
                found = [
                    each if motion is None else each.sorted_by_motion(motion)
                    for each, motion in zip(found, moved, strict=True)
                ]
            for each in found:
                _show(each)
            if out is None:
                return
            pictures = [line for each in found for line in _draw(each, one, other, out, cases)]
        except KeyboardInterrupt:
            complain(
                f"interrupted; what is measured is kept in {scratch}" if out else "interrupted"
            )
            raise typer.Exit(INTERRUPTED) from None
        _write(out, found, pictures)
        tell(f"wrote {out}/comparison.md")


def _grounds(
    protocols: Sequence[str] | None,
    root: Path | None,
    changes: Sequence[str] | None,
    limit: int | None,
    metric: str,
) -> dict[str, Ground]:
    """Where models are measured that are named; {} if nobody said where."""
    from lift15.evaluation.comparing_sides import Ground
    from lift15.evaluation.protocols import find_protocol
    from lift15.evaluation.protocols.changes import changed, parse_changes

    if root is None:
        return {}
    if not protocols:
        raise InputError("--root needs --protocol: how is what is there to be measured?")
    options = parse_changes(changes or [])
    return {
        name: Ground(changed(find_protocol(name), options, measures=[metric]), root, limit)
        for name in protocols
    }


def _sides(
    texts: tuple[str, str],
    grounds: Mapping[str, Ground],
    output: Path,
    device: str,
    untrained: bool,
) -> list[Side]:
    from lift15.evaluation.comparing_sides import Measuring, find_side

    sides = []
    for text, place in zip(texts, ("first", "second"), strict=True):
        with progress(text) as count:  # two models may have one name: each has its own folder
            measuring = Measuring(grounds, output / place, device, untrained, count)
            sides.append(find_side(text, measuring))
    return sides


def _shared(one: Side, other: Side, asked: Sequence[str] | None) -> list[str]:
    shared = [name for name in one.results if name in other.results]
    if asked:
        shared = [name for name in shared if name in asked]
    if not shared:
        raise InputError(
            f"there is nothing that both were measured under: {one.name} has "
            f"{', '.join(one.results) or 'nothing'}, {other.name} "
            f"{', '.join(other.results) or 'nothing'}"
        )
    return shared


def _names(one: Side, other: Side) -> tuple[str, str]:
    if one.name != other.name:
        return one.name, other.name
    return f"{one.name} (first)", f"{other.name} (second)"


def _motion(
    name: str, one: Side, other: Side, grounds: Mapping[str, Ground], scratch: Path
) -> dict[str, float] | None:
    """Displacement of the items, pixels; None where the data are not at hand."""
    from lift15.ablation.facts import note_facts, read_facts

    ground = one.grounds.get(name) or other.grounds.get(name) or grounds.get(name)
    if ground is None:
        tell(f"{name}: not sorted by motion, which needs the data; give --protocol and --root")
        return None
    path = ground.facts or scratch / f"items-{name}.csv"
    facts = {each.name: each for each in read_facts(path)}
    rows = [row.item for row in next(iter(one.results[name].values())).rows]
    if any(item not in facts for item in rows):
        benchmark = ground.open()
        items = [item for item in benchmark.items if item.name in set(rows)]
        with progress(f"motion of the items of {name}") as count:
            found = note_facts(path, items, benchmark, ground.protocol, on_progress=count)
        facts = {each.name: each for each in found}
    return {item: facts[item].displacement for item in rows if item in facts}


def _show(found: Compared) -> None:
    show_table(_HEAD, list(_rows(found)), numbers=_HEAD[1:])
    tell(f"{found.title}: {found.overall}")
    for note in found.notes:
        tell(f"{found.title}: {note}")


_HEAD = ("items", "count", "first", "second", "difference", "low", "high", "p", "verdict")


def _rows(found: Compared) -> Iterator[tuple[str, ...]]:
    digits = 3 if found.overall.unit in ("dB", "levels", "px") else 5
    groups = {f"{found.title}, {found.measure}": (found.overall, found.overall.p)}
    for name, each in found.by_motion.items():
        groups[f"moving {name}"] = (each, found.adjusted[name])
    for name, (each, p) in groups.items():
        numbers = (*each.means, each.difference, each.low, each.high)
        signs = ("", "", "+", "+", "+")
        cells = (f"{v:{s}.{digits}f}" for v, s in zip(numbers, signs, strict=True))
        yield (name, str(each.clips), *cells, f"{p:.2g}", each.verdict)


def _draw(
    found: Compared, one: Side, other: Side, out: Path, cases: int
) -> Iterator[tuple[str, str]]:
    """Draw best, median and worst cases; path and caption of each."""
    from lift15.evaluation.comparing_pictures import draw_comparison, make_pictures, telling
    from lift15.training.watching.journal import write_image

    ground = one.grounds.get(found.title) or other.grounds.get(found.title)
    makers = one.predictor, other.predictor
    for side, maker in zip((one, other), makers, strict=True):
        if maker is None and cases:
            tell(NO_SHOW.format(side.name))
    if ground is None or makers[0] is None or makers[1] is None or not cases:
        return
    seeds = [next(iter(side.results[found.title])) for side in (one, other)]
    predictors = [maker(seed) for maker, seed in zip(makers, seeds, strict=True) if maker]
    for predictor, name in zip(predictors, found.overall.names, strict=True):
        predictor.name = name
    benchmark = ground.open()
    items = {item.name: item for item in benchmark.items}
    for kind, rank, item, gain in telling(dict(found.gains), cases):
        made = make_pictures(items[item], predictors, ground.protocol, benchmark)
        path = out / f"{found.title}-{kind}-{rank}.png"
        write_image(path, draw_comparison(made, found.overall.names))
        yield path.name, f"{kind} {rank}, {item}: {gain:+.3g} {found.overall.unit}".strip()


def _write(out: Path, found: Sequence[Compared], pictures: Sequence[tuple[str, str]]) -> None:
    from lift15.training.atomic import write_json, write_text

    out.mkdir(parents=True, exist_ok=True)
    lines = [f"# {found[0].overall.names[1]} against {found[0].overall.names[0]}", ""]
    for each in found:
        lines += [f"## {each.title}, {each.measure}", "", str(each.overall), ""]
        lines += [f"| {' | '.join(_HEAD)} |", "|" + "---|" * len(_HEAD)]
        lines += [f"| {' | '.join(row)} |" for row in _rows(each)]
        lines += ["", *(f"- {note}" for note in each.notes), ""]
        if each.by_motion:
            lines += ["p of groups by motion is adjusted for their number (Holm).", ""]
    for name, caption in pictures:
        lines += [f"![{caption}]({name})", "", caption, ""]
    write_text(out / "comparison.md", "\n".join(lines).rstrip() + "\n")
    plain: list[dict[str, Any]] = [
        {
            "protocol": each.title,
            "measure": each.measure,
            "overall": each.overall.to_dict(),
            "by_motion": {name: part.to_dict() for name, part in each.by_motion.items()},
            "adjusted_p": dict(each.adjusted),
            "gains": dict(each.gains),
            "notes": list(each.notes),
        }
        for each in found
    ]
    write_json(out / "comparison.json", json.loads(json.dumps(plain, default=str)))
