"""The display matrix: its angle, and putting it into a finished MP4."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from vfiblocks.video import open_source
from vfiblocks.video.display_matrix import matrix_of_rotation, patch_mp4, rotation_of

ONE = 65536
QUARTER_TURN = (0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30)


@pytest.mark.parametrize(
    ("a", "b", "c", "d", "degrees"),
    [
        (ONE, 0, 0, ONE, 0.0),
        (0, ONE, -ONE, 0, -90.0),
        (0, -ONE, ONE, 0, 90.0),
        (-ONE, 0, 0, -ONE, 180.0),
        (2 * ONE, 0, 0, 2 * ONE, 0.0),
        (0, 0, 0, 0, 0.0),
    ],
)
def test_angles(a: int, b: int, c: int, d: int, degrees: float) -> None:
    assert rotation_of((a, b, 0, c, d, 0, 0, 0, 1 << 30)) == pytest.approx(degrees)


@pytest.mark.parametrize("degrees", [0, 90, -90, 180, 12.5])
def test_angles_come_back(degrees: float) -> None:
    assert rotation_of(matrix_of_rotation(degrees)) == pytest.approx(degrees, abs=1e-3)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov"])
@pytest.mark.parametrize("audio", [0, 1])
def test_a_finished_file_can_be_turned(
    make_video: Callable[..., Path], name: str, audio: int
) -> None:
    path = make_video(name, audio=audio)
    before = path.stat().st_size
    assert patch_mp4(path, QUARTER_TURN)
    assert path.stat().st_size == before
    with open_source(path) as source:
        assert source.info.display_matrix == QUARTER_TURN
        assert source.info.rotation == pytest.approx(-90)
        assert len(list(source)) == 8


def test_a_file_without_a_picture_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        silence.sample_rate, silence.pts = 16000, 0
        container.mux(stream.encode(silence) + stream.encode(None))
    before = path.read_bytes()
    assert not patch_mp4(path, QUARTER_TURN)
    assert path.read_bytes() == before


def test_the_angle_is_the_one_pyav_reads(make_video: Callable[..., Path]) -> None:
    path = make_video()
    patch_mp4(path, QUARTER_TURN)
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    if not hasattr(frame, "rotation"):
        pytest.skip("this PyAV has no opinion")
    assert frame.rotation == -90
