"""What a stream works out, how often, and what it keeps."""

import gc
import weakref
from collections import Counter
from collections.abc import Collection

import pytest
import torch
from torch import Tensor

from vfiblocks import Interpolator, Stream, build_model
from vfiblocks.stream import Keep, KeyedStream

WIDE = {"left": 3, "right": 2}


def video(frames: int) -> Tensor:
    """Distinct first pixels tell the frames apart."""
    clip = torch.rand(frames, 1, 3, 32, 64)
    clip[:, 0, 0, 0, 0] = torch.arange(frames) / frames
    return clip


def counted(model: Interpolator) -> dict[str, Counter[int]]:
    """Which frames of a video of ten enter the encoder and its levels, and how often."""
    entered: dict[str, Counter[int]] = {"encoder": Counter()}
    assert model.encoder is not None

    def enter(_: object, inputs: tuple[Tensor, Collection[int]]) -> None:
        entered["encoder"].update(round(10 * float(x)) for x in inputs[0][:, 0, 0, 0])

    model.encoder.register_forward_pre_hook(enter)
    for stride, level in model.encoder.levels.items():
        entered[stride] = Counter()
        level.register_forward_pre_hook(lambda *_, s=stride: entered[s].update([0]))
    return entered


def test_the_encoder_is_entered_once_per_frame():
    model = build_model("lift15-tiny").eval()
    entered = counted(model)
    pictures = list(Stream(model, **WIDE).run(video(10), times=(0.25, 0.5, 0.75)))
    assert len(pictures) == 27
    assert entered["encoder"] == dict.fromkeys(range(10), 1)
    assert {entered[stride][0] for stride in ("1", "2", "4", "8", "16")} == {10}


def test_promotion_enters_the_first_layers_twice():
    model = build_model("lift15-tiny").eval()
    entered = counted(model)
    list(Stream(model, keep="promote", **WIDE).run(video(10)))
    # The first two frames are references at once.
    assert entered["encoder"] == {key: 1 if key < 2 else 2 for key in range(10)}
    assert [entered[s][0] for s in ("1", "2", "4", "8", "16")] == [18, 10, 10, 10, 10]


def test_the_least_memory_is_all_but_the_deepest_layers_twice():
    model = build_model("lift15-tiny").eval()
    entered = counted(model)
    list(Stream(model, keep="least", **WIDE).run(video(10)))
    assert [entered[s][0] for s in ("1", "2", "4", "8", "16")] == [18, 18, 18, 18, 10]


def test_what_does_not_depend_on_time_is_done_once_per_gap(monkeypatch: pytest.MonkeyPatch):
    model = build_model("lift15-tiny").eval()
    done: Counter[str] = Counter()
    for name in ("prepare", "aggregate"):
        work = getattr(model.aggregator, name)

        def counting(*arguments, name=name, work=work):
            done[name] += 1
            return work(*arguments)

        monkeypatch.setattr(model.aggregator, name, counting)
    model.flow.register_forward_pre_hook(lambda *_: done.update(["flow"]))
    list(Stream(model, **WIDE).run(video(6), times=(0.25, 0.5, 0.75)))
    assert done == {"prepare": 6, "aggregate": 5, "flow": 15}


def test_without_an_aggregator_only_references_are_looked_at():
    model = build_model("lift15-no-context").eval()
    stream, asked = KeyedStream(model), []

    def picture(key: int) -> Tensor:
        asked.append(key)
        return torch.rand(1, 3, 32, 32)

    for gap in range(2, 5):
        window = model.window_between(left=2, right=2)
        list(stream.between(range(gap, gap + 4), [window], picture=picture))
    assert asked == [3, 4, 5, 6]


@pytest.mark.parametrize("keep", ["all", "promote", "least"])
def test_what_is_kept_is_what_the_formula_says(keep: Keep):
    model = build_model("lift15-tiny").eval()
    left, right, pixels = 4, 3, 32 * 64
    stream, held = Stream(model, left=left, right=right, keep=keep), []
    for frame in video(30):
        stream.push(frame)
        if stream.pull():
            held.append(stream.held_bytes)
    # The formula of docs/streaming.md: values per pixel of the reference features at strides 1, 4
    # and 8, and of the tokens, each of which covers 32x32 pixels.
    taps = {1: 8 / 1**2, 4: 24 / 4**2, 8: 32 / 8**2}
    token = 48 / 32**2
    ahead = {"all": sum(taps.values()), "promote": taps[4] + taps[8], "least": 0}[keep]
    per_pixel = 2 * (3 + sum(taps.values())) + (right - 1) * (3 + ahead) + (left + right) * token
    assert held[-1] == 4 * pixels * per_pixel
    assert set(held[left:]) == {held[-1]}
    assert max(held) == held[-1]


@pytest.mark.parametrize("name", ["lift15-tiny", "rife-4.25"])
def test_frames_and_features_are_given_up(name: str):
    model = build_model(name).eval()
    kept: list[weakref.ref[Tensor]] = []
    model.encoder.register_forward_hook(
        lambda _, inputs, maps: kept.extend(weakref.ref(x) for x in (inputs[0], *maps.values()))
    )
    stream, alive = Stream(model, **WIDE), []
    for frame in video(14):
        stream.push(frame)
        stream.pull()
        gc.collect()
        alive.append(sum(x() is not None for x in kept))
    assert len(set(alive[8:])) == 1
    stream.end()
    while stream.pull():
        pass
    held = stream.held_bytes
    stream.push(video(1)[0])  # another clip: nothing of the last one is of use
    stream.push(video(1)[0])
    stream.end()
    stream.pull()
    assert stream.held_bytes <= held


def test_the_pushed_frame_may_be_overwritten():
    model = build_model("rife").eval()
    clip = video(3)
    expected = list(Stream(model).run(clip))
    stream, buffer, found = Stream(model), torch.empty_like(clip[0]), []
    for frame in clip:
        buffer.copy_(frame)
        stream.push(buffer)
        buffer.fill_(torch.nan)
        found += stream.pull()
    for picture, wanted in zip(found, expected, strict=True):
        assert torch.equal(picture, wanted)
