"""One stage of an assembly as a picture: what it reads, what it does in order, what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from vfiblocks.assembly import dry_run
from vfiblocks.errors import InputError
from vfiblocks.graph import LETTER, Link, links
from vfiblocks.interpolator import Interpolator
from vfiblocks.ledger import amount, describe
from vfiblocks.spec import STAGES, ModelSpec
from vfiblocks.svg import Drawing, wrap

LEFT, TOP, LANE = 16, 64, 14
"""Where boxes begin, what lies above the first row, and the distance of two lanes, in pixels."""
ROW, ARROW, LINE = 38, 16, 17
"""Height of a row of two lines, of the arrows above and below the box, and of a line."""


@dataclass(frozen=True)
class Step:
    """A module with weights inside a part, as one call of the model ran it.

    Attributes:
        name: its place in the part, such as "layers.0".
        kind: its class.
        parameters: how many.
        takes: shape of what goes in, in words.
        gives: shape of what comes out.
    """

    name: str
    kind: str
    parameters: int
    takes: str
    gives: str


def steps(model: Interpolator, stage: str, size: tuple[int, int]) -> tuple[Step, ...]:
    """The modules of a stage that have weights, in the order in which a call runs them.

    None where the motion is not computed with torch: such a model cannot be run without memory.

    Args:
        model: on the meta device, so that nothing is computed.
        stage: one that the model has.
        size: height and width of the frames.

    Example:
        >>> from vfiblocks import find_spec
        >>> model = dry_run(find_spec("lift15-tiny")).eval()
        >>> for step in steps(model, "flow", (64, 96)):
        ...     print(step.name, "|", step.takes, "|", step.gives)
        coarse | 113 × 8 × 12 | 6 × 8 × 12
        fine | 103 × 16 × 24 | 6 × 16 × 24
    """
    part = getattr(model, stage)
    if part is None or not model.flow.countable:  # what is no torch does not run on meta
        return ()
    modules = {
        name: module
        for name, module in part.named_modules()
        if name and any(True for _ in module.parameters())
    }
    calls: dict[str, list[tuple[Any, Any]]] = {}
    open_calls: list[str] = []

    def watch(name: str) -> tuple[Callable[..., None], Callable[..., None]]:
        def begin(module: nn.Module, taken: Any) -> None:
            open_calls.append(name)

        def end(module: nn.Module, taken: Any, given: Any) -> None:
            open_calls.pop()
            if not open_calls:  # what runs inside another module belongs to that
                calls.setdefault(name, []).append((taken, given))

        return begin, end

    handles = []
    for name, module in modules.items():
        begin, end = watch(name)
        handles += [module.register_forward_pre_hook(begin), module.register_forward_hook(end)]
    try:
        with torch.no_grad():
            model(torch.zeros(1, len(model.window), 3, *size, device="meta"))
    finally:
        for handle in handles:
            handle.remove()
    return tuple(
        Step(
            name,
            type(modules[name]).__name__,
            sum(p.numel() for p in modules[name].parameters()),
            _shape([taken for taken, _ in seen], first=True),
            _shape([given for _, given in seen]),
        )
        for name, seen in calls.items()
    )


def draw_stage(
    spec: ModelSpec, stage: str, *, size: tuple[int, int] = (256, 448), title: str = ""
) -> str:
    """A stage as an SVG file: inputs above, its modules with their shapes, outputs below.

    Everything comes from one call of the model on the meta device, as in
    :func:`vfiblocks.graph.draw_assembly`. Shapes leave out the batch; where a module runs frame by
    frame or in several batches, they hold all frames.

    Args:
        spec: of the model.
        stage: "encoder", "aggregator", "flow", "blender" or "refiner".
        size: height and width of the frames.
        title: above; "STAGE PART" if not given.

    Raises:
        InputError: the model has no such stage.

    Example:
        >>> from vfiblocks import find_spec
        >>> drawing = draw_stage(find_spec("rife"), "refiner")
        >>> "17 × 256 × 448 to 32 × 128 × 224" in drawing
        True
    """
    if stage not in STAGES or getattr(spec, stage) is None:
        there = ", ".join(name for name, _ in spec.parts())
        raise InputError(f"there is no stage {stage!r} in this model; it has {there}")
    model = dry_run(spec).eval()
    ledger = describe(spec, size=size)
    (entry,) = [entry for entry in ledger.entries if entry.stage == stage]
    flowing = links(model, size)
    reads = [link for link in flowing if stage in link.readers]
    gives = [link for link in flowing if link.source == stage]
    inside = steps(model, stage, size)

    names = [_kind(step) for step in inside]
    lines = [f"{step.name}  {name}" for step, name in zip(inside, names, strict=True)]
    lines += [_change(step) for step in inside]
    wide = max([380, *(40 + int(LETTER * len(line)) for line in lines)])
    part, _, options = entry.part.partition(" ")
    about = [
        f"{part}, {entry.parameters:,} parameters, {amount(entry.macs)}",
        *wrap(options, wide - 24, LETTER),
    ]
    top = TOP + ROW * len(reads) + ARROW
    first = top + LINE * (len(about) + 1) + 14
    bottom = first + ROW * len(inside)
    rows = [LANE * len(side) + _width(link) for side in (reads, gives) for link in side]
    title = title or f"{stage} {part}"
    drawing = Drawing(
        max([wide, *rows]) + 2 * LEFT,
        bottom + ARROW + ROW * len(gives) + 8,
        title,
        _about(stage, reads, inside, gives),
    )
    drawing.text(LEFT, 26, title, "strong")
    drawing.text(LEFT, 46, f"{ledger.frames} frames of {size[0]}x{size[1]}", "soft")
    _draw_reads(drawing, reads, top)
    drawing.box(LEFT, top, wide, bottom - top)
    drawing.text(LEFT + 12, top + 21, stage, "strong")
    for index, line in enumerate(about):
        drawing.text(LEFT + 12, top + 21 + LINE * (index + 1), line, "soft" if index else "")
    _draw_inside(drawing, inside, first)
    _draw_gives(drawing, gives, bottom)
    return drawing.svg()


def _draw_reads(drawing: Drawing, reads: list[Link], box: int) -> None:
    """Inputs, one below the other, each with a lane that ends at the top of the box."""
    edge = LEFT + LANE * len(reads) + 6
    for index, link in enumerate(reads):
        lane, row = LEFT + 8 + LANE * index, TOP + ROW * index + 14
        _name(drawing, edge + 6, row, link, f"from {link.source}")
        drawing.path(f"M{edge} {row - 4}H{lane}V{box - 7}", link.kind)
        drawing.shape(f"M{lane} {box - 1}l-4 -8h8z", link.kind)


def _draw_inside(drawing: Drawing, inside: tuple[Step, ...], top: int) -> None:
    """Modules in the order of the call."""
    for index, step in enumerate(inside):
        row = top + ROW * index + 12
        drawing.text(LEFT + 24, row, step.name, "strong", more=_kind(step))
        drawing.text(LEFT + 24, row + LINE - 2, _change(step), "soft")
        drawing.dot(LEFT + 14, row - 4, "features")
    if len(inside) > 1:
        end = top + ROW * (len(inside) - 1) + 8
        drawing.path(f"M{LEFT + 14} {top + 8}V{end}", "features")


def _draw_gives(drawing: Drawing, gives: list[Link], box: int) -> None:
    """Outputs; the lowest has the outermost lane, so that lanes do not cross."""
    edge = LEFT + LANE * len(gives) + 6
    for index, link in enumerate(gives):
        lane, row = LEFT + 8 + LANE * (len(gives) - 1 - index), box + ARROW + ROW * index + 10
        drawing.path(f"M{lane} {box}V{row - 4}H{edge - 7}", link.kind)
        drawing.shape(f"M{edge} {row - 4}l-8 -4v8z", link.kind)
        _name(drawing, edge + 6, row, link, f"to {_readers(link)}")


def _kind(step: Step) -> str:
    return f"{step.kind}, {step.parameters:,} parameters"


def _change(step: Step) -> str:
    return f"{step.takes} to {step.gives}"


def _readers(link: Link) -> str:
    return ", ".join(link.readers) or "nobody here"


def _shape(values: list[Any], *, first: bool = False) -> str:
    """What several calls took or gave, in words; frames of all calls together."""
    sizes = [[tuple(x.shape) for x in _tensors(value)] for value in values]
    words = []
    for same in list(zip(*sizes, strict=False))[: 1 if first else 2]:
        if any(shape[1:] != same[0][1:] for shape in same):
            return "several sizes"
        frames = sum(shape[0] for shape in same)
        words.append(" × ".join(map(str, same[0][1:] if frames == 1 else (frames, *same[0][1:]))))
    return ", ".join(words) or "nothing"


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)


def _width(link: Link) -> int:
    return int(LETTER * len(f"{link.name}  {link.shape}")) + 24


def _name(drawing: Drawing, x: int, y: int, link: Link, where: str) -> None:
    drawing.text(x, y, link.name, "strong", more=link.shape)
    drawing.text(x, y + LINE - 2, where, "soft")


def _about(stage: str, reads: list[Link], inside: tuple[Step, ...], gives: list[Link]) -> str:
    words = [f"{link.name} ({link.shape}) comes from {link.source}" for link in reads]
    words += [f"inside {stage}, {s.name} makes {s.gives} of {s.takes}" for s in inside]
    words += [f"{link.name} ({link.shape}) goes to {_readers(link)}" for link in gives]
    return ". ".join(words) + "."
