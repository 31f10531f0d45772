"""Hundreds of corrupted inputs: an error of one line or a whole output, and never a hang.

Every case runs in a process of its own kind: a worker takes case after case, and whatever hangs or
kills it is found by the parent.
"""

import io
import os
import random
import select
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vfiblocks.errors import VideoError
from vfiblocks.video import open_sink, open_source
from vfiblocks.video.y4m_source import Y4mStream

Make = Callable[..., Path]

LIMIT_S = 30.0  # a sound case takes a tenth of a second

WORKER = """
import sys, traceback
import av, torch
from fractions import Fraction
from vfiblocks.errors import VideoError
from vfiblocks.video import Frame, open_sink, open_source
from vfiblocks.video.frame import blend_alpha

torch.set_num_threads(1)
av.logging.set_level(None)

def convert(source_path, target, slowdown):
    with open_source(source_path) as source:
        audio = "stretch" if slowdown != 1 else None
        options = {} if "." not in target else {"preset": "ultrafast", "audio": audio}
        with open_sink(target, source, factor=2, slowdown=slowdown, **options) as sink:
            last = None
            for frame in source:
                if last is not None:
                    made = Frame(
                        slowdown * (last.pts + frame.pts) / 2,
                        rgb=(last.rgb + frame.rgb) / 2,
                        alpha=blend_alpha(last, frame, 0.5),
                    )
                    sink.write(made)
                sink.write(Frame(slowdown * frame.pts, picture=frame.picture))
                last = frame

print("ready", flush=True)
for line in sys.stdin:
    source_path, target, slowdown = line.rstrip("\\n").split("\\t")
    try:
        convert(source_path, target, Fraction(slowdown))
        print("whole", flush=True)
    except VideoError as error:
        print("two lines" if "\\n" in str(error) else "refused", flush=True)
    except Exception:
        print("traceback " + repr(traceback.format_exc()), flush=True)
"""


class Worker:
    """A process that converts files, and is replaced when it does not answer."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert self._answer(120) == "ready"

    def _answer(self, limit: float) -> str:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], limit)[0]:
            return "hang"
        return self._process.stdout.readline().decode().strip() or "crash"

    def convert(self, source: Path, target: Path, slowdown: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{source}\t{target}\t{slowdown}\n".encode())
        self._process.stdin.flush()
        answer = self._answer(LIMIT_S)
        if answer in ("hang", "crash"):
            self.close()
            self._start()
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


def truncated(data: bytearray, rng: random.Random) -> bytearray:
    return data[: rng.randrange(1, len(data))]


def flipped(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice([1, 3, 10, 100, 1000])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def header_damaged(data: bytearray, rng: random.Random) -> bytearray:
    reach = min(len(data), rng.choice([16, 64, 512, 2048]))
    for _ in range(rng.choice([1, 2, 8, 32])):
        data[rng.randrange(reach)] = rng.randrange(256)
    return data


def end_damaged(data: bytearray, rng: random.Random) -> bytearray:
    reach = min(len(data), rng.choice([64, 512, 4096]))
    for _ in range(rng.choice([1, 4, 32])):
        data[-rng.randrange(1, reach + 1)] = rng.randrange(256)
    return data


def block_erased(data: bytearray, rng: random.Random) -> bytearray:
    at, size = rng.randrange(len(data)), rng.choice([4, 100, 3000])
    data[at : at + size] = bytes(len(data[at : at + size]))
    return data


def bytes_missing(data: bytearray, rng: random.Random) -> bytearray:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice([1, 2, 188, 2000])]
    return data or bytearray(b"\0")


DAMAGES = (truncated, flipped, header_damaged, end_damaged, block_erased, bytes_missing)


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_damage_hangs_or_crashes_or_leaves_something(
    make_video: Make, tmp_path: Path, worker: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = {"audio": 1, "frames": 8}
    videos = [
        make_video("h264.mp4", **sound),
        make_video("ffv1.mkv", codec="ffv1", pix_fmt="gbrap16le", options={}, fade=True, **sound),
        make_video("prores.mov", codec="prores_ks", pix_fmt="yuva444p10le", options={}, **sound),
    ]
    for index, video in enumerate(videos):  # the sound ones go through
        for slowdown in "1", "2":
            target = tmp_path / f"sound-{index}-{slowdown}.mkv"
            assert worker.convert(video, target, slowdown) == "whole"
    found: Counter[str] = Counter()
    bad: list[str] = []
    slowest = 0.0
    for number in range(540):
        rng = random.Random(number)
        video = videos[number % 3]
        damage = DAMAGES[number // 3 % len(DAMAGES)]
        folder = tmp_path / "case"
        folder.mkdir()
        source = folder / video.name
        source.write_bytes(damage(bytearray(video.read_bytes()), rng))
        target = folder / ("out.mkv", "out", "out.mp4")[number // 18 % 3]
        begin = time.monotonic()
        answer = worker.convert(source, target, rng.choice(["1", "1", "2"]))
        slowest = max(slowest, time.monotonic() - begin)
        found[answer.split()[0]] += 1
        names = {entry.name for entry in folder.iterdir()} - {source.name}
        allowed = {target.name} if answer == "whole" else set()
        if answer not in ("whole", "refused") or names != allowed:
            bad.append(f"case {number}, {damage.__name__} of {video.name}: {answer}, left {names}")
        shutil.rmtree(folder)
    with capsys.disabled():
        print(f"\n540 damaged videos: {dict(found)}, slowest {slowest:.2f} s")
    assert not bad, "\n".join(bad)
    assert min(found["whole"], found["refused"]) > 50  # else the damage is too mild or too grave


@pytest.mark.timeout(60)
def test_damaged_pipes(make_video: Make, tmp_path: Path) -> None:
    video = make_video("in.mp4", pix_fmt="yuv420p10le")
    with open_source(video) as source, open_sink(tmp_path / "in.y4m", source) as sink:
        for frame in source:
            sink.write(frame)
    data = (tmp_path / "in.y4m").read_bytes()
    answers: Counter[str] = Counter()
    for number in range(120):
        rng = random.Random(number)
        broken = DAMAGES[number % len(DAMAGES)](bytearray(data), rng)
        answers[read_stream(bytes(broken))] += 1
    assert set(answers) == {"whole", "refused"}


def read_stream(data: bytes) -> str:
    try:
        return "whole" if list(Y4mStream(io.BytesIO(data))) else "nothing"
    except VideoError as error:
        return "two lines" if "\n" in str(error) else "refused"


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("suffix", "pix_fmt", "image_format"),
    [("png", "rgba64le", "png16"), ("exr", "gbrp", "exr"), ("tiff", "rgb48le", "tiff16")],
)
def test_damaged_images(
    make_video: Make, tmp_path: Path, suffix: str, pix_fmt: str, image_format: str
) -> None:
    codec_format = {"gbrp": "bgr0"}.get(pix_fmt, pix_fmt)
    video = make_video("in.mkv", codec="ffv1", pix_fmt=codec_format, options={}, frames=2)
    with (
        open_source(video) as source,
        open_sink(tmp_path / "in", source, image_format=image_format) as sink,
    ):
        for frame in source:
            sink.write(frame)
    image = tmp_path / "in" / f"000001.{suffix}"
    data = image.read_bytes()
    for number in range(36):
        image.write_bytes(DAMAGES[number % len(DAMAGES)](bytearray(data), random.Random(number)))
        outcome = "whole"
        try:
            with (
                open_source(tmp_path / "in") as source,
                open_sink(tmp_path / "out", source) as sink,
            ):
                for frame in source:
                    assert bool(frame.rgb.isfinite().all())
                    sink.write(frame)
        except VideoError as error:
            outcome = "two lines" if "\n" in str(error) else "refused"
        assert outcome != "two lines"
        assert (tmp_path / "out").exists() == (outcome == "whole")
        assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith(".")]
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
