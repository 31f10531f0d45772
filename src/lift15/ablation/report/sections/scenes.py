"""The difference on every scene: whether a mean is that of many, or of a few."""

from __future__ import annotations

from lift15.ablation.report.blocks import Block, Figure, Section, Text, file_name, unique
from lift15.ablation.report.drawing.differences import differences
from lift15.ablation.report.material import Finding, Material
from lift15.ablation.report.numbers import interval, signed
from lift15.ablation.report.pairing import pair


def scenes(material: Material) -> Section:
    """A drawing for every answer."""
    blocks: list[Block] = []
    known = [each for each in material.findings if each.comparison is not None]
    names = unique([file_name("scenes", f.question.name, f.evaluation) for f in known])
    for name, finding in zip(names, known, strict=True):
        blocks.append(_drawn(material, name, finding))
    if not blocks:
        blocks.append(Text("No two variants have scores to compare yet."))
    return Section("scenes", "Scene by scene", tuple(blocks))


def _drawn(material: Material, name: str, finding: Finding) -> Block:
    asked, found = finding.question, finding.comparison
    assert found is not None
    evaluation = material.results.evaluation(finding.evaluation)
    compared = pair(evaluation, (asked.baseline, asked.candidate), asked.measure)
    if asked.subset:
        compared = compared.inside(compared.among(evaluation.subsets()[asked.subset]))
    places, values = compared.scene_differences()
    title = (
        f"{material.versus((asked.baseline, asked.candidate))}, {asked.measure}, {finding.place}"
    )
    caption = (
        "The mean difference on every scene. The dashed line is the mean of all, "
        f"{signed(found.difference, found.unit)} {found.unit}".rstrip()
        + f", the grey band its interval, {interval(found.low, found.high, found.unit)}. "
        f"Lowest on {places[0]}, highest on {places[-1]}."
    )
    if found.better == "lower":
        caption += " Lower is better: a gain is below zero."
    drawn = differences(name, title, caption, places, [float(v) for v in values], found)
    return Figure(name, title, caption, drawn)
