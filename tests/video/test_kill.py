"""kill -9 at any moment: going on gives the very file of a run that nobody disturbed."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

av = pytest.importorskip("av")

Make = Callable[..., Path]
Check = Callable[..., None]

SCRIPT = """
import sys, time
from pathlib import Path
from vfiblocks.video import UpsampledVideo, open_source
from vfiblocks.video.join import is_cleaned_up_only, join_segments, write_segmented
from vfiblocks.video.job import JobFolder
from vfiblocks.video.segmented import SegmentedVideo

source, output, pause = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])

def average(gap, windows):
    for window in windows:
        time.sleep(pause)
        yield gap.frames.mean(1)

print("started", flush=True)
if is_cleaned_up_only(JobFolder(output)):
    join_segments(output)
else:
    with UpsampledVideo(open_source(source), average) as video:
        write_segmented(SegmentedVideo(video, output, identity={}, segment_frames=8))
"""


def run(source: Path, output: Path, *, kill_after: float | None, pause: float = 0.01) -> bool:
    """Whether the run came to its end."""
    arguments = [sys.executable, "-c", SCRIPT, str(source), str(output), str(pause)]
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n", process.communicate()[1]
        if kill_after is not None:
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)
        errors = process.communicate()[1]
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode == 0


def content(path: Path) -> list[tuple[int, int | None, bytes]]:
    """What a player sees; Matroska files also have random numbers as names of themselves."""
    with av.open(str(path)) as container:
        return [(p.stream_index, p.pts, bytes(p)) for p in container.demux() if p.size]


def killed_often(
    source: Path, tmp_path: Path, moments: list[float], check: Check, *, output: str
) -> None:
    straight, interrupted = tmp_path / f"straight-{output}", tmp_path / output
    assert run(source, straight, kill_after=None, pause=0)
    for moment in moments:
        run(source, interrupted, kill_after=moment)
        if not (tmp_path / f".{output}.segments").exists():  # it was faster
            assert not interrupted.exists() or content(interrupted) == content(straight)
            interrupted.unlink(missing_ok=True)  # the next one begins anew
    if not interrupted.exists() or (tmp_path / f".{output}.segments").exists():
        assert run(source, interrupted, kill_after=None, pause=0)
    assert content(interrupted) == content(straight)
    check("clip.mp4", output, straight.name)


def test_killed_and_resumed(make_video: Make, tmp_path: Path, no_leftovers: Check) -> None:
    source = make_video(frames=30, audio=1)
    killed_often(source, tmp_path, [0.35], no_leftovers, output="out.mp4")


@pytest.mark.slow
def test_killed_at_ten_random_moments(
    make_video: Make, tmp_path: Path, no_leftovers: Check
) -> None:
    source = make_video(frames=90, audio=1)
    dice = random.Random(15)
    moments = [dice.uniform(0, 0.6) for _ in range(10)]
    killed_often(source, tmp_path, moments, no_leftovers, output="out.mkv")
