"""The drawing of an assembly says what the model does."""

import xml.etree.ElementTree as ET

import pytest
import torch

from vfiblocks import Interpolation, ModelSpec, Part, Window, build_model, describe, find_spec
from vfiblocks.graph import draw_assembly, links
from vfiblocks.svg import _DARK, _LIGHT, KINDS

SVG = "{http://www.w3.org/2000/svg}"
TINY = find_spec("lift15-tiny")
SPECS = {
    "lift15-tiny": TINY,
    "no context": TINY.override(aggregator=None),
    "no refiner": TINY.override(refiner=None, blender={"stride": 1}),
    "rife": find_spec("rife"),
    "classical": find_spec("classical"),
    "no encoder": ModelSpec(flow=Part("ifnet"), blender=Part("visibility")),
    "uneven": TINY.override(window=Window((0.25, -1.5, 4.0), 0.5)),
}
SIZE = (33, 47)
every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())


def real_shapes(model) -> dict[str, list[tuple[int, ...]]]:
    """What comes out of each stage of one call, batch axis left out."""
    seen = {}
    for stage in ("aggregator", "flow", "blender", "refiner"):
        module = getattr(model, stage)
        if module is not None:
            module.register_forward_hook(lambda _, __, out, stage=stage: seen.update({stage: out}))
    frames = torch.rand(1, len(model.window), 3, *SIZE)
    padded = [-(-side // model.multiple) * model.multiple for side in SIZE]
    with torch.no_grad():
        features = model.encode(torch.rand(1, len(model.window), 3, *padded), model.window)
        made: Interpolation = model(frames)
    shapes = {"references": [made.references.shape], "frames": [(1, len(frames[0]), 3, *padded)]}
    shapes |= {f"taps[{stride}]": [tap.shape] for stride, tap in features.taps.items()}
    if features.clip is not None:
        shapes["clip"] = [features.clip.shape]
    if made.context is not None:
        shapes["context"] = [made.context.features.shape, made.context.weights.shape]
    shapes["motion"] = [made.motion.flow.shape, made.motion.logits.shape]
    shapes["draft"] = [made.draft.image.shape, made.draft.warped.shape]
    shapes["image"] = [seen["refiner"].shape] if "refiner" in seen else []
    return {name: [tuple(shape[1:]) for shape in known] for name, known in shapes.items()}


@every_spec
def test_every_shape_is_that_of_a_real_call(spec):
    model = build_model(spec).eval()
    real = real_shapes(model)
    for link in links(model, SIZE):
        written = [" × ".join(map(str, shape)) for shape in real[link.name]]
        assert all(shape in link.shape for shape in written), (link, written)
        assert link.shape.count("×") == sum(shape.count("×") for shape in written)


@every_spec
def test_every_stage_and_nothing_else_is_read_and_drawn(spec):
    drawn = draw_assembly(spec, size=SIZE, title="T")
    root = ET.fromstring(drawn)
    texts = ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]
    texts.remove("frames")  # the box that they come from
    for entry in describe(spec, size=SIZE).entries:
        assert entry.stage in texts
        assert any(f"{entry.parameters:,} parameters" in text for text in texts)
    for link in links(build_model(spec), SIZE):
        assert link.readers, link
        assert texts.count(link.name) == len(link.readers)
        assert any(text.startswith(link.name) and link.shape in text for text in texts)


def test_the_same_spec_gives_the_same_file():
    assert draw_assembly(TINY) == draw_assembly(TINY)


@every_spec
def test_words_and_lines_stay_inside_and_lanes_are_not_shared(spec):
    root = ET.fromstring(draw_assembly(spec, size=SIZE))
    width, height = float(root.get("width")), float(root.get("height"))
    for text in root.iter(f"{SVG}text"):
        assert float(text.get("x")) + 5.5 * len("".join(text.itertext())) < width
        assert 0 < float(text.get("y")) < height
    upright = [
        (path.get("d").partition("H")[2].partition("V"), path.get("d").split()[1].partition("H")[0])
        for path in root.iter(f"{SVG}path")
        if "V" in path.get("d")
    ]
    spans = [(float(x), float(y), float(end)) for (x, _, end), y in upright]
    assert len(spans) == len(links(build_model(spec), SIZE))
    for index, (x, start, end) in enumerate(spans):
        assert x < width
        for other_x, other_start, other_end in spans[:index]:
            assert x != other_x or end < other_start or other_end < start


def test_words_from_outside_are_escaped_and_nothing_is_fetched():
    title = '<script>alert(1)</script> & \x00 "quotes"'
    drawn = draw_assembly(TINY, title=title)
    root = ET.fromstring(drawn)
    assert not list(root.iter(f"{SVG}script"))
    assert root.find(f"{SVG}title").text.startswith("<script>alert(1)</script> &")
    assert drawn.count("http") == 1  # the name of the format
    assert "url(" not in drawn
    assert "@import" not in drawn


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [_LIGHT, _DARK], ids=["light", "dark"])
def test_contrast_is_enough_in_light_and_in_dark(scheme):
    on_boxes = [("box", ink) for ink in ("text", "soft")]
    for ground, ink in [*on_boxes, *(("ground", ink) for ink in ("text", "soft", *KINDS))]:
        bright, dark = sorted((luminance(scheme[ground]), luminance(scheme[ink])))[::-1]
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (ground, ink)
