"""What a comparison comes to, in words that claim no more than it shows."""

from __future__ import annotations

import math

from lift15.ablation.report.blocks import Answer, Kind
from lift15.ablation.report.material import Finding
from lift15.ablation.report.numbers import capital, counted, interval, measured, p_said, signed
from lift15.evaluation.statistics import PairedComparison
from lift15.evaluation.statistics_power import clips_needed
from lift15.evaluation.statistics_student import NORMAL, t_quantile

SIGNIFICANT = 0.05
"""What an adjusted p-value must stay below."""


def answer(finding: Finding) -> Answer:
    """The answer to a question on one evaluation.

    "Better" or "worse" is said only where the interval leaves out zero *and* the p-value, adjusted
    for all answers of the report, is below 0.05.
    """
    asked = f"{finding.question.text or finding.question.name} ({finding.place})"
    found = finding.comparison
    if found is None:
        reason = finding.missing.rstrip(".")
        return Answer("none", "no answer", asked, f"{capital(reason)}.")
    kind, label = verdict(finding)
    alone = min(found.seeds) == 1
    if alone and kind in ("for", "against", "same"):
        label = f"{label}, for these weights"
    parts = [_claim(finding, kind), *_meaning(finding, kind), _evidence(found), _seeds(found)]
    if found.left_out:
        items = counted(found.left_out, "item")
        parts.append(f"{items} without a finite score in both were left out.")
    return Answer(kind, label, asked, " ".join(part for part in parts if part))


def verdict(finding: Finding) -> tuple[Kind, str]:
    """The answer in a few words, without a look at how many seeds there were."""
    found = finding.comparison
    if found is None:
        return "none", "no answer"
    if found.verdict == "equivalent":
        return "same", "no difference that matters"
    if found.verdict == "undecided":
        return "open", "undecided"
    if not finding.adjusted < SIGNIFICANT:
        return "open", "not established"
    return ("for", "better") if found.verdict == "better" else ("against", "worse")


def headline(findings: tuple[Finding, ...]) -> str:
    """How many questions were answered, and how, in one sentence.

    Example:
        >>> headline(())
        'No question was asked.'
    """
    if not findings:
        return "No question was asked."
    said = [verdict(finding) for finding in findings]
    texts = {
        "better": "in {} the candidate is better",
        "worse": "in {} it is worse",
        "no difference that matters": "in {} there is no difference that matters",
        "not established": "in {} a difference is likely but not established",
        "undecided": "{} undecided",
        "no answer": "{} without an answer",
    }
    labels = [label for _, label in said]
    counts = [text.format(labels.count(label)) for label, text in texts.items() if label in labels]
    return f"Of {counted(len(said), 'answer')}: {', '.join(counts)}."


def _claim(finding: Finding, kind: Kind) -> str:
    found = finding.comparison
    assert found is not None
    baseline, candidate = found.names
    size = f"{signed(found.difference, found.unit)} {found.unit}".strip()
    span = f"{interval(found.low, found.high, found.unit)} at {found.level:.0%}"
    by = finding.question.measure
    if found.better == "lower":
        by = f"{by}, where lower is better"
    if kind == "for":
        return f"{candidate} is better than {baseline}: {size} {span} ({by})."
    if kind == "against":
        return f"{candidate} is worse than {baseline}: {size} {span} ({by})."
    if kind == "same":
        within = measured(found.margin or 0.0, found.unit)
        return (
            f"{candidate} and {baseline} differ by less than {within}, which is taken for no "
            f"difference: {size} {span} ({by})."
        )
    if found.different:
        return f"{candidate} scored other than {baseline}: {size} {span} ({by})."
    return f"{candidate} may be better or worse than {baseline}: {size} {span} ({by})."


def _meaning(finding: Finding, kind: Kind) -> list[str]:
    """What is not to be read into the claim."""
    found = finding.comparison
    assert found is not None
    words = []
    if kind == "open" and found.different:
        words.append(
            f"Among {counted(finding.family, 'answer')} such a difference comes by chance too "
            f"easily: {p_said(found.p)}, adjusted {p_said(finding.adjusted)}."
        )
    elif kind == "open":
        words.append(_power(found))
    elif kind in ("for", "against"):
        words.append(
            f"Adjusted for {counted(finding.family, 'answer')}, {p_said(finding.adjusted)}."
        )
        least = min(abs(found.low), abs(found.high))
        if found.margin is not None and least < found.margin:
            within = measured(found.margin, found.unit)
            words.append(f"It may be smaller than {within}, which is taken for no difference.")
    return words


def _power(found: PairedComparison) -> str:
    """What an undecided comparison would have seen, and what it would take to see what matters."""
    detectable = f"{signed(found.detectable, found.unit).lstrip('+')} {found.unit}".strip()
    said = f"So much data would find a difference of {detectable} four times out of five"
    if found.margin is None:
        return f"{said}; a smaller one may be there unseen. {_doubt(found)}".rstrip()
    within = measured(found.margin, found.unit)
    if found.detectable <= found.margin:
        return f"{said}, and one of {within}, the least that matters, as often."
    needed = clips_needed(found.margin, found.deviation) if found.deviation > 0 else 0
    if needed <= found.scenes:
        what = "there are scenes enough, and more training runs are needed"
    else:
        what = f"it takes about {needed:,} scenes like these"
    return f"{said}; for {within}, the least that matters, {what}. {_doubt(found)}".rstrip()


def _doubt(found: PairedComparison) -> str:
    """Says so where training runs, and not scenes, make the interval wide."""
    if found.seeds == (1, 1) or found.detectable <= 1.5 * _reach_of_scenes(found):
        return ""
    return "Most of the doubt comes from how few training runs there are."


def _reach_of_scenes(found: PairedComparison) -> float:
    """What the comparison would detect if all training runs came out alike."""
    reach = t_quantile(0.5 + found.level / 2, found.scenes - 1) + NORMAL.inv_cdf(0.8)
    return reach * found.deviation / math.sqrt(found.scenes)


def _evidence(found: PairedComparison) -> str:
    wins, losses = found.signs.positive, found.signs.negative
    if found.better == "lower":
        wins, losses = losses, wins
    ties = f", equal on {found.signs.ties}" if found.signs.ties else ""
    return (
        f"{counted(found.clips, 'item')} of {counted(found.scenes, 'scene')}: better on {wins}, "
        f"worse on {losses}{ties}."
    )


def _seeds(found: PairedComparison) -> str:
    if found.seeds == (1, 1):
        return (
            "One training run of each: the answer is about these very weights, and what another "
            "seed would give is not in the interval."
        )
    if 1 in found.seeds:
        alone = found.names[found.seeds.index(1)]
        return (
            f"{found.seeds[0]} and {found.seeds[1]} training runs: one of {alone} says nothing of "
            "its others, and they are not in the interval."
        )
    if found.paired_seeds:
        return f"{found.seeds[0]} training runs of each, paired by seed."
    return f"{found.seeds[0]} and {found.seeds[1]} training runs, not paired."
