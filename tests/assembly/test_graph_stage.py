"""The drawing of a stage says what a call does inside it."""

import xml.etree.ElementTree as ET

import pytest

from vfiblocks import build_model, dry_run, find_spec
from vfiblocks.errors import InputError
from vfiblocks.graph_stage import draw_stage, steps
from vfiblocks.spec import STAGES

TINY = find_spec("lift15-tiny")
SIZE = (64, 96)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", ["lift15-tiny", "rife", "rife-4.25", "lift15-pro-tiny"])
def test_modules_in_use_have_all_the_weights(name, stage):
    """Whether a part calls its modules or their insides, none is left out or counted twice."""
    model = dry_run(find_spec(name)).eval()
    if (part := getattr(model, stage)) is None:
        assert steps(model, stage, SIZE) == ()
        return
    inside = steps(model, stage, SIZE)
    seen = tuple(f"{step.name}." for step in inside)
    every = {name: parameter.numel() for name, parameter in part.named_parameters()}
    loose = sum(count for name, count in every.items() if not name.startswith(seen))
    assert sum(step.parameters for step in inside) + loose == sum(every.values())
    assert loose < 1000  # tokens, gates and the like, which are no modules


def test_shapes_are_those_of_a_call():
    inside = {s.name: s for s in steps(dry_run(TINY).eval(), "aggregator", SIZE)}
    assert [name for name in inside if name.startswith("layers")] == ["layers.0", "layers.1"]
    assert inside["embed"].takes == "14 × 48 × 4 × 6"  # of every frame
    assert inside["embed"].gives == "14 × 48 × 2 × 3"  # in patches of two
    assert inside["unembed"].gives == "48 × 4 × 6"  # one map for all


def test_a_model_is_left_as_it_was():
    model = dry_run(TINY).eval()
    steps(model, "flow", SIZE)
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


@pytest.mark.parametrize("stage", STAGES)
def test_words_are_text_and_lie_within(stage):
    root = ET.fromstring(draw_stage(TINY, stage, size=SIZE))
    width, height = int(root.get("width")), int(root.get("height"))
    texts = root.findall("{http://www.w3.org/2000/svg}text")
    assert stage in {text.text for text in texts}
    for text in texts:
        letters = sum(len(part) for part in text.itertext())
        assert int(text.get("x")) + 5.5 * letters < width, "".join(text.itertext())
        assert int(text.get("y")) < height


def test_what_is_not_torch_is_drawn_without_insides():
    assert "inside flow" not in draw_stage(find_spec("classical"), "flow", size=SIZE)
    assert steps(build_model("classical"), "flow", SIZE) == ()


def test_a_stage_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="no stage 'refiner' in this model; it has flow, blender"):
        draw_stage(find_spec("classical"), "refiner")
    with pytest.raises(InputError, match="no stage 'head'"):
        draw_stage(TINY, "head")
