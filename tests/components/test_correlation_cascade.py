"""The cascade: what starts it, what bounds it, what it sees of the target and of the context."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from vfiblocks import Context, Motion, Part, Signal, Upstream
from vfiblocks.errors import AssemblyError
from vfiblocks.flows import CorrelationCascade

TAPS = {2: 6, 4: 8, 8: 10, 16: 12}
SMALL = {"channels": (12, 10, 8, 6), "blocks": (1, 1, 1, 0)}
HEIGHT, WIDTH = 64, 96


def build(context: Signal | None = None, seed: int = 0, **options: Any) -> CorrelationCascade:
    torch.manual_seed(seed)
    upstream = Upstream("flow 'correlation-cascade'", "any", TAPS, context_signal=context)
    return CorrelationCascade(upstream, **{**SMALL, **options}).eval()


def scene(seed: int = 0) -> tuple[Tensor, dict[int, Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    taps = {
        s: torch.randn(1, 2, c, HEIGHT // s, WIDTH // s, generator=generator)
        for s, c in TAPS.items()
    }
    return torch.rand(1, 2, 3, HEIGHT, WIDTH, generator=generator), taps


def loud(flow: CorrelationCascade) -> CorrelationCascade:
    """Heads that say much more than there is to say."""
    with torch.no_grad():
        for step in flow.steps:
            for head in step.heads:
                head.weight.normal_(std=10.0)
    return flow


@torch.no_grad()
def test_every_scale_is_kept_for_losses_and_plots():
    motion = build()(*scene(), None, 0.5)
    grids = [tuple(m.flow.shape[-2:]) for m in (*motion.coarser, motion)]
    assert grids == [(4, 6), (8, 12), (16, 24), (32, 48)]
    assert all(not m.coarser and not m.others for m in motion.coarser)


@torch.no_grad()
def test_it_starts_nearly_still_and_undecided():
    motion = build()(*scene(), None, 0.5)
    assert 0 < motion.flow.abs().max() < 0.5
    assert motion.logits.abs().max() < 0.5


@torch.no_grad()
@pytest.mark.parametrize("time", [0.1, 0.5, 0.8])
def test_steps_are_bounded_by_the_distance_in_time(time: float):
    """Per side: 2 t and 2 (1 - t) times the bound, at each scale."""
    bound = 3.0
    motion = loud(build(bound=bound))(*scene(), None, time)
    estimates = (*motion.coarser, motion)
    shares = torch.tensor((2 * time, 2 - 2 * time)).view(2, 1, 1, 1)
    reached = torch.zeros(())
    for before, after in pairwise((None, *estimates)):
        # One more step may add its bound; enlarging what was before never exceeds it.
        largest = torch.zeros(2, 1, 1, 1) if before is None else 2 * before.flow.abs().amax()
        assert (after.flow.abs() <= largest + bound * shares + 1e-4).all()
        reached = after.flow.abs().amax()
    assert reached > bound  # and it does not stop at the first


@torch.no_grad()
def test_flow_vanishes_next_to_a_reference():
    flow = loud(build())
    near_left, near_right = (flow(*scene(), None, time).flow for time in (1e-6, 1 - 1e-6))
    assert near_left[:, 0].abs().max() < 1e-3 < near_left[:, 1].abs().max()
    assert near_right[:, 1].abs().max() < 1e-3 < near_right[:, 0].abs().max()


@torch.no_grad()
def test_context_of_any_size_starts_as_none_at_all():
    """The two-frame model's weights fit, and at first nothing else matters."""
    alone = build()
    for signal, grid in (
        (Signal(20, 16), (4, 6)),
        (Signal(7, 4), (16, 24)),
        (Signal(5, 32), 2 * (2,)),
    ):
        seeing = build(signal, seed=1)
        report = seeing.load_state_dict(alone.state_dict(), strict=False)
        assert not report.unexpected_keys
        assert {key.split(".")[2] for key in report.missing_keys} == {"inject"}
        context = Context(torch.randn(1, signal.channels, *grid), torch.ones(1, 2))
        found, wanted = seeing(*scene(), context, 0.3), alone(*scene(), None, 0.3)
        assert torch.equal(found.flow, wanted.flow)
        assert torch.equal(found.logits, wanted.logits)
        for step in seeing.steps:
            step.inject.weight.normal_()
        assert not torch.equal(seeing(*scene(), context, 0.3).flow, wanted.flow)


def test_context_can_be_learnt_from_the_first_step_on():
    flow = build(Signal(20, 16))
    context = torch.randn(1, 20, 4, 6, requires_grad=True)
    motion = flow(*scene(), Context(context, torch.ones(1, 2)), 0.5)
    motion.flow.square().sum().backward()
    assert all(step.inject.weight.grad.abs().max() > 0 for step in flow.steps)
    assert not context.grad.any()  # nothing gets through yet


def test_context_is_not_asked_for_when_it_is_not_wanted():
    upstream = Upstream("flow", "any", TAPS, context_signal=Signal(20, 16))
    flow = CorrelationCascade(upstream, **SMALL, context=False)
    assert not upstream.needs.context
    assert all(step.inject is None for step in flow.steps)


@torch.no_grad()
def test_fields_share_their_way_and_part_at_the_end():
    motion = build(fields=3)(*scene(), None, 0.5)
    assert len(motion.others) == 2
    assert len(motion.coarser) == 3
    flows = [m.flow for m in (motion, *motion.others)]
    assert all(f.shape == flows[0].shape for f in flows)
    assert all(not torch.equal(a, b) for a, b in pairwise(flows))
    assert all(not m.others and not m.coarser for m in motion.others)


@torch.no_grad()
def test_motion_is_read_off_the_correlation():
    """What the net sees of a shifted scene has its peak at the shift, whatever the weights."""
    flow, (references, taps) = build(strides=(8,), channels=(8,), blocks=(0,), radii=(3,)), scene()
    taps[8] = torch.randn(1, 1, TAPS[8], HEIGHT // 8, WIDTH // 8).expand(-1, 2, -1, -1, -1).clone()
    taps[8][:, 1] = taps[8][:, 0].roll(2, dims=-1)
    seen: list[Tensor] = []
    flow.steps[0].first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    flow(references, taps, None, 0.5)
    costs = seen[0][0, :49]
    assert (costs.argmax(0)[:, 4:-4] == 3 * 7 + 3 + 2).all()


def test_every_radius_and_number_of_scales_is_a_switch():
    everything = sum(p.numel() for p in build().parameters())
    without = sum(p.numel() for p in build(radii=(0, 0, 0, 0)).parameters())
    costs = sum(
        ((2 * r + 1) ** 2) * c for r, c in zip((4, 4, 2, 2), SMALL["channels"], strict=True)
    )
    assert everything - without == 9 * costs
    three = build(strides=(8, 4, 2), channels=(10, 8, 6), blocks=(1, 1, 0), radii=(2, 0, 1))
    with torch.no_grad():
        assert three(*scene(), None, 0.5).flow.shape == (1, 2, 2, 32, 48)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strides": (8, 16, 4, 2)}, "refines from coarse to fine, got strides=(8, 16, 4, 2)"),
        ({"strides": ()}, "refines from coarse to fine, got strides=()"),
        ({"radii": (4, 4)}, "needs one width, number of blocks and radius per stride"),
        ({"radii": (4, 4, 0, -1)}, "needs blocks and radii of 0 or more"),
        ({"fields": 0}, "gives at least one field and moves by more than nothing, got fields=0"),
        ({"bound": 0.0}, "got fields=1 and bound=0.0"),
        ({"strides": (32, 8, 4, 2)}, "reads features at stride 32, but encoder 'any' offers"),
    ],
)
def test_refuses(options: dict[str, Any], message: str):
    with pytest.raises(AssemblyError) as caught:
        build(**options)
    assert str(caught.value).startswith("flow 'correlation-cascade' ")
    assert message in str(caught.value)


@torch.no_grad()
def test_half_precision_adds_up_motion_in_full():
    flow, (references, taps) = loud(build()).bfloat16(), scene()
    motion = flow(references.bfloat16(), {s: t.bfloat16() for s, t in taps.items()}, None, 0.5)
    assert all(m.flow.dtype == torch.float32 for m in (motion, *motion.coarser))


def test_part_stands_for_its_options():
    assert Part("correlation-cascade", fields=3).replace(radii=(0, 0, 0, 0)).options["fields"] == 3
    assert Motion(torch.zeros(1), torch.zeros(1)).others == ()
