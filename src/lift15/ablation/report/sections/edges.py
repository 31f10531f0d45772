"""Do edges gain more than the rest? The question that features at full resolution are to answer."""

from __future__ import annotations

from collections.abc import Iterator

from lift15.ablation.measured import Evaluation
from lift15.ablation.report.blocks import Block, Cell, Section, Table, Text, file_name
from lift15.ablation.report.cells import INTERVAL, ONE, WORDS, chance, columns, difference, words
from lift15.ablation.report.material import Material
from lift15.ablation.report.numbers import capital
from lift15.ablation.report.pairing import Pair, pair
from lift15.evaluation.statistics import PairedComparison
from vfiblocks.errors import InputError

EDGES, REST, ALL = "psnr-edges", "psnr-off-edges", "psnr"


def edges(material: Material) -> Section:
    """PSNR over the steepest tenth of the true picture, against PSNR elsewhere."""
    blocks: list[Block] = []
    for evaluation in material.results.evaluations:
        blocks += _of(material, evaluation)
    if not blocks:
        blocks.append(Text("Nothing has been evaluated yet."))
    return Section("edges", "Edges", tuple(blocks))


def _of(material: Material, evaluation: Evaluation) -> Iterator[Block]:
    title = evaluation.title or evaluation.name
    names = [measure.name for measure in evaluation.measures]
    if EDGES not in names:
        yield Text(f"{capital(title)}: {EDGES} was not measured.")
        return
    rest = next((name for name in (REST, ALL) if name in names), "")
    pairs = material.pairs(evaluation)
    if not pairs:
        yield Text(f"{capital(title)}: no two variants have scores yet.")
        return
    rows = []
    for which in pairs:
        on = pair(evaluation, which, EDGES)
        off = pair(evaluation, which, rest) if rest else None
        found, cells = _compared(material, on)
        _, others = _compared(material, off)
        more, contrast = _compared(material, on.less(off) if off else None)
        rows.append(
            (
                words(material.versus(which)),
                cells,
                others,
                contrast,
                chance(more.p) if more else words("none"),
                words(_said(more) if more else "nothing to compare with" if found else "none"),
            )
        )
    what = {
        REST: f"{REST} is over all other pixels.",
        ALL: f"{REST} was not measured, so that edges are compared with the whole picture, which "
        "they are a part of.",
        "": "No PSNR beside that over edges was measured.",
    }[rest]
    yield Table(
        file_name("edges", evaluation.name),
        f"Gains on edges and elsewhere, {title}",
        columns(
            ("compared", WORDS),
            (f"{EDGES} (dB)", INTERVAL),
            (f"{rest or 'elsewhere'} (dB)", INTERVAL),
            ("edges less elsewhere (dB)", INTERVAL),
            ("p", ONE),
            ("edges gain", WORDS),
        ),
        tuple(rows),
        (f"{EDGES}: PSNR over the steepest tenth of the true picture. {what}",),
    )


def _said(found: PairedComparison) -> str:
    return {
        "better": "more",
        "worse": "less",
        "equivalent": f"as much, within {found.margin} dB",
        "undecided": "undecided",
    }[found.verdict]


def _compared(material: Material, compared: Pair | None) -> tuple[PairedComparison | None, Cell]:
    if compared is None:
        return None, words("none")
    try:
        found = compared.compare(draws=material.draws)
    except InputError as error:
        return None, words(f"none: {error}")
    return found, difference(found)
