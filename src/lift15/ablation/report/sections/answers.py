"""The first chapter: what was asked, what was found, and what was not."""

from __future__ import annotations

from itertools import groupby

from lift15.ablation.report.blocks import (
    Answers,
    Block,
    Bullets,
    Cell,
    Figure,
    Section,
    Table,
    Text,
    unique,
)
from lift15.ablation.report.caveats import caveats
from lift15.ablation.report.cells import (
    INTERVAL,
    ONE,
    WORDS,
    chance,
    columns,
    difference,
    whole,
    words,
)
from lift15.ablation.report.drawing.forest import Line, forest
from lift15.ablation.report.material import Finding, Material
from lift15.ablation.report.words import answer, headline, verdict


def answers(material: Material) -> Section:
    """Answers in words, what they rest on, and what nothing here supports."""
    blocks: list[Block] = [Text(headline(material.findings))]
    if material.findings:
        blocks.append(Answers(tuple(answer(finding) for finding in material.findings)))
    if found := caveats(material):
        blocks.append(Bullets(found, "What these numbers do not support"))
    blocks += _forests(material.findings)
    if material.findings:
        blocks.append(_table(material))
    return Section("answers", "What was found", tuple(blocks))


def _table(material: Material) -> Table:
    return Table(
        "answers",
        "Answers in numbers",
        columns(
            ("question", WORDS),
            ("answer", WORDS),
            ("measured on", WORDS),
            ("compared", WORDS),
            ("by", WORDS),
            ("difference", INTERVAL),
            ("p", ONE),
            ("p (Holm)", ONE),
            ("items", ONE),
            ("scenes", ONE),
            ("seeds", ("baseline", "candidate")),
        ),
        tuple(_row(material, finding) for finding in material.findings),
        (
            "difference: candidate less baseline, in the unit of the measure, with its 95 % "
            "interval over scenes and seeds.",
            "p (Holm): adjusted for all answers of this table.",
        ),
    )


def _row(material: Material, finding: Finding) -> tuple[Cell, ...]:
    asked, found = finding.question, finding.comparison
    named = (
        words(asked.name),
        words(verdict(finding)[1] if found else f"no answer: {finding.missing}"),
        words(finding.place),
        words(material.versus((asked.baseline, asked.candidate))),
        words(asked.measure),
    )
    if found is None:
        missing = (words("none"), *(words("") for _ in range(5)))
        return (*named, *missing)
    seeds = Cell(f"{found.seeds[0]} and {found.seeds[1]}", found.seeds)
    return (
        *named,
        difference(found),
        chance(found.p),
        chance(finding.adjusted),
        whole(found.clips),
        whole(found.scenes),
        seeds,
    )


def _forests(findings: tuple[Finding, ...]) -> list[Block]:
    """One drawing per unit: differences of different units share no axis."""
    known = [finding for finding in findings if finding.comparison is not None]

    def unit(finding: Finding) -> str:
        assert finding.comparison is not None
        return finding.comparison.unit

    groups = [(u, list(group)) for u, group in groupby(sorted(known, key=unit), key=unit)]
    drawn: list[Block] = []
    for name, (of_unit, group) in zip(
        unique([f"answers-{u or 'pure'}".lower() for u, _ in groups]), groups, strict=True
    ):
        drawn.append(_forest(name, of_unit, group))
    return drawn


def _forest(name: str, unit: str, group: list[Finding]) -> Figure:
    lines, margins = [], []
    for finding in group:
        found = finding.comparison
        assert found is not None
        kind = {"for": "good", "against": "bad", "same": "same"}.get(verdict(finding)[0], "open")
        about = f"{finding.question.measure}, {finding.place}"
        lines.append(
            Line(finding.question.name, about, found.difference, found.low, found.high, kind)
        )
        margins.append(found.margin)
    margin = margins[0] if len(set(margins)) == 1 else None
    band = f" The grey band is ±{margin:g} {unit}, taken for no difference." if margin else ""
    caption = (
        "Differences, candidate less baseline, with their intervals over scenes and seeds: right "
        f"of the line the candidate scored higher.{band}"
    )
    title = f"Answers{f' in {unit}' if unit else ''}"
    return Figure(name, title, caption, forest(name, title, caption, lines, unit, margin=margin))
