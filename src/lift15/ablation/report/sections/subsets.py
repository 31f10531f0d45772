"""Where a variant gains: subsets that the hypothesis names, and amounts of motion."""

from __future__ import annotations

from collections.abc import Iterator

from lift15.ablation.measured import BENT, FAST, HIDDEN, Evaluation
from lift15.ablation.report.blocks import (
    Block,
    Bullets,
    Figure,
    Section,
    Table,
    Text,
    file_name,
)
from lift15.ablation.report.cells import (
    INTERVAL,
    ONE,
    WORDS,
    chance,
    columns,
    difference,
    spanned,
    titled,
    whole,
    words,
)
from lift15.ablation.report.drawing.forest import Line, forest
from lift15.ablation.report.material import Material
from lift15.ablation.report.numbers import capital, interval, listed, signed
from lift15.ablation.report.pairing import Pair, pair
from lift15.ablation.report.sections.motion import by_motion
from lift15.ablation.report.subset import Subset
from lift15.evaluation.statistics_ranks import holm

HYPOTHESIS = {
    "occlusions": ("occlusion", HIDDEN),
    "fast motion": ("fast", FAST),
    "repeating patterns": ("repetition",),
    "changing light": ("lighting",),
}
"""What LIFT-15, section 1.1, says wide context helps with, and subsets that are of it."""


def subsets(material: Material) -> Section:
    """Tables and drawings, per evaluation and pair of variants."""
    blocks: list[Block] = [
        Text(
            "Whether a variant gains more on some items than on others: for every subset the "
            "difference on its items, on all others, and of the two differences. The last one "
            "decides: a gain that is sure inside and unsure outside need not be larger inside."
        )
    ]
    for evaluation in material.results.evaluations:
        pairs = material.pairs(evaluation)
        if not pairs:
            blocks.append(Text(f"{capital(_title(evaluation))}: no two variants have scores yet."))
            continue
        for names in pairs:
            blocks += _of_pair(material, evaluation, names)
    if len(blocks) == 1:
        blocks.append(Text("Nothing has been evaluated yet."))
    return Section("subsets", "Where it helps", tuple(blocks))


def _of_pair(material: Material, evaluation: Evaluation, names: tuple[str, str]) -> Iterator[Block]:
    compared = pair(evaluation, names, evaluation.measures[0].name)
    title = f"{material.versus(names)}, {_title(evaluation)}"
    found = [
        Subset(compared, name, members, material.draws)
        for name, members in evaluation.subsets().items()
    ]
    adjusted = holm({each.name: each.contrast.p for each in found if each.contrast})
    for each in found:
        each.adjusted = adjusted.get(each.name, float("nan"))
    if not found:
        yield Text(
            f"{capital(title)}: the items have no tags and no known motion that would tell subsets "
            "apart."
        )
    else:
        stem = file_name("subsets", evaluation.name, *names)
        yield Bullets(tuple(_sentences(material, evaluation, names, found, compared)), title)
        yield _drawn(stem, title, found, compared)
        yield _table(stem, title, found, compared)
    yield by_motion(material, evaluation, names, compared)


def _sentences(
    material: Material, evaluation: Evaluation, names: tuple[str, str],
    found: list[Subset], compared: Pair,
) -> Iterator[str]:  # fmt: skip
    unit = compared.measure.unit
    frames = {variant.name: variant.frames for variant in material.results.variants}
    if frames.get(names[0]) != frames.get(names[1]):
        have = {each.name for each in found}
        lacking = [word for word, tags in HYPOTHESIS.items() if not have & set(tags)]
        if lacking:
            yield (
                "LIFT-15's hypothesis (section 1.1) names occlusions, fast motion, repeating "
                f"patterns and changing light; there is no subset for {listed(lacking)} here, so "
                "that nothing is said of it."
            )
    told = [each for each in found if each.adjusted < 0.05 and each.contrast]
    for each in told:
        assert each.contrast is not None
        more = (each.contrast.difference > 0) == (compared.measure.better == "higher")
        size = f"{signed(each.contrast.difference, unit)} {unit}".strip()
        span = interval(each.contrast.low, each.contrast.high, unit)
        yield (
            f"On '{each.name}' {material.title(names[1])} gains {'more' if more else 'less'} than "
            f"elsewhere: by {size} {span}."
        )
    silent = [f"'{each.name}'" for each in found if each.contrast and each not in told]
    if silent:
        yield (
            f"For {listed(silent)} the data do not tell whether the gain differs from that "
            "elsewhere, which does not mean that it is the same."
        )
    few = [f"'{each.name}'" for each in found if each.contrast is None]
    if few:
        yield f"For {listed(few)} there are too few scenes inside or outside to compare the two."


def _drawn(stem: str, title: str, found: list[Subset], compared: Pair) -> Figure:
    lines = []
    for each in found:
        if each.inside:
            c = each.inside
            lines.append(Line(each.name, f"{c.clips:,} items", c.difference, c.low, c.high, "s0"))
        if each.outside:
            c = each.outside
            about = f"all others, {c.clips:,} items"
            lines.append(Line("", about, c.difference, c.low, c.high, "neutral", hollow=True))
    unit = compared.measure.unit
    margin = found[0].inside.margin if found[0].inside else None
    caption = (
        f"Differences in {compared.measure.name} on each subset (dot) and on all other "
        "items (ring)."
    )
    return Figure(
        stem, f"Subsets: {title}", caption, forest(stem, title, caption, lines, unit, margin=margin)
    )


def _table(stem: str, title: str, found: list[Subset], compared: Pair) -> Table:
    unit = compared.measure.unit
    rows = []
    for each in found:
        rest = (words(each.no_contrast), words(""), words(""))
        if each.contrast:
            c = each.contrast
            rest = (
                spanned(c.difference, c.low, c.high, unit),
                chance(c.p),
                chance(each.adjusted),
            )
        inside, outside = each.inside, each.outside
        rows.append(
            (
                words(each.name),
                whole(int(each.mask.sum())),
                whole(inside.scenes) if inside else words(each.no_inside),
                difference(inside) if inside else words("none"),
                whole(int((~each.mask).sum())),
                difference(outside) if outside else words(f"none: {each.no_outside}"),
                *rest,
            )
        )
    return Table(
        stem,
        f"Subsets: {title}",
        columns(
            ("subset", WORDS),
            ("items", ONE),
            ("scenes", ONE),
            (titled(f"difference in {compared.measure.name}", unit), INTERVAL),
            ("other items", ONE),
            (titled("difference on those", unit), INTERVAL),
            (titled("inside less outside", unit), INTERVAL),
            ("p", ONE),
            ("p (Holm)", ONE),
        ),
        tuple(rows),
        (
            f"'{FAST}', '{HIDDEN}', '{BENT}': the quarter of the items with most of it; other "
            "names are what the source says of its clips. An item may be in several subsets.",
            "p: of no difference between inside and outside; Holm: for the subsets of this table.",
        ),
    )


def _title(evaluation: Evaluation) -> str:
    return evaluation.title or evaluation.name
