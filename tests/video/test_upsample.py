"""The sliding window: what a frame maker sees, what comes out, and how much is held."""

import weakref
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video import Frame, Gap, gaps, upsample
from vfiblocks.window import Window

counts = st.integers(2, 9)
reach = st.integers(1, 4)


def clip(count: int, *, start: int = 1) -> Iterator[Frame]:
    """Frames whose every pixel is their number, at uneven times: the squares."""
    for i in range(start, start + count):
        yield Frame(Fraction(i * i, 10), rgb=torch.full((3, 2, 4), float(i)))


def average(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
    for window in windows:
        left, right = window.references
        yield (1 - window.time) * gap.frames[:, left] + window.time * gap.frames[:, right]


@given(counts, st.integers(2, 5), reach, reach)
def test_counts_times_and_values(count: int, factor: int, left: int, right: int) -> None:
    source = list(clip(count))
    out = list(upsample(source, average, factor=factor, left=left, right=right))
    assert len(out) == factor * (count - 1) + 1
    assert all(a is b for a, b in zip(out[::factor], source, strict=True))
    for index, frame in enumerate(out):
        gap, part = divmod(index, factor)
        before = source[gap]
        if part:
            after, time = source[gap + 1], Fraction(part, factor)
            assert frame.pts == before.pts + (after.pts - before.pts) * time
            assert torch.allclose(frame.rgb, before.rgb + float(time))
            assert not frame.is_source


@given(counts, reach, reach)
def test_every_gap_sees_its_neighbours_and_zeros(count: int, left: int, right: int) -> None:
    for index, gap in enumerate(gaps(clip(count), left=left, right=right)):
        numbers = range(index - left + 2, index + right + 2)
        exists = [1 <= number <= count for number in numbers]
        assert gap.index == index
        assert gap.frames.shape == (1, left + right, 3, 2, 4)
        assert gap.valid.tolist() == [exists]
        expected = [float(n) if there else 0.0 for n, there in zip(numbers, exists, strict=True)]
        assert gap.frames[0, :, 0, 0, 0].tolist() == expected


def test_the_window_is_even_and_asks_for_each_part() -> None:
    seen: list[Window] = []

    def spy(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        for window in windows:
            assert torch.is_inference_mode_enabled()
            seen.append(window)
            yield gap.frames[:, 0]

    for _ in upsample(clip(2), spy, factor=4, left=3, right=2):
        assert not torch.is_inference_mode_enabled()  # the reader's own mode is left alone
    assert seen == [Window.even(3, 2, time=k / 4) for k in (1, 2, 3)]


@pytest.mark.parametrize(("left", "right"), [(1, 1), (8, 6)])
def test_memory_does_not_grow_with_the_clip(left: int, right: int) -> None:
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    most = 0

    def watched() -> Iterator[Frame]:
        for frame in clip(60):
            alive.add(frame)
            yield frame

    for _ in upsample(watched(), average, left=left, right=right):
        most = max(most, len(alive))
    assert most <= left + right + 1  # the window, and the one being handed over


def test_frames_are_converted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av")
    from vfiblocks.video import frame as frame_module
    from vfiblocks.video import rgb_to_picture

    calls = []
    original = frame_module.picture_to_rgb

    def counting(picture: object, *, device: object = "cpu") -> Tensor:
        calls.append(picture)
        return original(picture, device=device)  # type: ignore[arg-type]

    monkeypatch.setattr(frame_module, "picture_to_rgb", counting)
    source = [
        Frame(Fraction(i), picture=rgb_to_picture(torch.rand(3, 4, 4), "rgb24")) for i in range(6)
    ]
    list(upsample(source, average, factor=3, left=4, right=4))
    assert len(calls) == 6


@pytest.mark.parametrize(("count", "message"), [(0, "no frames"), (1, "needs two")])
def test_too_few_frames(count: int, message: str) -> None:
    with pytest.raises(VideoError, match=message):
        list(upsample(clip(count), average))


def test_options_are_checked_before_any_frame_is_read() -> None:
    with pytest.raises(InputError, match="factor must be 2 or more, got 1"):
        upsample(clip(2), average, factor=1)
    with pytest.raises(InputError, match="left=0"):
        upsample(clip(2), average, left=0)
    with pytest.raises(InputError, match="right=0"):
        list(gaps(clip(2), right=0))


def test_a_maker_of_the_wrong_shape_is_named() -> None:
    with pytest.raises(InputError, match=r"must return frames \(1, 3, 2, 4\), got \(3, 2, 4\)"):
        list(upsample(clip(2), lambda gap, windows: [gap.frames[0, 0]]))


def test_a_maker_of_too_few_frames_is_named() -> None:
    with pytest.raises(InputError, match=r"must return 3 frames, got 1"):
        list(upsample(clip(2), lambda gap, windows: [gap.frames[:, 0]], factor=4))


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(VideoError, match=r"between source frames 1 and 2 .* not finite"):
        list(upsample(clip(4), lambda gap, _: [gap.frames[:, 0] / (gap.before.rgb[0, 0, 0] - 2)]))


def test_a_frame_is_decoded_or_made() -> None:
    with pytest.raises(InputError, match="either a decoded picture or an RGB tensor"):
        Frame(Fraction(0))
    with pytest.raises(InputError, match=r"must be \(3, H, W\), got \(4, 4\)"):
        Frame(Fraction(0), rgb=torch.zeros(4, 4))
    assert "made 4x2 at 0.5" in repr(Frame(Fraction(1, 2), rgb=torch.zeros(3, 2, 4)))


@pytest.mark.gpu
def test_the_window_lives_where_the_maker_wants_it(tmp_path: Path) -> None:
    pytest.importorskip("av")
    from vfiblocks.video import convert_video, rgb_to_picture, write_video

    pictures = [rgb_to_picture(torch.rand(3, 48, 64), "yuv420p") for _ in range(4)]
    source = [Frame(Fraction(i, 25), picture=picture) for i, picture in enumerate(pictures)]

    def spy(gap: Gap, windows: Sequence[Window]) -> Iterator[Tensor]:
        assert gap.frames.is_cuda
        assert gap.valid.is_cuda
        return average(gap, windows)

    on_gpu = list(upsample(source, spy, left=2, right=2, device="cuda"))
    plain = [Frame(frame.pts, picture=frame.picture) for frame in source]
    on_cpu = list(upsample(plain, average, left=2, right=2))
    for one, two in zip(on_gpu, on_cpu, strict=True):
        assert torch.allclose(one.rgb.cpu(), two.rgb, atol=1e-5)
    clip = torch.stack([frame.rgb.cpu() for frame in source])
    path = write_video(tmp_path / "clip.mp4", clip, rate=25)
    assert convert_video(path, tmp_path / "out.mp4", spy, device="cuda").frames_out == 7
