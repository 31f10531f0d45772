"""Videos made in segments: the same frames, whatever was killed, damaged or shared out."""

import errno
import json
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video import (
    FrameMaker,
    ListedCuts,
    Report,
    TensorClip,
    UpsampledVideo,
    open_source,
    save_video,
)
from vfiblocks.video.join import join_segments, write_segmented, write_shard
from vfiblocks.video.packet_file import PacketFile, PacketWriter
from vfiblocks.video.segmented import SegmentedVideo
from vfiblocks.video.timeline import EqualParts, SteadyRate

av = pytest.importorskip("av")

Make = Callable[..., Path]
Read = Callable[[Path], list[Any]]
Packets = Callable[[Path], list[list[tuple[Fraction, bytes]]]]
Check = Callable[..., None]


def opened(source: Path, make: FrameMaker, **options: Any) -> UpsampledVideo:
    return UpsampledVideo(open_source(source), make, **options)


def segmented(video: UpsampledVideo, output: Path, **options: Any) -> SegmentedVideo:
    return SegmentedVideo(video, output, identity={}, **{"segment_frames": 9, **options})


def resume(
    source: Path, output: Path, make: FrameMaker, *, overwrite: bool = False, **options: Any
) -> Report:
    mine = {k: options.pop(k) for k in ("timeline", "cuts", "limit", "dedupe") if k in options}
    with opened(source, make, **mine) as video:
        job = segmented(video, output, overwrite=overwrite, **options)
        return write_segmented(job, overwrite=overwrite)


def stream_packets(path: Path) -> list[tuple[Any, ...]]:
    with av.open(str(path)) as container:
        return [
            (packet.pts, packet.dts, packet.duration, packet.is_keyframe, bytes(packet))
            for packet in container.demux(container.streams.video[0])
            if packet.size
        ]


def container_facts(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        return {
            "tags": dict(container.metadata),
            "streams": [(s.type, dict(s.metadata)) for s in container.streams],
            "duration": stream.duration,
            "start": stream.start_time,
            "rate": stream.average_rate,
            "aspect": stream.sample_aspect_ratio,
            "colour": (context.color_range, context.color_trc, context.colorspace),
            "extradata": context.extradata,
        }


@pytest.mark.parametrize(
    ("name", "output", "options"),
    [
        ("a.mkv", "out.mkv", {"codec": "ffv1"}),
        ("a.mp4", "out.mkv", {"codec": "ffv1", "timeline": SteadyRate(Fraction(60))}),
        ("a.mp4", "frames", {}),
        ("a.mov", "out.mov", {"codec": "prores", "timeline": EqualParts(3)}),
    ],
)
def test_joined_is_straight(
    make_video: Make, read_video: Read, tmp_path: Path, average: FrameMaker, name: str,
    output: str, options: dict[str, Any],
) -> None:  # fmt: skip
    """Where every frame is stored alone, or without loss, segments cannot be told from one run."""
    source = make_video(name, frames=30, audio=1)
    timeline = options.pop("timeline", EqualParts(2))
    straight = tmp_path / "straight" / output
    straight.parent.mkdir()
    with opened(source, average, timeline=timeline) as video:
        before = save_video(video, straight, **options)
    after = resume(source, tmp_path / output, average, timeline=timeline, **options)
    assert before == after
    one, two = read_video(straight), read_video(tmp_path / output)
    assert [frame.pts for frame in one] == [frame.pts for frame in two]
    assert all(torch.equal(a.rgb, b.rgb) for a, b in zip(one, two, strict=True))
    if straight.is_file():
        assert container_facts(straight) == container_facts(tmp_path / output)


@pytest.mark.parametrize(
    ("output", "codec"),
    [("out.mp4", "h264"), ("out.mkv", "h264"), ("out.mp4", "hevc"), ("out.webm", "vp9"),
     ("out.mp4", "av1")],
)  # fmt: skip
def test_one_segment_is_the_straight_file(
    make_video: Make, tmp_path: Path, average: FrameMaker, output: str, codec: str
) -> None:
    source, straight = make_video(frames=9), tmp_path / "straight" / output
    straight.parent.mkdir()
    options = {"codec": codec, "preset": "ultrafast"}
    with opened(source, average) as video:
        save_video(video, straight, **options)
    resume(source, tmp_path / output, average, segment_frames=1000, **options)
    one, two = stream_packets(straight), stream_packets(tmp_path / output)
    assert [packet[:4] for packet in one] == [packet[:4] for packet in two]
    before, after = container_facts(straight), container_facts(tmp_path / output)
    if codec == "av1":  # older FFmpeg writes its sequence header in more than one way
        for name in ("extradata", "aspect"):
            del before[name], after[name]
    assert before == after


def test_opacity_of_vp9(
    make_video: Make, read_video: Read, tmp_path: Path, average: FrameMaker
) -> None:
    """It travels beside the packets."""
    if not hasattr(av.Packet, "set_sidedata"):
        pytest.skip("this PyAV does not hand it out")
    source = make_video("in.mkv", codec="ffv1", pix_fmt="yuva420p", options={}, fade=True)
    resume(source, tmp_path / "out.webm", average, segment_frames=4)
    frames = read_video(tmp_path / "out.webm")
    assert len(frames) == 15
    for frame in frames:
        assert frame.alpha is not None
        assert frame.alpha[0, :, 0].mean() < 0.1
        assert frame.alpha[0, :, -1].mean() > 0.9


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv"])
def test_packets_follow_each_other(
    make_video: Make, read_video: Read, tmp_path: Path, average: FrameMaker, output: str
) -> None:
    """B-frames at uneven times across many borders, one frame per segment included."""
    ticks = tuple(i * 40 + (i % 5) ** 2 + (300 if i > 11 else 0) for i in range(24))
    source = make_video("in.mkv", frames=24, ticks=ticks, time_base=Fraction(1, 1000))
    for frames in (1, 3, 7, 20):
        report = resume(
            source, tmp_path / output, average, overwrite=True, segment_frames=frames,
            codec="h264", preset="medium",
        )  # fmt: skip
        assert report.frames_out == 47
        found = stream_packets(tmp_path / output)
        times = [packet[1] for packet in found if packet[1] is not None]
        assert all(a < b for a, b in pairwise(times))
        assert all(dts is None or dts <= pts for pts, dts, *_ in found)
        shown = [frame.pts for frame in read_video(tmp_path / output)]
        assert shown == sorted(set(shown))
        assert len(shown) == 47


def test_what_comes_along(
    make_video: Make, tmp_path: Path, average: FrameMaker, packets: Packets, no_leftovers: Check
) -> None:
    source = make_video(frames=20, audio=2, title="Kept", language="fin", aspect=Fraction(4, 3))
    report = resume(source, tmp_path / "out.mp4", average)
    assert packets(tmp_path / "out.mp4") == packets(source)
    assert report.audio_packets == sum(map(len, packets(source)))
    facts = container_facts(tmp_path / "out.mp4")
    assert facts["tags"]["title"] == "Kept"
    assert facts["aspect"] == Fraction(4, 3)
    no_leftovers("clip.mp4", "out.mp4")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shards_join_to_the_unsharded(
    make_video: Make, tmp_path: Path, average: FrameMaker, no_leftovers: Check, count: int
) -> None:
    source = make_video(frames=30, audio=1)
    resume(source, tmp_path / "whole.mp4", average)
    for index in reversed(range(count)):
        with opened(source, average) as video:
            write_shard(segmented(video, tmp_path / "out.mp4"), (index, count))
    report = join_segments(tmp_path / "out.mp4")
    assert report.frames_out == 59
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    no_leftovers("clip.mp4", "out.mp4", "whole.mp4")


def test_missing_and_damaged_segments_are_named_and_made_again(
    make_video: Make, tmp_path: Path, average: FrameMaker
) -> None:
    source, output = make_video(frames=30), tmp_path / "out.mp4"
    resume(source, tmp_path / "whole.mp4", average)
    with pytest.raises(VideoError, match=r"nothing was begun for it"):
        join_segments(output)
    for shard in ((0, 4), (2, 4)):
        with opened(source, average) as video:
            total, made = write_shard(segmented(video, output), shard)
            assert total == made
    with opened(source, average) as video:
        assert write_shard(segmented(video, output), (0, 4))[1] == 0  # nothing is made twice
    with pytest.raises(
        VideoError, match=r"of 6 segments \(0 to 5\) 4 are missing .*: 1 to 2, 4 to 5"
    ):
        join_segments(output)
    victim = next((tmp_path / ".out.mp4.segments").glob("000003-*"))
    content = bytearray(victim.read_bytes())
    content[-9] ^= 4
    victim.write_bytes(content)
    with pytest.raises(VideoError, match=r"5 are missing or damaged: 1 to 5"):
        join_segments(output)
    resume(source, output, average)
    assert output.read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_a_different_job_is_refused(
    make_video: Make, tmp_path: Path, average: FrameMaker, no_leftovers: Check
) -> None:
    source, output = make_video(frames=12), tmp_path / "out.mp4"

    def shard(**options: Any) -> None:
        with opened(source, average, **options.pop("video", {})) as video:
            SegmentedVideo(
                video, output, segment_frames=9, **{"identity": {"model": "rife"}, **options}
            )

    shard()
    shard()
    with pytest.raises(
        VideoError, match=r"was begun with crf unset, now it is 20; go on as it was"
    ):
        shard(crf=20)
    with pytest.raises(VideoError, match=r"was begun with model rife, now it is classical"):
        shard(identity={"model": "classical"})
    with pytest.raises(VideoError, match=r"was begun with rate 50, now it is 100"):
        shard(video={"timeline": EqualParts(4)})
    make_video(frames=12, options={"crf": "30"})
    with pytest.raises(VideoError, match=r"was begun with source size \d+, now it is"):
        shard()
    no_leftovers("clip.mp4", ".out.mp4.segments")


def test_an_output_that_cannot_be_is_refused_at_once(
    make_video: Make, tmp_path: Path, average: FrameMaker, no_leftovers: Check
) -> None:
    source = make_video(frames=4, audio=1)
    for name, error, message in (
        ("out.webm", VideoError, "cannot hold the source's aac sound"),
        ("out.xyz", VideoError, "cannot write .xyz"),
        ("clip.mp4", VideoError, "is the input itself"),
        ("-", InputError, "a stream cannot be made in segments"),
        ("out.y4m", InputError, "a stream cannot be made in segments"),
    ):
        output = Path(name) if name == "-" else tmp_path / name
        with opened(source, average) as video, pytest.raises(error, match=message):
            segmented(video, output, overwrite=True)
    with TensorClip(torch.zeros(4, 3, 48, 64), rate=25) as clip:
        video = UpsampledVideo(clip, average)
        with pytest.raises(InputError, match="clip in memory: can be read once only"):
            segmented(video, tmp_path / "out.mp4")
    no_leftovers("clip.mp4")


def test_a_full_disk_keeps_what_is_finished(
    make_video: Make, tmp_path: Path, average: FrameMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, output = make_video(frames=30), tmp_path / "out.mp4"
    written = 0
    write = PacketWriter.write

    def fill(self: PacketWriter, packet: Any) -> None:
        nonlocal written
        written += 1
        if written > 25:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, packet)

    monkeypatch.setattr(PacketWriter, "write", fill)
    with pytest.raises(VideoError, match=r"the disk is full; free some space and resume"):
        resume(source, output, average)
    monkeypatch.undo()
    folder = tmp_path / ".out.mp4.segments"
    assert not list(folder.glob("work-*"))
    assert len(list(folder.glob("*-*"))) == 2
    calls = 0

    def counted(gap: Any, windows: Any) -> Any:
        nonlocal calls
        calls += 1
        return average(gap, windows)

    resume(source, output, counted)
    assert 0 < calls < 29 - 8
    resume(source, tmp_path / "whole.mp4", average)
    assert output.read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_the_first_plan_is_everybodys(
    make_video: Make, tmp_path: Path, average: FrameMaker
) -> None:
    """Another machine may see a cut elsewhere by a hair; the output must not be torn there."""
    source, output = make_video(frames=30), tmp_path / "out.mp4"
    (tmp_path / "one.txt").write_text("11\n")
    (tmp_path / "two.txt").write_text("12\n")
    plans = []
    for name in ("one.txt", "two.txt"):
        with opened(source, average, cuts=ListedCuts(tmp_path / name)) as video:
            job = segmented(video, output)
            plans.append((job.segments, job.survey))
    assert plans[0] == plans[1]
    assert plans[0][1].shots == {11}


def test_only_one_joins(make_video: Make, tmp_path: Path, average: FrameMaker) -> None:
    pytest.importorskip("fcntl")
    source, output = make_video(frames=12), tmp_path / "out.mp4"
    with opened(source, average) as video:
        job = segmented(video, output)
        job.make(job.missing())
        with (
            job.folder.lock(alone=False),
            job.folder.lock(alone=False),
            pytest.raises(VideoError, match="another process is at work on it"),
        ):
            join_segments(output)
        join_segments(output)


def test_a_join_killed_before_cleaning_up(
    make_video: Make, tmp_path: Path, average: FrameMaker, no_leftovers: Check,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from vfiblocks.video.job import JobFolder

    source, output = make_video(frames=12), tmp_path / "out.mp4"
    with monkeypatch.context() as patched:
        patched.setattr(JobFolder, "remove", lambda _: None)
        first = resume(source, output, average)
    assert output.exists()
    assert json.loads((tmp_path / ".out.mp4.segments" / "joined.json").read_text())
    for leftover in (tmp_path / ".out.mp4.segments").glob("0*"):
        leftover.unlink()
    assert join_segments(output) == first
    no_leftovers("clip.mp4", "out.mp4")


def test_the_source_may_move(make_video: Make, tmp_path: Path, average: FrameMaker) -> None:
    source, output = make_video(frames=12, audio=1), tmp_path / "out.mp4"
    with opened(source, average) as video:
        write_shard(segmented(video, output), (0, 1))
    source.rename(tmp_path / "moved.mp4")
    with pytest.raises(VideoError, match=r"clip\.mp4: "):
        join_segments(output)
    assert join_segments(output, source=tmp_path / "moved.mp4").audio_packets > 0


def test_segments_without_frames(
    make_video: Make, read_video: Read, tmp_path: Path, average: FrameMaker
) -> None:
    """At one frame in two seconds most of these segments show nothing."""
    from vfiblocks.video.segments import plan_segments

    source = make_video(frames=80)
    with opened(source, average, timeline=SteadyRate(Fraction(1, 2))) as video:
        job = segmented(video, tmp_path / "out.mkv", codec="ffv1")
        job.segments = plan_segments(job.survey, Fraction(1, 2))
        plan = {**(job.folder.plan() or {}), "segments": [[s.first, s.stop] for s in job.segments]}
        (job.folder.path / "plan.json").write_text(json.dumps(plan))
        assert write_segmented(job).frames_out == 2
    assert [frame.pts for frame in read_video(tmp_path / "out.mkv")] == [0, 2]


def test_a_preview_in_segments(make_video: Make, tmp_path: Path, average: FrameMaker) -> None:
    report = resume(make_video(frames=30, audio=1), tmp_path / "out.mp4", average, limit=13)
    assert (report.frames_in, report.frames_out) == (13, 25)


def test_damaged_packet_files(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"something else\n")
    with pytest.raises(VideoError, match="is no file of packets"):
        PacketFile.open(path)
    path.write_bytes(b"vfi packets 1\nno json\n")
    with pytest.raises(VideoError, match="cannot be read"):
        PacketFile.open(path)
