"""Parts that do not go together, by message: who, what was wanted, what is there, what fits."""

from typing import Any

import pytest

from vfiblocks import ModelSpec, Part, assemble, build_model, dry_run, find_spec
from vfiblocks.errors import AssemblyError

REFUSED = [
    (
        "rife",
        {"refiner": "full-resolution"},
        "refiner 'full-resolution' reads features at stride 1, but encoder 'contextnet' offers "
        "2, 4, 8, 16; 'head' and 'pixels' and 'pyramid' and 'two-stems' offer 1",
    ),
    (
        "lift15-tiny",
        {"aggregator": {"stride": 32}},
        "aggregator 'transformer' reads every frame's features at stride 32, but encoder 'pyramid' "
        "offers 1, 2, 4, 8, 16; 'timm-pyramid' offers 32",
    ),
    (
        "lift15-tiny",
        {"encoder": {"channels": (8, 16, 24, 32, 47)}},
        "aggregator 'transformer' adds sine and cosine in pairs, but reads 47 channels at stride "
        "16",
    ),
    (
        "lift15-tiny",
        {"refiner": {"stride": 3}},
        "refiner 'full-resolution' reads features at stride 3, but encoder 'pyramid' offers "
        "1, 2, 4, 8, 16",
    ),
    (
        "lift15-tiny",
        {"encoder": None},
        "aggregator 'transformer' reads every frame's features at stride 16, but the assembly has "
        "no encoder; 'contextnet' and 'pyramid' and 'timm-pyramid' and 'two-stems' offer 16",
    ),
    (
        "lift15-tiny",
        {"blender": {"stride": 8}},
        "blender 'visibility' drafts at stride 8, but motion comes at stride 4; choose a stride "
        "from 1 to 4, or None for the motion's own",
    ),
    (
        "lift15-tiny",
        {"refiner": None},
        "blender 'visibility' drafts at stride 4 and no refiner brings the picture to full "
        "resolution; add a refiner such as 'full-resolution', or blend at full resolution with "
        "blender={'stride': 1}",
    ),
    ("rife", {"refiner": None}, "encoder 'contextnet' is read by no other part; set encoder=None"),
    (
        "rife",
        {"aggregator": "mean"},
        "aggregator 'mean' makes context that no later part reads (flow 'ifnet', blender "
        "'visibility'); set aggregator=None, or choose a part that reads context, such as flow "
        "'context-cascade'",
    ),
    (
        "rife",
        {"encoder": {"first_stride": 1}},
        "refiner 'unet' reads features at stride 16, but encoder 'contextnet' offers 1, 2, 4, 8; "
        "'pyramid' and 'timm-pyramid' and 'two-stems' offer 16",
    ),
]


@pytest.mark.parametrize(("name", "changes", "message"), REFUSED)
@pytest.mark.parametrize("build", [assemble, dry_run])
def test_refused_pairing(name: str, changes: dict[str, Any], message: str, build: Any):
    with pytest.raises(AssemblyError) as caught:
        build(find_spec(name).override(**changes))
    assert str(caught.value) == message


def test_what_the_messages_advise_works():
    for name, changes in (
        ("rife", {"refiner": "full-resolution", "encoder": "pyramid"}),
        ("lift15-tiny", {"refiner": None, "blender": {"stride": 1}}),
        ("rife", {"refiner": None, "encoder": None}),
        ("rife", {"aggregator": "mean", "flow": "context-cascade", "blender": {"stride": 1}}),
    ):
        dry_run(find_spec(name).override(**changes))


def test_one_stride_for_all_frames():
    from vfiblocks import Upstream

    upstream = Upstream("aggregator 'mine'", encoder="pyramid", taps={8: 192, 16: 256})
    upstream.clip(stride=16)
    with pytest.raises(AssemblyError, match="stride 16 is already in use; one stride serves"):
        upstream.clip(stride=8)


def test_questions_that_come_too_early():
    from vfiblocks import Upstream

    upstream = Upstream("encoder 'mine'")
    with pytest.raises(AssemblyError, match="encoder 'mine' asks for motion before any part est"):
        upstream.motion()
    with pytest.raises(AssemblyError, match="encoder 'mine' asks for the draft before any part"):
        upstream.draft()
    assert upstream.context() is None


def test_only_what_is_read_is_built():
    whole = build_model("lift15-tiny")
    assert (whole.tap_strides, whole.clip_stride) == ((1, 4, 8), 16)
    no_context = build_model("lift15-tiny", aggregator=None)
    assert (no_context.tap_strides, no_context.clip_stride) == ((1, 4, 8), None)
    assert list(no_context.encoder.levels) == ["1", "2", "4", "8"]
    assert no_context.multiple == 8
    assert whole.multiple == 32  # 2x2 patches of stride-16 features


def test_smallest_assembly():
    model = assemble(ModelSpec(flow=Part("ifnet"), blender=Part("average")))
    assert [stage for stage, _ in model.named_children()] == ["flow", "blender"]
