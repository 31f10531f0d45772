"""An assembly as a picture: its stages, what each hands on, and who asked for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from vfiblocks.assembly import dry_run
from vfiblocks.interpolator import Interpolator
from vfiblocks.ledger import Ledger, amount, describe
from vfiblocks.spec import STAGES, ModelSpec
from vfiblocks.svg import Drawing, wrap

LEFT, WIDE, TOP, GAP = 16, 300, 64, 26
"""Where the boxes begin, their width, what lies above the first and between two, in pixels."""
PORT, LINE, LANE = 27, 17, 15
"""Height of a port, of a line of text, and the distance of two lanes."""
LETTER = 6.3
"""Mean width of a letter at 12 pixels, rather too much; text is not measured."""


@dataclass(frozen=True)
class Link:
    """One thing that a stage hands on.

    Attributes:
        name: as parts ask for it, such as "taps[4]".
        kind: which colour: "pixels", "features", "context", "motion" or "draft".
        source: the stage that makes it, or "frames".
        shape: axes without the batch, in words.
        readers: stages that read it, in order; or "picture".
    """

    name: str
    kind: str
    source: str
    shape: str
    readers: tuple[str, ...]


def links(model: Interpolator, size: tuple[int, int]) -> tuple[Link, ...]:
    """What flows through a model, from its ports.

    Args:
        model: any; on the meta device as well.
        size: height and width of the frames, before padding.

    Example:
        >>> from vfiblocks import build_model
        >>> for link in links(build_model("classical"), (64, 96)):
        ...     print(link.name, "|", link.shape, "|", *link.readers)
        references | 2 × 3 × 64 × 96 | flow blender
        motion | flow 2 × 2 × 64 × 96, logits 2 × 1 × 64 × 96 | blender
        draft | image 3 × 64 × 96, warped 2 × 3 × 64 × 96 | picture
    """
    height, width = (-(-side // model.multiple) * model.multiple for side in size)
    handed = [stage for stage in ("flow", "blender", "refiner") if getattr(model, stage)]
    first = [] if model.encoder is None or model.clip_stride else ["encoder"]
    found = []

    def add(name: str, kind: str, source: str, shape: str, *more: str) -> None:
        asked = [stage for stage in STAGES if name in model.reads.get(stage, ())]
        found.append(Link(name, kind, source, shape, (*asked, *more)))

    def grid(stride: int, *axes: int) -> str:
        return " × ".join(map(str, (*axes, height // stride, width // stride)))

    if model.clip_stride:
        frames = grid(1, len(model.window), 3)
        add("frames", "pixels", "frames", frames, "encoder")
    add("references", "pixels", "frames", grid(1, 2, 3), *first, *handed)
    if model.encoder is not None:
        for stride in model.tap_strides:
            shape = f"{grid(stride, 2, model.encoder.taps[stride])}, stride {stride}"
            add(f"taps[{stride}]", "features", "encoder", shape)
        if model.clip_stride:
            stride = model.clip_stride
            channels = model.encoder.taps[stride]
            shape = f"{grid(stride, len(model.window), channels)}, stride {stride}"
            add("clip", "features", "encoder", shape)
    if model.aggregator is not None:
        signal = model.aggregator.signal
        shape = f"features {grid(signal.stride, signal.channels)}, weights {len(model.window)}"
        add("context", "context", "aggregator", shape)
    stride = model.flow.stride
    add("motion", "motion", "flow", f"flow {grid(stride, 2, 2)}, logits {grid(stride, 2, 1)}")
    stride = model.blender.stride
    draft = f"image {grid(stride, 3)}, warped {grid(stride, 2, 3)}"
    add("draft", "draft", "blender", draft, *(() if model.refiner else ("picture",)))
    if model.refiner is not None:
        add("image", "draft", "refiner", grid(1, 3), "picture")
    return tuple(found)


@dataclass
class _Box:
    """A stage with its ports, and where they lie."""

    stage: str
    lines: list[str]
    reads: list[Link]
    gives: list[Link]
    top: int = 0
    places: dict[str, int] = field(default_factory=dict)

    @property
    def height(self) -> int:
        ports = PORT * (len(self.reads) + len(self.gives)) + 8
        return max(ports, LINE * (len(self.lines) + 1) + 14)

    def place(self, top: int) -> int:
        """Lay out the ports, reads above gives; returns the bottom."""
        self.top = top
        for index, link in enumerate(self.reads):
            self.places[link.name] = top + PORT * (index + 1) - 4
        for index, link in enumerate(self.gives):
            self.places[link.name] = top + self.height - PORT * (len(self.gives) - 1 - index) - 8
        return top + self.height


def draw_assembly(spec: ModelSpec, *, size: tuple[int, int] = (256, 448), title: str = "") -> str:
    """The assembly as an SVG file: boxes are stages, lines are what one hands to others.

    Shapes, strides, parameters and costs are those of the model itself, built without memory. A
    line ends at every stage that asked for it; the references are handed to all but the aggregator.
    The same spec gives the same file. It needs nothing from elsewhere, its words are text, and it
    follows the viewer's light or dark setting.

    Args:
        spec: what to draw.
        size: height and width of the frames.
        title: above; the spec's description if not given.

    Example:
        >>> from vfiblocks import find_spec
        >>> draw_assembly(find_spec("rife"), title="rife").startswith("<svg ")
        True
    """
    ledger = describe(spec, size=size)
    model = dry_run(spec)
    flowing = links(model, size)
    boxes = _boxes(model, ledger, flowing)
    bottom = TOP
    for box in boxes:
        bottom = box.place(bottom) + GAP
    text = LEFT + WIDE + 14
    first = text + int(LETTER * max(len(f"{x.name}  {x.shape}") for x in flowing)) + 18
    lanes = _lanes(flowing, boxes)
    width = first + LANE * max(lanes.values()) + 24
    title = title or spec.description or "assembly"
    drawing = Drawing(width, bottom - GAP + 16, title, _about(flowing))
    drawing.text(LEFT, 26, title, "strong")
    macs = "" if ledger.macs is None else f", {amount(ledger.macs)}"
    drawing.text(
        LEFT, 46, f"{ledger.parameters:,} parameters{macs}, spec {ledger.fingerprint}", "soft"
    )
    for link in flowing:
        _draw_link(drawing, link, boxes, text, first + LANE * lanes[link.name])
    for box in boxes:
        drawing.box(LEFT, box.top, WIDE, box.height)
        drawing.text(LEFT + 12, box.top + 21, box.stage, "strong")
        for index, line in enumerate(box.lines):
            style = "" if index == 0 else "soft"
            drawing.text(LEFT + 12, box.top + 21 + LINE * (index + 1), line, style)
    return drawing.svg()


def _boxes(model: Interpolator, ledger: Ledger, flowing: tuple[Link, ...]) -> list[_Box]:
    inside = [-(-side // model.multiple) * model.multiple for side in (ledger.height, ledger.width)]
    same = inside == [ledger.height, ledger.width]
    padded = "" if same else f", padded inside to {inside[0]}x{inside[1]}"
    words = {
        "frames": [
            f"{ledger.frames} of {ledger.height}x{ledger.width}{padded}",
            *wrap(f"at {model.window}", WIDE - 24, LETTER),
        ],
        "picture": [f"3 × {ledger.height} × {ledger.width}"],
    }
    for entry in ledger.entries:
        name, _, options = entry.part.partition(" ")
        cost = f"{entry.parameters:,} parameters, {amount(entry.macs)}"
        words[entry.stage] = [name, *wrap(options, WIDE - 24, LETTER), cost]
    return [
        _Box(
            stage,
            words[stage],
            [link for link in flowing if stage in link.readers],
            [link for link in flowing if link.source == stage],
        )
        for stage in ("frames", *STAGES, "picture")
        if stage in words
    ]


def _lanes(flowing: tuple[Link, ...], boxes: list[_Box]) -> dict[str, int]:
    """A lane for each link: short ones inside, and none shared by two at one height."""
    order = {box.stage: index for index, box in enumerate(boxes)}
    spans = {
        link.name: (order[link.source], max(order[end] for end in (link.source, *link.readers)))
        for link in flowing
    }
    lanes: dict[str, int] = {}
    for name in sorted(spans, key=lambda n: (spans[n][1] - spans[n][0], spans[n][0])):
        start, end = spans[name]
        taken = {lanes[n] for n in lanes if spans[n][0] <= end and start <= spans[n][1]}
        lanes[name] = next(lane for lane in range(len(spans)) if lane not in taken)
    return lanes


def _draw_link(drawing: Drawing, link: Link, boxes: list[_Box], text: int, lane: int) -> None:
    edge = LEFT + WIDE
    by_stage = {box.stage: box for box in boxes}
    start = by_stage[link.source].places[link.name]
    ends = [by_stage[reader].places[link.name] for reader in link.readers]
    if ends:
        drawing.path(f"M{edge} {start}H{lane}V{ends[-1]}", link.kind)
    else:
        drawing.path(f"M{edge} {start}H{lane}", link.kind)
    drawing.text(text, start - 5, link.name, "strong", more=link.shape)
    for end in ends:
        drawing.path(f"M{lane} {end}H{edge + 7}", link.kind)
        drawing.shape(f"M{edge + 1} {end}l8 -4v8z", link.kind)
        drawing.text(text, end - 5, link.name, "soft")
    for end in ends[:-1]:
        drawing.dot(lane, end, link.kind)


def _about(flowing: tuple[Link, ...]) -> str:
    words = []
    for link in flowing:
        readers = f", read by {', '.join(link.readers)}" if link.readers else ""
        words.append(f"{link.source} gives {link.name} ({link.shape}){readers}")
    return ". ".join(words) + "."
