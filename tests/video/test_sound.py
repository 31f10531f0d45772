"""Stretched sound: as long as the pictures, at its old pitch."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from vfiblocks.errors import InputError, VideoError
from vfiblocks.video import Frame, open_sink, open_source
from vfiblocks.video.sound import tempo_chain

RATE = 44100
PITCH = 440.0


def with_tone(
    path: Path,
    *,
    codec: str = "aac",
    seconds: float = 4,
    start: float = 0,
    hole: float = 0,
    streams: int = 1,
    rate: int = RATE,
    layout: str = "stereo",
) -> Path:
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        voices = [container.add_stream(codec, rate=rate) for _ in range(streams)]
        for voice in voices:
            voice.codec_context.layout = layout
            voice.codec_context.time_base = voice.time_base = Fraction(1, rate)
        for index in range(round(seconds * 25)):
            picture = av.VideoFrame(64, 48, "yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        for number, voice in enumerate(voices, start=1):
            kind = voice.codec_context.format.name
            length = round((seconds - start) * rate)
            for begin in range(0, length, 1024):
                at = np.arange(begin, min(length, begin + 1024)) / rate
                wave = 0.3 * np.sin(2 * np.pi * PITCH * number * at)
                channels = av.AudioLayout(layout).nb_channels
                if kind.startswith("flt"):
                    values = np.stack([wave] * channels).astype(np.float32)
                else:
                    values = np.stack([wave * 32767] * channels).astype(np.int16)
                if not kind.endswith("p"):
                    values = np.ascontiguousarray(values.T.reshape(1, -1))
                sound = av.AudioFrame.from_ndarray(values, kind, layout)
                late = start if begin < length / 2 else start + hole
                sound.sample_rate, sound.pts = rate, begin + round(late * rate)
                sound.time_base = Fraction(1, rate)
                container.mux(voice.encode(sound))
            container.mux(voice.encode(None))
    return path


def slow(path: Path, target: Path, slowdown: Fraction, **options: Any) -> tuple[str, ...]:
    with (
        open_source(path) as source,
        open_sink(target, source, slowdown=slowdown, **options) as sink,
    ):
        for frame in source:
            sink.write(Frame(frame.pts * slowdown, rgb=frame.rgb))
        return sink.notes


def heard(path: Path, index: int = 0) -> tuple[np.ndarray[Any, Any], float, int]:
    """The left channel, the time at which it begins, and its rate."""
    pieces, begin, rate = [], None, 1
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.audio[index]):
            values = frame.to_ndarray().astype(np.float64)
            if not frame.format.is_planar:
                values = values.reshape(-1, frame.layout.nb_channels).T
            begin = float(frame.time) if begin is None else begin
            rate = frame.sample_rate
            pieces.append(values[0])
    assert begin is not None
    return np.concatenate(pieces), begin, rate


def pitch_of(wave: np.ndarray[Any, Any], rate: int) -> float:
    inner = wave[len(wave) // 8 : -len(wave) // 8]
    spectrum = np.abs(np.fft.rfft(inner * np.hanning(len(inner)), 1 << 20))
    return float(spectrum.argmax() * rate / (1 << 20))


@pytest.mark.parametrize("slowdown", [Fraction(2), Fraction(4), Fraction(5, 2), Fraction(4, 5)])
@pytest.mark.parametrize(
    ("name", "codec"), [("in.mp4", "aac"), ("in.mkv", "flac"), ("in.webm", "libopus")]
)
def test_length_and_pitch(tmp_path: Path, name: str, codec: str, slowdown: Fraction) -> None:
    rate = 48000 if codec == "libopus" else RATE
    source = tmp_path / name
    if name.endswith("webm"):
        source = source.with_suffix(".mkv")
    path = with_tone(source, codec=codec, rate=rate)
    target = tmp_path / ("out" + Path(name).suffix)
    notes = slow(path, target, slowdown, audio="stretch")
    assert f"sound is stretched {float(slowdown):g} times" in " ".join(notes)
    before, _, _ = heard(path)
    wave, begin, found_rate = heard(target)
    expected = len(before) / rate * float(slowdown)
    # MP4 says how much of its last AAC frame is meant; FFmpeg decodes all of it
    padding = 1024 / found_rate if name.endswith("mp4") else 0
    assert abs(begin) < 0.010
    assert -0.010 < begin + len(wave) / found_rate - expected < 0.010 + padding
    with av.open(str(target)) as container:
        stated = container.streams.audio[0].duration or 0
        assert not padding or float(stated * container.streams.audio[0].time_base) == (
            pytest.approx(expected, abs=0.010)
        )
    assert pitch_of(wave, found_rate) == pytest.approx(PITCH, rel=0.01)
    assert np.abs(wave).max() > 0.2 * np.abs(before).max()


def test_lossless_sound_is_exactly_as_long(tmp_path: Path) -> None:
    path = with_tone(tmp_path / "in.mkv", codec="flac", seconds=3)
    slow(path, tmp_path / "out.mkv", Fraction(3), audio="stretch")
    before, after = heard(path)[0], heard(tmp_path / "out.mkv")[0]
    assert len(after) == 3 * len(before)


def test_every_stream_keeps_its_place(tmp_path: Path) -> None:
    path = with_tone(tmp_path / "in.mkv", streams=2, start=1, codec="flac")
    slow(path, tmp_path / "out.mkv", Fraction(2), audio="stretch")
    for index in range(2):
        wave, begin, rate = heard(tmp_path / "out.mkv", index)
        assert begin == pytest.approx(2, abs=0.010)
        assert len(wave) / rate == pytest.approx(6, abs=0.010)
        assert pitch_of(wave, rate) == pytest.approx(PITCH * (index + 1), rel=0.01)


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.webm"])
def test_six_channels(tmp_path: Path, name: str) -> None:
    path = with_tone(tmp_path / "in.mkv", codec="ac3", seconds=2, rate=48000, layout="5.1(side)")
    slow(path, tmp_path / name, Fraction(2), audio="stretch", preset="ultrafast")
    with av.open(str(tmp_path / name)) as container:
        assert container.streams.audio[0].codec_context.layout.nb_channels == 6
    wave, begin, rate = heard(tmp_path / name)
    assert begin + len(wave) / rate == pytest.approx(4, abs=0.033)  # AC-3 pads its end, too
    assert pitch_of(wave, rate) == pytest.approx(PITCH, rel=0.01)


def test_what_follows_a_hole_keeps_its_place(tmp_path: Path) -> None:
    path = with_tone(tmp_path / "in.mkv", codec="flac", seconds=2, hole=1.5)
    slow(path, tmp_path / "out.mkv", Fraction(2), audio="stretch")
    wave, begin, rate = heard(tmp_path / "out.mkv")
    assert begin + len(wave) / rate == pytest.approx(7, abs=0.010)
    loud = [np.abs(wave[round(at * rate) :][: rate // 2]).max() > 1000 for at in (1, 3, 5.5)]
    assert loud == [True, False, True]


def test_mono_at_a_rate_aac_does_not_know(tmp_path: Path) -> None:
    path = with_tone(tmp_path / "in.mkv", codec="flac", rate=37800, layout="mono")
    slow(path, tmp_path / "out.webm", Fraction(2), audio="stretch", codec="vp9", preset="ultrafast")
    wave, begin, rate = heard(tmp_path / "out.webm")
    assert rate == 48000
    assert begin + len(wave) / rate == pytest.approx(8, abs=0.010)
    assert pitch_of(wave, rate) == pytest.approx(PITCH, rel=0.01)


def test_slow_motion_drops_sound_unless_told(tmp_path: Path) -> None:
    path = with_tone(tmp_path / "in.mp4", seconds=1, streams=2)
    assert "sound is left out (2 stream(s))" in slow(path, tmp_path / "out.mp4", Fraction(2))
    assert open_source(tmp_path / "out.mp4").info.audio_streams == 0
    assert open_source(tmp_path / "out.mp4").info.rate == Fraction(25, 2)


def test_wishes_that_make_no_sense(make_video: Callable[..., Path], tmp_path: Path) -> None:
    source = open_source(make_video())
    for options, message in (
        ({"audio": "louder"}, "audio must be one of keep, drop, stretch, got 'louder'"),
        ({"audio": "keep", "slowdown": 2}, "stretch or drop it"),
        ({"slowdown": 0}, "slowdown must be positive"),
        ({"rate": -1}, "must be positive"),
    ):
        with pytest.raises(InputError, match=message):
            open_sink(tmp_path / "out.mp4", source, **options)  # type: ignore[arg-type]


def test_damaged_sound_is_one_clear_line(tmp_path: Path) -> None:
    path = with_tone(tmp_path / "in.mkv", codec="flac", seconds=2)
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 3, len(data), 97):
        data[at] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(VideoError) as caught:
        slow(path, tmp_path / "out.mkv", Fraction(2), audio="stretch")
    assert "\n" not in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["in.mkv"]


def test_chains_multiply_to_the_whole() -> None:
    for slowdown in (Fraction(1, 9), Fraction(3, 2), Fraction(8), Fraction(100, 7)):
        chain = tempo_chain(slowdown)
        assert np.prod(chain) * float(slowdown) == pytest.approx(1, abs=1e-12)
        assert all(0.5 <= tempo <= 2 for tempo in chain)
