"""Everything of a file that is no picture: streams, tags, chapters, fonts and cover art."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vfiblocks.errors import VideoError
from vfiblocks.video import Frame, open_sink, open_source

if not hasattr(av.container.OutputContainer, "add_mux_stream"):
    pytest.skip("this PyAV cannot write the files to test with", allow_module_level=True)

DEFAULT, COMMENT, ATTACHED, FORCED = 1, 8, 0x400, 0x40
FONT = b"not really a font" * 30


def png() -> bytes:
    encoder = av.CodecContext.create("png", "w")
    encoder.width = encoder.height = 16
    encoder.pix_fmt, encoder.time_base = "rgb24", Fraction(1, 25)
    picture = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 90, np.uint8))
    picture.pts = 0
    return b"".join(bytes(packet) for packet in encoder.encode(picture))


def rich(path: Path) -> Path:
    """Two sounds, subtitles, chapters, tags, and as much else as the container holds."""
    is_matroska = path.suffix == ".mkv"
    with av.open(str(path), "w") as container:
        container.metadata.update({"title": "The film", "artist": "Somebody", "date": "2024"})
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.metadata["language"] = "jpn"
        if is_matroska:
            video.metadata["title"] = "Main picture"
        voices = []
        for language, disposition in (("eng", DEFAULT), ("fra", COMMENT)):
            voice = container.add_stream("aac", rate=16000)
            voice.metadata.update({"language": language, "title": f"Sound {language}"})
            voice.disposition = disposition
            voices.append(voice)
        words = None
        if is_matroska and hasattr(container, "add_mux_stream"):
            words = container.add_mux_stream("subrip")
            words.metadata["language"] = "deu"
            words.disposition = FORCED
        cover = None
        if is_matroska and hasattr(container, "add_attachment"):
            container.add_attachment("serif.ttf", "application/x-truetype-font", FONT)
            container.add_attachment("cover.png", "image/png", png())
        elif path.suffix == ".mp4" and hasattr(container, "add_mux_stream"):
            cover = container.add_mux_stream("png", width=16, height=16)
            cover.disposition = ATTACHED
        if hasattr(container, "set_chapters"):
            container.set_chapters(
                [
                    {
                        "id": index,
                        "start": 80 * index,
                        "end": 80 * (index + 1),
                        "time_base": Fraction(1, 1000),
                        "metadata": {"title": f"Chapter {index + 1}"},
                    }
                    for index in range(3)
                ]
            )
        container.start_encoding()
        if cover is not None:
            packet = av.Packet(png())
            packet.stream, packet.pts, packet.dts = cover, 0, 0
            packet.time_base, packet.is_keyframe = Fraction(1, 25), True
            container.mux(packet)
        if words is not None:
            packet = av.Packet(b"Hello there")
            packet.stream, packet.time_base = words, Fraction(1, 1000)
            packet.pts = packet.dts = 40
            packet.duration = 100
            container.mux(packet)
        for index in range(6):
            picture = av.VideoFrame(64, 48, "yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for voice in voices:
            for block in range(4):
                sound = av.AudioFrame.from_ndarray(
                    np.zeros((2, 1024), np.float32), "fltp", "stereo"
                )
                sound.sample_rate, sound.pts = 16000, 1024 * block
                container.mux(voice.encode(sound))
            container.mux(voice.encode(None))
    return path


def copy(path: Path, target: Path, slowdown: int = 1, **options: Any) -> tuple[str, ...]:
    with (
        open_source(path) as source,
        open_sink(target, source, slowdown=slowdown, **options) as sink,
    ):
        for frame in source:
            sink.write(Frame(frame.pts * slowdown, rgb=frame.rgb))
        return source.notes + sink.notes


def describe(path: Path) -> dict[str, Any]:
    with av.open(str(path)) as container:
        chapters = container.chapters() if hasattr(container, "chapters") else []
        streams = sorted(
            (
                stream.type,
                stream.metadata.get("language", ""),
                stream.metadata.get("title", stream.metadata.get("name", "")),
                int(stream.disposition),
            )
            for stream in container.streams
        )
        return {
            "title": container.metadata.get("title"),
            "artist": container.metadata.get("artist", container.metadata.get("ARTIST")),
            "streams": streams,
            "chapters": [
                (
                    chapter["start"] * chapter["time_base"],
                    chapter["end"] * chapter["time_base"],
                    chapter["metadata"].get("title"),
                )
                for chapter in chapters
            ],
        }


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_everything_comes_along(tmp_path: Path, suffix: str) -> None:
    path, target = rich(tmp_path / f"in{suffix}"), tmp_path / f"out{suffix}"
    assert copy(path, target) == ()
    before, after = describe(path), describe(target)
    assert before == after
    assert after["title"] == "The film"
    kinds = [kind for kind, *_ in after["streams"]]
    assert kinds.count("audio") == 2
    assert ("audio", "fra") in [stream[:2] for stream in after["streams"]]


def test_fonts_and_covers_are_the_same_files(tmp_path: Path) -> None:
    path, target = rich(tmp_path / "in.mkv"), tmp_path / "out.mkv"
    copy(path, target)
    with av.open(str(target)) as container:
        if not hasattr(container, "streams") or not container.streams.attachments:
            pytest.skip("this PyAV writes no attachments")
        (font,) = container.streams.attachments
        assert (font.metadata["filename"], font.data) == ("serif.ttf", FONT)
        (cover,) = (s for s in container.streams.video if int(s.disposition) & ATTACHED)
        (packet,) = (p for p in container.demux(cover) if p.size)
        assert bytes(packet) == png()


def test_covers_cross_from_one_container_to_another(tmp_path: Path) -> None:
    notes = copy(rich(tmp_path / "in.mp4"), tmp_path / "out.mkv")
    assert notes == ()
    streams = describe(tmp_path / "out.mkv")["streams"]
    assert ("video", ATTACHED) in [(kind, disposition) for kind, _, _, disposition in streams]
    assert "Sound fra" in [title for _, _, title, _ in streams]
    notes = copy(tmp_path / "out.mkv", tmp_path / "back.mp4")
    assert notes == ()
    with av.open(str(tmp_path / "back.mp4")) as container:
        assert [int(s.disposition) & ATTACHED for s in container.streams.video] == [0, ATTACHED]


def test_what_a_container_cannot_hold_is_said(tmp_path: Path) -> None:
    notes = " ".join(copy(rich(tmp_path / "in.mkv"), tmp_path / "out.mov"))
    assert "serif.ttf is left out: only .mkv holds such" in notes
    assert "cover art is left out" in notes
    with pytest.raises(VideoError, match=r"\.webm cannot hold the source's aac sound"):
        copy(tmp_path / "in.mkv", tmp_path / "out.webm")
    notes = " ".join(copy(tmp_path / "in.mkv", tmp_path / "out.webm", audio="drop"))
    assert "sound is left out (2 stream(s))" in notes


def test_slow_motion_moves_chapters_and_subtitles(tmp_path: Path) -> None:
    path, target = rich(tmp_path / "in.mkv"), tmp_path / "out.mkv"
    copy(path, target, slowdown=4, audio="stretch")
    before, after = describe(path)["chapters"], describe(target)["chapters"]
    assert [(4 * start, 4 * end, title) for start, end, title in before] == after
    with av.open(str(target)) as container:
        (packet,) = (p for p in container.demux(subtitles=0) if p.size)
        assert (packet.pts * packet.time_base, bytes(packet)) == (Fraction(16, 100), b"Hello there")
        assert packet.duration * packet.time_base == Fraction(4, 10)
    languages = [stream[1] for stream in describe(target)["streams"] if stream[0] == "audio"]
    assert sorted(languages) == ["eng", "fra"]


def test_a_second_video_stream_is_said(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(3):
            for stream in streams:
                picture = av.VideoFrame(64, 48, "yuv420p")
                picture.pts, picture.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(picture))
        for stream in streams:
            container.mux(stream.encode(None))
    assert copy(path, tmp_path / "out.mkv") == ("1 more video stream(s) of the file are left out",)


def test_a_target_rate_and_time_base(make_video: Callable[..., Path], tmp_path: Path) -> None:
    path, target = make_video("in.mp4"), tmp_path / "out.mp4"
    rate = Fraction(60000, 1001)
    with open_source(path) as source:
        frame = next(iter(source))
        with open_sink(target, source, rate=rate, time_base=1 / (rate * 1001)) as sink:
            for index in range(7):
                sink.write(Frame(index / rate, rgb=frame.rgb))
    with open_source(target) as written:
        assert written.info.rate == rate
        assert [frame.pts for frame in written] == [index / rate for index in range(7)]
