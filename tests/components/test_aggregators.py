"""Properties of every aggregator, whatever the window, the frames and the weights."""

from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from vfiblocks import AGGREGATORS, Part, Upstream, Window

PARTS = [
    Part("mean"),
    Part("target-query", dim=16, heads=2, samples=2, match=8, radius=2, curvature=True),
    Part("transformer", dim=16, heads=2, layers=2),
    Part("transformer", dim=16, heads=2, layers=2, window=4),
    Part("transformer", dim=16, heads=2, layers=1, normalise=True),
    Part("transformer", dim=16, heads=2, layers=1, level=True),
]
CHANNELS = 8
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@st.composite
def windows(draw: Any, *, most: int = 7) -> Window:
    """Real positions in any order, on both sides of a target."""
    position = st.floats(-20, 20).map(lambda p: round(p, 2))
    positions = draw(st.lists(position, min_size=2, max_size=most, unique=True))
    low, high = min(positions), max(positions)
    share = draw(st.floats(0.01, 0.99))
    target = low + share * (high - low)
    assume(low < target < high)
    assume(target not in positions)
    return Window(tuple(positions), target)


def build(part: Part, seed: int) -> Any:
    torch.manual_seed(seed)
    upstream = Upstream(f"aggregator '{part.name}'", encoder="any", taps={16: CHANNELS})
    return AGGREGATORS.get(part.name)(upstream, **part.options).eval()


def clip_of(window: Window, seed: int, batch: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, len(window), CHANNELS, 4, 2, generator=generator)


seeds = st.integers(0, 2**31)


@pytest.mark.parametrize("part", PARTS, ids=str)
@given(window=windows(), seed=seeds)
@torch.no_grad()
def test_weights_are_a_distribution(part: Part, window: Window, seed: int):
    weights = build(part, seed)(clip_of(window, seed), window, None).weights
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(2))


@pytest.mark.parametrize("part", PARTS, ids=str)
@given(window=windows(), seed=seeds, data=st.data())
@torch.no_grad()
def test_order_of_the_list_does_not_matter(part: Part, window: Window, seed: int, data: Any):
    order = data.draw(st.permutations(range(len(window))))
    shuffled = Window(tuple(window.positions[i] for i in order), window.target)
    aggregator, clip = build(part, seed), clip_of(window, seed)
    expected = aggregator(clip, window, None)
    found = aggregator(clip[:, order], shuffled, None)
    torch.testing.assert_close(found.features, expected.features, **CLOSE)
    torch.testing.assert_close(found.weights, expected.weights[:, order], **CLOSE)


@pytest.mark.parametrize("part", PARTS, ids=str)
@given(window=windows(), seed=seeds, data=st.data())
@torch.no_grad()
def test_missing_is_absent(part: Part, window: Window, seed: int, data: Any):
    kept = data.draw(st.sets(st.sampled_from(range(len(window)))))
    kept = sorted(kept | set(window.references))
    present = torch.zeros(1, len(window), dtype=torch.bool)
    present[:, kept] = True
    aggregator, clip = build(part, seed), clip_of(window, seed, batch=1)
    clip[~present] = data.draw(st.sampled_from([0.0, 1.0, -1e6, 1e18]))
    found = aggregator(clip, window, present)
    alone = Window(tuple(window.positions[i] for i in kept), window.target)
    expected = aggregator(clip[:, kept], alone, None)
    torch.testing.assert_close(found.features, expected.features, **CLOSE)
    torch.testing.assert_close(found.weights[:, kept], expected.weights, **CLOSE)
    assert (found.weights[~present] == 0).all()


@given(window=windows(), seed=seeds, factor=st.floats(2, 10))
@torch.no_grad()
def test_wide_attention_window_is_full_attention(window: Window, seed: int, factor: float):
    """A frame sees those at most half the window away, so twice the span reaches everything."""
    part = Part("transformer", dim=16, heads=2, layers=2)
    span = max(window.positions) - min(window.positions)
    full, windowed = build(part, seed), build(part.replace(window=factor * span), seed)
    clip = clip_of(window, seed)
    expected, found = full(clip, window, None), windowed(clip, window, None)
    torch.testing.assert_close(found.features, expected.features, **CLOSE)
    torch.testing.assert_close(found.weights, expected.weights, **CLOSE)


@torch.no_grad()
def test_narrow_attention_window_keeps_frames_apart():
    """With one layer, what is out of reach cannot move the balance between two other frames."""
    window = Window((0.0, 1.0, 2.0, 10.0), 5.0)
    clip = clip_of(window, 0, batch=1)
    changed = clip.clone()
    changed[:, 3] += 1
    shares = []
    for reach in (4, None):
        aggregator = build(Part("transformer", dim=16, heads=2, layers=1, window=reach), 0)
        before, after = (aggregator(c, window, None).weights[0] for c in (clip, changed))
        shares.append([(w[0] / w[1]).item() for w in (before, after)])
    (narrow_before, narrow_after), (full_before, full_after) = shares
    assert narrow_before == pytest.approx(narrow_after, rel=1e-5)
    assert full_before != pytest.approx(full_after, rel=1e-5)


@torch.no_grad()
def test_transformer_knows_when_frames_were_taken():
    """The same frames at other positions are another clip; the mean cannot tell."""
    near, far = Window.hole(5, 2), Window((0.0, 1.0, 3.0, 9.0), 2.0)
    clip = clip_of(near, 0)
    for part, differs in ((PARTS[2], True), (PARTS[0], False)):
        aggregator = build(part, 0)
        a, b = (aggregator(clip, window, None).features for window in (near, far))
        assert differs != torch.allclose(a, b)


def test_recomputing_layers_gives_the_same_gradients():
    window = Window.hole(4, 1)
    gradients = []
    for checkpoint in (False, True):
        part = Part("transformer", dim=16, heads=2, dropout=0.0, checkpoint=checkpoint)
        aggregator = build(part, 0).train()
        aggregator(clip_of(window, 0), window, None).features.square().sum().backward()
        gradients.append([p.grad for p in aggregator.parameters()])
    for plain, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(recomputed, plain)
