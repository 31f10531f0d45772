"""The query at the target: what it may depend on, what its weights mean, what it costs."""

from collections import Counter
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.export import Dim, export
from torch.utils.flop_counter import FlopCounterMode

from vfiblocks import (
    Interpolator,
    ModelSpec,
    Part,
    Stream,
    Upstream,
    Window,
    assemble,
    dry_run,
    optimize,
)
from vfiblocks.aggregators import TargetQuery
from vfiblocks.errors import AssemblyError
from vfiblocks.stream import KeyedStream

SMALL = {"dim": 24, "heads": 4, "samples": 3, "match": 16, "radius": 3, "expansion": 2}
CHANNELS = 16
WINDOWS = [Window.hole(6, 3), Window.even(3, 2, 0.3), Window.even(1, 1)]
SPEC = ModelSpec(
    encoder=Part("two-stems", channels=(6, 8, 12), stem=(12, 16, 24)),
    aggregator=Part("target-query", curvature=True, **SMALL),
    flow=Part("context-cascade", coarse_channels=16, fine_channels=16),
    blender=Part("visibility"),
    refiner=Part("full-resolution", channels=16, blocks=1),
    window=Window.even(2, 2),
)


def build(**options: Any) -> TargetQuery:
    upstream = Upstream("aggregator 'target-query'", encoder="any", taps={16: CHANNELS})
    return TargetQuery(upstream, **{**SMALL, **options}).double().eval()


def lively(**options: Any) -> TargetQuery:
    """As after some training: nothing is zero any more."""
    aggregator = build(**options)
    with torch.no_grad():
        for parameter in aggregator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return aggregator


def clip_of(window: Window, batch: int = 2, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    size = (batch, len(window), CHANNELS, 5, 7)
    return torch.randn(size, generator=generator, dtype=torch.float64)


def assert_equal(found: Any, expected: Any) -> None:
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10)


@pytest.mark.parametrize("window", WINDOWS, ids=len)
@pytest.mark.parametrize("curvature", [False, True])
@torch.no_grad()
def test_origin_and_unit_of_time_do_not_matter(window: Window, curvature: bool):
    aggregator, clip = lively(curvature=curvature), clip_of(window)
    slower = Window(tuple(40 * p + 7 for p in window.positions), 40 * window.target + 7)
    assert_equal(aggregator(clip, slower, None), aggregator(clip, window, None))


@torch.no_grad()
def test_the_moment_asked_for_matters():
    aggregator, clip = lively(), clip_of(Window.even(3, 2))
    early, late = (aggregator(clip, Window.even(3, 2, time), None) for time in (0.2, 0.8))
    assert aggregator.uses_target
    assert not torch.allclose(early.features, late.features, atol=1e-2)
    assert not torch.allclose(early.weights, late.weights, atol=1e-3)


@pytest.mark.parametrize("curvature", [False, True])
@pytest.mark.parametrize("absurd", [torch.nan, torch.inf, -1e30])
def test_what_stands_for_a_missing_frame_does_not_matter(curvature: bool, absurd: float):
    window, aggregator = WINDOWS[0], lively(curvature=curvature)
    clip = clip_of(window)
    valid = torch.tensor([[False, True, True, True, False], [True, False, True, True, True]])
    expected = aggregator(clip, window, valid)
    clip[~valid] = absurd
    found = aggregator(clip, window, valid)
    assert_equal(found, expected)
    assert (found.weights[~valid] == 0).all()
    sum(x.square().sum() for x in found).backward()
    assert all(p.grad.isfinite().all() for p in aggregator.parameters())


@torch.no_grad()
def test_references_alone_are_enough():
    window, aggregator = WINDOWS[0], lively(curvature=True)
    clip, pair = clip_of(window), list(window.references)
    valid = torch.zeros(2, len(window), dtype=torch.bool)
    valid[:, pair] = True
    found = aggregator(clip, window, valid)
    alone = Window(tuple(window.positions[i] for i in pair), window.target)
    expected = aggregator(clip[:, pair], alone, None)
    assert_equal((found.features, found.weights[:, pair]), expected)
    torch.testing.assert_close(found.weights.sum(1), torch.ones(2).double())


@given(strength=st.floats(-1e4, 1e4), missing=st.booleans())
@torch.no_grad()
def test_the_null_token_takes_what_no_frame_deserves(strength: float, missing: bool):
    """Whatever it takes, what is left is divided among the frames."""
    window, aggregator = WINDOWS[0], build()
    for layer in aggregator.layers:
        layer.query.weight.zero_()
        layer.query.bias.fill_(1.0)
        layer.null_key.fill_(strength)
    clip = clip_of(window)
    valid = torch.tensor([[True, True, True, True, not missing]] * 2)
    context = aggregator(clip, window, valid)
    assert context.features.isfinite().all()
    torch.testing.assert_close(context.weights.sum(1), torch.ones(2).double())
    assert (context.weights[valid] > 0).all()
    far = [i for i in range(len(window)) if i not in window.references]
    clip[:, far] = clip[:, far].flip(1)
    without = aggregator(clip, window, valid)
    if strength >= 1e3:  # then nothing of the far frames is in the context
        assert_equal([without.features], [context.features])
    elif strength <= 0:
        assert not torch.allclose(without.features, context.features, atol=1e-3)


@torch.no_grad()
def test_weights_are_shares_of_attention():
    """Of one head, one sample and one layer: what a softmax over the frames gives, by hand."""
    window = WINDOWS[0]
    aggregator = build(layers=1, heads=1, samples=1, radius=0, follow=0, reach=0)
    (layer,) = aggregator.layers
    aggregator.times[2].weight.zero_()
    aggregator.times[2].bias.zero_()
    clip = clip_of(window, batch=1)
    seen: list[Tensor] = []
    layer.query.register_forward_hook(lambda *arguments: seen.append(arguments[2]))
    found = aggregator(clip, window, None)
    states = aggregator.prepare(clip[0])
    keys = states[:, SMALL["match"] : SMALL["match"] + SMALL["dim"]]  # nothing moves
    scores = torch.cat((keys, layer.null_key.view(1, -1, 1, 1).expand_as(keys[:1])))
    scores = (scores * seen[0]).sum(1) / SMALL["dim"] ** 0.5
    shares = scores.softmax(0)[:-1].mean((1, 2))
    torch.testing.assert_close(found.weights[0], shares / shares.sum())


@pytest.mark.parametrize("options", [{}, {"curvature": True}, {"gate": True}], ids=str)
def test_everything_learns(options: dict[str, Any]):
    """What is behind a zero start learns from the second step on."""
    window, aggregator = WINDOWS[0], build(**options).train()
    clip, idle = clip_of(window), []
    wanted = torch.randn(2, SMALL["dim"], 5, 7).double()
    optimizer = torch.optim.SGD(aggregator.parameters(), lr=1e-2)
    for _ in range(3):
        optimizer.zero_grad()
        context = aggregator(clip, window, None)
        loss = (context.features * wanted).sum() + context.weights[:, 0].sum()
        loss.backward()
        named = aggregator.named_parameters()
        idle.append({name for name, p in named if p.grad is None or not p.grad.any()})
        optimizer.step()
    steered = {name for name in idle[0] if ".steer." in name and ".head." not in name}
    if not options.get("gate"):
        assert idle[0] == steered
        assert steered
    # A gate at zero lets the loss on the features through from the second step on, and what steers
    # is behind two zeros then.
    assert idle[2] == set()


@pytest.mark.parametrize("window", [*WINDOWS, Window.even(1, 3), Window.hole(15, 8)], ids=len)
@pytest.mark.parametrize("alone", [False, True])
def test_gradients_are_finite_in_any_window(window: Window, alone: bool):
    """And there for every parameter, which data-parallel training wants."""
    aggregator, valid = lively(curvature=True).train(), None
    if alone:  # one sample has all frames, the other its references
        valid = torch.ones(2, len(window), dtype=torch.bool)
        valid[1] = torch.tensor([i in window.references for i in range(len(window))])
    context = aggregator(clip_of(window), window, valid)
    sum((x * torch.randn_like(x)).sum() for x in context).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in aggregator.parameters())


@torch.no_grad()
def test_a_gate_starts_at_zero():
    context = build(gate=True)(clip_of(WINDOWS[0]), WINDOWS[0], None)
    assert not context.features.any()
    assert context.weights.all()


def gmac(work: Any) -> float:
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        work()
    return counter.get_total_flops() / 2e9


def test_what_it_costs():
    """At 256x448: all of it for fourteen frames, and what a stream does per gap."""
    with torch.device("meta"), torch.no_grad():
        upstream = Upstream("aggregator", encoder="any", taps={16: 192})
        aggregator, window = TargetQuery(upstream, curvature=True), Window.hole(15, 8)
        clip = torch.zeros(1, 14, 192, 16, 28)
        states = torch.stack([aggregator.prepare(frame) for frame in clip.unbind(1)], dim=1)
    assert gmac(lambda: aggregator(clip, window, None)) < 1.5
    assert gmac(lambda: aggregator.prepare(clip[:, 0])) < 0.05
    assert gmac(lambda: aggregator.aggregate(states, window, None)) < 0.6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 5}, "a dim that heads divides, got layers=2, dim=24, heads=5"),
        ({"samples": 0}, "positive sizes .* samples=0"),
        ({"radius": -1}, "0 or more cells around, got radius=-1"),
        ({"reach": -0.5}, "reach=-0.5"),
    ],
)
def test_refuses(options: dict[str, Any], message: str):
    with pytest.raises(AssemblyError, match=f"aggregator 'target-query' .*{message}"):
        build(**options)


def model(dtype: torch.dtype = torch.float64) -> Interpolator:
    """With motion that is not near zero, and nothing at its zero start."""
    torch.manual_seed(0)
    made = assemble(SPEC).eval()
    with torch.no_grad():
        for parameter in made.flow.parameters():
            parameter.mul_(1.2)
        for parameter in made.aggregator.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return made.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_streams_are_exact_and_prepare_a_frame_once(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
):
    made, frames, times = model(dtype), torch.rand(6, 1, 3, 33, 47, dtype=dtype), (0.25, 0.5)
    expected = []
    for i in range(5):
        around = [
            frames[k] if 0 <= k < 6 else torch.full_like(frames[0], 0.5)
            for k in range(i - 1, i + 3)
        ]
        valid = torch.tensor([[0 <= k < 6 for k in range(i - 1, i + 3)]])
        for time in times:
            with torch.no_grad():
                window = made.window_between(time, left=2, right=2)
                expected.append(made(torch.stack(around, dim=1), window, valid).image)
    done: Counter[str] = Counter()
    for name in ("prepare", "aggregate"):
        work = getattr(made.aggregator, name)

        def counting(*arguments: Any, name: str = name, work: Any = work) -> Any:
            done[name] += 1
            return work(*arguments)

        monkeypatch.setattr(made.aggregator, name, counting)
    found = list(Stream(made, left=2, right=2).run(frames, times))
    assert done == {"prepare": 6, "aggregate": 10}
    tolerance = 1e-10 if dtype == torch.float64 else 1e-5
    for picture, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(picture, wanted, rtol=0, atol=tolerance)


def test_uneven_and_missing_frames_stream_exactly():
    made, frames = model(), dict(enumerate(torch.rand(7, 1, 3, 32, 48).double()))
    stream = KeyedStream(made)
    for keys, positions in (
        ((0, None, 2, 3), (-5.0, -3.0, -1.0, 1.0)),
        ((2, 3, 5, None), (-3.5, -1.0, 1.0, 4.5)),
        ((3, 5, 6, 1), (-4.0, -1.0, 1.0, 3.0)),
    ):
        window = Window(positions, 0.2)
        clip = torch.stack([frames[key or 0] for key in keys], dim=1)
        with torch.no_grad():
            wanted = made(clip, window, torch.tensor([[key is not None for key in keys]]))
        (got,) = stream.between(keys, [window], picture=frames.__getitem__)
        assert_equal((got.image, *got.context), (wanted.image, *wanted.context))


@torch.no_grad()
def test_motion_stays_in_float32_under_autocast():
    made, window = model(torch.float32), Window.even(2, 2)
    frames = torch.nn.functional.interpolate(torch.rand(4, 3, 12, 16), size=(96, 128))[None]
    aggregator, encoder = made.aggregator, made.encoder
    clip = encoder(frames[0], {16})[16][None]
    states = aggregator.prepare(clip[0])[None]
    expected = aggregator.course(states, window, None).flow
    with torch.autocast("cpu", dtype=torch.bfloat16):
        context = aggregator(clip, window, None)
        flow = aggregator.course(states, window, None).flow
        image = made(frames, window).image
    assert flow.dtype == torch.float32
    torch.testing.assert_close(flow, expected, rtol=0, atol=0.02)
    whole = aggregator(clip, window, None)
    torch.testing.assert_close(context.weights.float(), whole.weights, rtol=0, atol=0.02)
    torch.testing.assert_close(image.float(), made(frames, window).image, rtol=0, atol=0.05)


def test_optimized_it_is_the_same():
    made, frames = model(torch.float32), torch.rand(1, 4, 3, 64, 96)
    with torch.no_grad():
        expected = made(frames)
    found = optimize(made)(frames)
    torch.testing.assert_close(found.image, expected.image, rtol=0, atol=1e-5)
    torch.testing.assert_close(found.context.weights, expected.context.weights)


class Picture(nn.Module):
    """Clip in, picture out."""

    def __init__(self, made: Interpolator) -> None:
        super().__init__()
        self.made = made

    def forward(self, frames: Tensor) -> Tensor:
        image: Tensor = self.made(frames).image
        return image


@pytest.mark.slow
@torch.no_grad()
def test_exports_for_any_size_and_batch():
    made = model(torch.float32)
    shapes = ({0: Dim.AUTO, 3: Dim.AUTO, 4: Dim.AUTO},)
    program = export(Picture(made), (torch.rand(2, 4, 3, 65, 99),), dynamic_shapes=shapes).module()
    for size in ((33, 47), (64, 64), (96, 160)):
        frames = torch.rand(3, 4, 3, *size)
        torch.testing.assert_close(program(frames), made(frames).image)


@pytest.mark.slow
@torch.no_grad()
def test_compiles_as_one_graph_with_missing_frames():
    torch._dynamo.reset()
    made = model(torch.float32)
    compiled = torch.compile(made, fullgraph=True, backend="eager")
    window, valid = Window.even(2, 2, 0.25), torch.tensor([[False, True, True, True]])
    frames = torch.rand(1, 4, 3, 48, 64)
    for arguments in ((frames,), (frames, window, valid)):
        torch.testing.assert_close(compiled(*arguments).image, made(*arguments).image)


def test_dry_runs():
    spec = SPEC.override(window=Window.hole(15, 8))
    found = dry_run(spec)(torch.zeros(1, 14, 3, 64, 96, device="meta"))
    assert found.context.weights.shape == (1, 14)
    assert found.context.features.shape == (1, 24, 4, 6)
