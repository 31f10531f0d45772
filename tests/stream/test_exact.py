"""A stream's pictures are those of the model on whole windows, up to rounding."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from vfiblocks import (
    AGGREGATORS,
    Interpolator,
    ModelSpec,
    Part,
    Stream,
    Window,
    build_model,
    find_spec,
    list_models,
    optimize,
)
from vfiblocks.aggregators import Mean, Transformer
from vfiblocks.states import Context
from vfiblocks.stream import Keep, KeyedStream, cache

# Names that share a spec, as RIFE's versions of one structure do, are one model.
NAMES = sorted({find_spec(name).fingerprint: name for name in list_models()}.values())
# Each differs from lift15-pro in one stage.
SWITCHES = set(list_models("lift15-pro-*")) - {"lift15-pro-2f", "lift15-pro-tiny"}
FAMILIES = ["classical", "lift15-pro-tiny", "lift15-tiny", "rife", "rife-4.25"]
LEFT, RIGHT = 2, 2


def lively(source: str | ModelSpec) -> Interpolator:
    """Weights as they are built, but for motion that is not near zero."""
    model = build_model(source).eval()
    with torch.no_grad():
        for parameter in model.flow.parameters():
            parameter.mul_(1.2)
    return model


def video(frames: int, height: int = 27, width: int = 45, batch: int = 1) -> Tensor:
    return torch.rand(frames, batch, 3, height, width)


def times_of(model: Interpolator) -> tuple[float, ...]:
    """Of a factor of four, or of two where no other time is known."""
    return (0.25, 0.5, 0.75) if model.flow.any_time else (0.5,)


@torch.no_grad()
def whole(
    model: Interpolator, frames: Sequence[Tensor | None], index: int, time: float, **reach: int
) -> Tensor:
    """The picture in the gap after a frame, all of its window worked out for it alone."""
    left, right = reach.get("left", LEFT), reach.get("right", RIGHT)
    inside = range(index + 1 - left, index + 1 + right)
    around = [frames[i] if 0 <= i < len(frames) else None for i in inside]
    clip = torch.stack([torch.zeros_like(frames[index]) if f is None else f for f in around], dim=1)
    valid = torch.tensor([[f is not None for f in around]]).expand(clip.shape[0], -1)
    return model(clip, model.window_between(time, left=left, right=right), valid).image


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in SWITCHES else ()) for name in NAMES],
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_every_model_at_both_ends_of_a_clip(name: str, dtype: torch.dtype) -> None:
    model = lively(name).to(dtype)
    length = 3 if model.aggregator is None else 5
    frames, times = video(length).to(dtype), times_of(model)[:2]
    found = list(Stream(model, left=LEFT, right=RIGHT).run(frames, times))
    expected = [whole(model, frames, i, time) for i in range(length - 1) for time in times]
    assert_equal(found, expected)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("keep", ["all", "promote", "least"])
def test_cuts_and_a_factor_of_four(name: str, keep: Keep) -> None:
    """Shots of one frame, of two and of many; what lies beyond a cut is as if it did not exist."""
    model = lively(name).double()
    shots = [video(length, batch=2).double() for length in (2, 1, 6)]
    stream, times = Stream(model, left=3, right=2, keep=keep), times_of(model)
    found, expected = [], []
    for shot in shots:
        for frame in shot:
            stream.push(frame)
            found += stream.pull(times)
        stream.end()
        expected += [
            whole(model, shot, i, time, left=3) for i in range(len(shot) - 1) for time in times
        ]
    while stream.ready:  # those of the first shots come late, but in order
        found += stream.pull(times)
    assert_equal(found, expected)


@pytest.mark.parametrize("name", FAMILIES)
def test_frames_that_are_missing_in_the_middle(name: str) -> None:
    """A gap of double length where a duplicate was dropped, and frames at uneven moments."""
    model = lively(name).double()
    frames = dict(enumerate(video(7).double()))
    stream = KeyedStream(model)
    for keys, positions in (
        ((0, None, 2, 3), (-5.0, -3.0, -1.0, 1.0)),
        ((0, None, 2, 3), (-6.0, -3.0, -1.0, 1.0)),  # the same gap once more
        ((2, 3, 5, None), (-3.5, -1.0, 1.0, 4.5)),
        ((3, 5, 6, None), (-4.0, -1.0, 1.0, 3.0)),
        ((0, 5, 6, None), (-20.0, -1.0, 1.0, 3.0)),  # back again after it was dropped
    ):
        window = Window(positions, 0.0).shifted(model.window.target)
        clip = torch.stack([frames[key or 0] for key in keys], dim=1)
        valid = torch.tensor([[key is not None for key in keys]])
        with torch.no_grad():
            wanted = model(clip, window, valid)
        (made,) = stream.between(keys, [window], picture=frames.__getitem__)
        assert_equal([made.image, made.motion.flow], [wanted.image, wanted.motion.flow])
        if wanted.context is not None:
            assert_equal(made.context, wanted.context)


@pytest.mark.parametrize(("keep", "first"), [("all", [8]), ("least", [4, 4])])
def test_frames_encoded_together(
    keep: Keep, first: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: what has to be worked out at the start of a clip, or after a leap."""
    monkeypatch.setattr(cache, "encodes_together", lambda device: True)
    model, frames, sizes = lively("lift15-tiny").double(), video(6, batch=2).double(), []
    model.encoder.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    found = list(Stream(model, left=2, right=3, keep=keep).run(frames))
    assert sizes[: len(first)] == first
    assert_equal(found, [whole(model, frames, i, 0.5, right=3) for i in range(5)])


def test_optimized_models_stream() -> None:
    model = optimize(lively("lift15-tiny"))
    frames = video(4)
    found = list(Stream(model, left=LEFT, right=RIGHT).run(frames))
    assert_equal(found, [whole(model, frames, i, 0.5) for i in range(3)])


def test_frames_without_a_batch_axis() -> None:
    frames = video(3)
    model = lively("lift15-tiny")
    alone = list(Stream(model).run(frames[:, 0]))
    assert [picture.shape for picture in alone] == [(3, 27, 45)] * 2
    for picture, wanted in zip(alone, Stream(model).run(frames), strict=True):
        assert torch.equal(picture, wanted[0])


class Looking(Mean):
    """An aggregator that knows nothing of streams, and reads the target."""

    uses_target = True

    def forward(self, clip: Tensor, window: Window, valid: Tensor | None) -> Context:
        """Weights fall with the distance to the target."""
        distance = clip.new_tensor([abs(p - window.target) for p in window.positions])
        weights = (-distance).expand(len(clip), -1)
        if valid is not None:
            weights = weights.masked_fill(~valid, float("-inf"))
        weights = weights.softmax(1)
        return Context(torch.einsum("bt,btchw->bchw", weights, clip), weights)


class Doubled(Transformer):
    """Inherits a split of the work that is not that of its own ``forward``."""

    def forward(self, clip: Tensor, window: Window, valid: Tensor | None) -> Context:
        """Twice the context, and then some that depends on the target."""
        context = super().forward(clip, window, valid)
        return context._replace(features=2 * context.features + 0.1 * window.target)


@pytest.mark.parametrize(
    "part", [(Looking, {}), (Doubled, {"dim": 16, "heads": 2, "layers": 1})], ids=lambda p: p[0]
)
def test_any_aggregator_streams_as_exactly(
    part: tuple[type, dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AGGREGATORS, "_entries", dict(AGGREGATORS._entries))
    AGGREGATORS.register("plain")(part[0])
    spec = find_spec("lift15-tiny").override(aggregator=Part("plain", **part[1]))
    model, frames = lively(spec).double(), video(4).double()
    times = (0.25, 0.75)
    found = list(Stream(model, left=LEFT, right=RIGHT).run(frames, times))
    assert_equal(found, [whole(model, frames, i, time) for i in range(3) for time in times])


def assert_equal(found: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
    assert len(found) == len(expected)
    for picture, wanted in zip(found, expected, strict=True):
        tolerance = 1e-10 if wanted.dtype == torch.float64 else 1e-5
        torch.testing.assert_close(picture, wanted, rtol=0, atol=tolerance)
