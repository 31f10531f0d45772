"""What an assembly consists of and costs, stage by stage, without allocating it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from vfiblocks.assembly import dry_run
from vfiblocks.interpolator import Interpolator
from vfiblocks.notebook import html_table
from vfiblocks.registry import STAGE_REGISTRIES
from vfiblocks.spec import STAGES, ModelSpec, in_words


@dataclass(frozen=True)
class Entry:
    """One stage of a ledger.

    Attributes:
        stage: which of the five.
        part: registered name of the part, with the options that differ from its defaults.
        gives: what it hands on, in words.
        parameters: how many.
        macs: multiply-accumulates of one forward pass; None where they cannot be counted, because
            the part does not compute with torch.
    """

    stage: str
    part: str
    gives: str
    parameters: int
    macs: int | None


@dataclass(frozen=True)
class Ledger:
    """The stages of an assembly with their costs at one frame size.

    Attributes:
        entries: one per filled stage, in the order of the data.
        height: of the frames.
        width: of the frames.
        frames: how many the window holds.
        multiple: frames are padded inside to a multiple of this.
        fingerprint: of the spec.
    """

    entries: tuple[Entry, ...]
    height: int
    width: int
    frames: int
    multiple: int
    fingerprint: str

    @property
    def parameters(self) -> int:
        """Of all stages."""
        return sum(entry.parameters for entry in self.entries)

    @property
    def macs(self) -> int | None:
        """Of all stages; None if one of them cannot be counted."""
        known = [entry.macs for entry in self.entries if entry.macs is not None]
        return sum(known) if len(known) == len(self.entries) else None

    def __str__(self) -> str:
        lines = [f"{self.frames} frames of {self.height}x{self.width}, spec {self.fingerprint}"]
        wide = max(24, *(len(entry.part) for entry in self.entries)) + 1
        for entry in self.entries:
            lines.append(
                f"  {entry.stage:<11}{entry.part:<{wide}}{entry.parameters:>12,} parameters"
                f"{amount(entry.macs):>14}   {entry.gives}"
            )
        lines.append(
            f"  {'all':<{11 + wide}}{self.parameters:>12,} parameters{amount(self.macs):>14}"
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Ledger of {self}"

    def _repr_html_(self) -> str:
        """For notebooks."""
        rows = [
            (e.stage, e.part, e.gives, f"{e.parameters:,}", amount(e.macs)) for e in self.entries
        ]
        rows.append(("all", "", "", f"{self.parameters:,}", amount(self.macs)))
        title = f"Ledger: {self.frames} frames of {self.height}x{self.width}, spec "
        return html_table(
            title + self.fingerprint,
            ("stage", "part", "gives", "parameters", "cost"),
            rows,
            numbers=("parameters", "cost"),
            total=True,
        )


def describe(spec: ModelSpec, *, size: tuple[int, int] = (256, 448)) -> Ledger:
    """Count parameters and multiply-accumulates per stage, on the meta device.

    Args:
        spec: what to describe.
        size: height and width of the frames. Costs include the padding.

    Example:
        >>> from vfiblocks import describe, find_spec
        >>> ledger = describe(find_spec("rife"), size=(256, 448))
        >>> ledger.parameters, round(ledger.macs / 1e9, 1)
        (10071550, 14.5)
    """
    model = dry_run(spec).eval()
    macs = _count_macs(model, size)
    entries = []
    for stage in STAGES:
        module, part = getattr(model, stage), getattr(model.spec, stage)
        if module is None:
            continue
        entries.append(
            Entry(
                stage=stage,
                part=in_words(part, STAGE_REGISTRIES[stage].get(part.name)),
                gives=_gives(model, stage),
                parameters=sum(p.numel() for p in module.parameters()),
                macs=None if macs is None else macs.get(stage, 0),
            )
        )
    return Ledger(tuple(entries), *size, len(model.window), model.multiple, model.spec.fingerprint)


def amount(macs: int | None) -> str:
    """Multiply-accumulates for people.

    >>> amount(14_500_000_000), amount(2_000_000), amount(0), amount(None)
    ('14.50 GMAC', '2.00 MMAC', '0 MAC', 'not counted')
    """
    if macs is None:
        return "not counted"
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if macs >= size:
            return f"{macs / size:.2f} {unit}MAC"
    return f"{macs} MAC"


def _count_macs(model: Interpolator, size: tuple[int, int]) -> dict[str, int] | None:
    if not model.flow.countable:
        return None
    # Here, because it brings in Triton, which takes longer than the rest of vfiblocks together.
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    frames = torch.zeros(1, len(model.window), 3, *size, device="meta")
    with torch.no_grad(), counter:
        model(frames)
    root = type(model).__name__
    counts: dict[str, Any] = counter.get_flop_counts()
    # The counter counts multiplications and additions apart.
    return {
        stage: sum(counts[f"{root}.{stage}"].values()) // 2
        for stage in STAGES
        if f"{root}.{stage}" in counts
    }


def _gives(model: Interpolator, stage: str) -> str:
    if stage == "encoder" and model.encoder is not None:
        taps = [f"{model.encoder.taps[s]} at 1/{s}" for s in model.tap_strides]
        words = f"references: {', '.join(taps)}" if taps else ""
        if model.clip_stride:
            clip = f"every frame: {model.encoder.taps[model.clip_stride]} at 1/{model.clip_stride}"
            words = f"{words}; {clip}" if words else clip
        return words
    if stage == "aggregator" and model.aggregator is not None:
        signal = model.aggregator.signal
        return f"context: {signal.channels} at 1/{signal.stride}, one weight per frame"
    if stage == "flow":
        return f"flow and visibility at 1/{model.flow.stride}"
    if stage == "blender":
        return f"draft at 1/{model.blender.stride}"
    return "picture at full size"
