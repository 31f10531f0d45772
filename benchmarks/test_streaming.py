"""What a stream saves, and what makes it faster still: one picture more of a long video."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.conftest import Compare
from benchmarks.inputs import clip
from benchmarks.measure import Alternative, Comparison
from benchmarks.test_stages import pseudo_code
from vfiblocks import Features, Interpolator, Stream, build_model, optimize
from vfiblocks.stream import KeyedStream, hand_back_freed_memory, keep_freed_memory

SIZE = (256, 448)
LENGTH = 28
"""Frames of a video that is played over and over; two windows long, so that no window repeats."""


@pytest.fixture(scope="module")
def model() -> Interpolator:
    torch.manual_seed(0)
    return build_model("lift15-s1").eval()


@pytest.fixture(params=["", "freed memory kept"])
def heap(request: pytest.FixtureRequest) -> Iterator[str]:
    """As the C library has it, and with ``keep_freed_memory``."""
    if request.param and not keep_freed_memory():
        pytest.skip("not the GNU C library")
    yield request.param
    hand_back_freed_memory()


@pytest.mark.parametrize("baseline", ["all fourteen frames anew", "the text's pseudo-code"])
def test_streaming(compare: Compare, model: Interpolator, heap: str, baseline: str) -> None:
    """The next picture of a video, when the one before it has been made."""
    naive = {"all fourteen frames anew": anew, "the text's pseudo-code": as_the_text_has_it}
    alternatives = {
        baseline: naive[baseline](model),
        "streaming": streaming(model),
        "streaming, keep='promote'": streaming(model, keep="promote"),
        "streaming, keep='least'": streaming(model, keep="least"),
    }
    found = compare(
        f"Streaming against {baseline}",
        alternatives,
        size="x".join(map(str, SIZE)),
        case=heap,
        spec=model.spec.fingerprint,
        tolerance=1e-4,
        rounds=7,
    )
    add_macs(found, alternatives)


def test_faster_streaming(compare: Compare, model: Interpolator, heap: str) -> None:
    """What the same stream gains from memory format and precision."""
    compare(
        "Streaming made faster",
        {
            "streaming": streaming(model),
            "channels-last": streaming(optimize(model)),
            "bfloat16": streaming(model, autocast=torch.bfloat16),
            "channels-last, bfloat16": streaming(optimize(model), autocast=torch.bfloat16),
        },
        size="x".join(map(str, SIZE)),
        case=heap,
        spec=model.spec.fingerprint,
        tolerance=1e-4,
        apart=("bfloat16", "channels-last, bfloat16"),
    )


@pytest.mark.parametrize("pictures", [3])
def test_several_pictures_in_a_gap(compare: Compare, model: Interpolator, pictures: int) -> None:
    """What does not depend on time is worked out once."""
    times = tuple(k / (pictures + 1) for k in range(1, pictures + 1))
    compare(
        "Several pictures in one gap",
        {
            "each for itself": one_by_one(model, times),
            "together": streaming(model, times=times),
        },
        size="x".join(map(str, SIZE)),
        case=f"{pictures} pictures",
        spec=model.spec.fingerprint,
        tolerance=1e-4,
        rounds=5,
    )


def video() -> Iterable[Tensor]:
    """(1, 3, H, W) each, without end."""
    return cycle(clip(LENGTH, *SIZE).unbind(1))


def streaming(
    model: Interpolator, *, times: tuple[float, ...] = (0.5,), **options: object
) -> Alternative:
    """Each call pushes a frame and pulls a gap, of which it is the last one in the window."""
    stream, frames = Stream(model, **options), iter(video())  # type: ignore[arg-type]
    for frame in islice(frames, len(model.window) - 1):
        stream.push(frame)
        stream.pull()

    def step() -> list[Tensor]:
        stream.push(next(frames))
        return stream.pull(times)

    return step


def windows(model: Interpolator) -> Callable[[], Tensor]:
    """Each call gives the next window of the video, (1, T, 3, H, W)."""
    frames = iter(video())
    held = list(islice(frames, len(model.window) - 1))

    def step() -> Tensor:
        held.append(next(frames))
        window = torch.stack(held, dim=1)
        del held[0]
        return window

    return step


def anew(model: Interpolator) -> Alternative:
    """The model on whole windows."""
    step, window = windows(model), model.window_between()
    return lambda: [model(step(), window).image]


def as_the_text_has_it(model: Interpolator) -> Alternative:
    """LIFT-15 sections 2.7 and 8.2: one pass through the encoder per tap."""
    step, window = windows(model), model.window_between()
    left, right = window.references

    def make() -> list[Tensor]:
        frames = step()
        taps, deepest = pseudo_code(model, frames)
        features = Features(frames[:, [left, right]], taps, deepest)
        return [model.finish(model.decode(features, window), SIZE).image]

    return make


def one_by_one(model: Interpolator, times: tuple[float, ...]) -> Alternative:
    """A stream that is asked for each picture apart, and shares nothing but frames."""
    frames, stream = list(islice(video(), LENGTH)), KeyedStream(model)
    windows = [model.window_between(time) for time in times]
    count = len(model.window)
    ends = cycle(range(count, LENGTH + 1))

    def step() -> list[Tensor]:
        end = next(ends)
        keys = range(end - count, end)
        list(stream.between(keys, [], picture=frames.__getitem__))
        made = [stream.make(keys, [window], picture=frames.__getitem__) for window in windows]
        return [found.image for pictures in made for found in pictures]

    return step


def add_macs(found: Comparison, alternatives: dict[str, Alternative]) -> None:
    """Multiply-accumulates of one call of each."""
    for name, alternative in alternatives.items():
        counter = FlopCounterMode(display=False)
        with torch.inference_mode(), counter:
            alternative()
        found[name]["macs"] = counter.get_total_flops() // 2
