"""What a variant costs: parameters, operations, time and memory."""

from __future__ import annotations

from lift15.ablation.report.blocks import Block, Cell, Section, Table, Text
from lift15.ablation.report.cells import ONE, WORDS, columns, whole, words
from lift15.ablation.report.material import Material
from lift15.ablation.report.numbers import listed
from lift15.ablation.results import Cost, Variant

QUARTILES = ("", "lower quartile", "upper quartile")


def cost(material: Material) -> Section:
    """One table; what was not measured says so."""
    results = material.results
    by_name = {each.variant: each for each in results.costs}
    blocks: list[Block] = []
    sizes = {each.size for each in results.costs}
    size = next(iter(sizes)) if len(sizes) == 1 else _largest(results.variants)
    if not results.costs:
        blocks.append(Text("Time and memory have not been measured yet."))
    elif lacking := [v.name for v in results.variants if v.name not in by_name]:
        names = listed([material.title(name) for name in lacking])
        blocks.append(Text(f"Time and memory have not been measured for {names}."))
    blocks.append(_table(material, size, by_name))
    return Section("cost", "What it costs", tuple(blocks))


def _largest(variants: tuple[Variant, ...]) -> tuple[int, int] | None:
    sizes = [size for variant in variants for size in variant.macs]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _table(material: Material, size: tuple[int, int] | None, by_name: dict[str, Cost]) -> Table:
    results = material.results
    at = f" at {size[1]}x{size[0]}" if size else ""
    base = material.title(results.baseline)
    notes = [
        "MACs: multiply-accumulates of one call. Memory: most bytes held during one call, weights "
        "included; 'counted' is added up tensor by tensor, 'measured' is what the allocator of a "
        "GPU saw."
    ]
    for device, rounds in dict.fromkeys((c.device, c.rounds) for c in results.costs):
        notes.append(
            f"Time on {device}: median and quartiles of {rounds} rounds in each of which every "
            "variant is called in turn. Times of other machines differ; the ratio, taken within "
            "each round, hardly does."
        )
    return Table(
        "cost",
        f"Cost of one call{at}",
        columns(
            ("model", WORDS),
            ("frames", ONE),
            ("parameters", ONE),
            ("MACs (G)", ONE),
            ("time (ms)", QUARTILES),
            (f"time over that of {base}", QUARTILES),
            ("memory (MB)", ONE),
            ("memory is", WORDS),
        ),
        tuple(
            _row(material, variant, size, by_name.get(variant.name)) for variant in results.variants
        ),
        tuple(notes),
    )


def _row(
    material: Material, variant: Variant, size: tuple[int, int] | None, found: Cost | None
) -> tuple[Cell, ...]:
    macs = variant.macs.get(size) if size else None
    named = (
        words(material.title(variant.name)),
        whole(variant.frames),
        whole(variant.parameters),
        Cell(f"{macs / 1e9:#.3g}".rstrip("."), (macs / 1e9,))
        if macs is not None
        else words("not counted"),
    )
    if found is None:
        return (*named, *(words("not measured") for _ in range(3)), words("not measured"))
    known = found.memory > 0
    return (
        *named,
        _quartiles(found.milliseconds, found.quartiles, ".1f"),
        _quartiles(found.ratio, found.ratio_quartiles, ".2f"),
        Cell(f"{found.memory / 1e6:,.0f}", (found.memory / 1e6,)) if known else words("unknown"),
        words(found.memory_by if known else "not known"),
    )


def _quartiles(value: float, ends: tuple[float, float], form: str) -> Cell:
    low, high = ends
    return Cell(f"{value:{form}} [{low:{form}}, {high:{form}}]", (value, low, high))
