import os
import subprocess
import sys

import pytest
import torch

from lift15.serve.jobs import Jobs
from lift15.serve.limits import Limits
from lift15.serve.workspace import Workspace


@pytest.fixture
def workspace():
    with Workspace(minutes=60) as opened:
        yield opened


@pytest.fixture
def limits():
    return Limits()


@pytest.fixture
def job():
    with Jobs(minutes=1).running("a tab") as running:
        yield running


@pytest.fixture
def clip(tmp_path):
    """Six frames of 48x64 at 12 frames per second."""
    pytest.importorskip("av")
    from lift15.data import photo_scene
    from vfiblocks.video import write_video

    return write_video(tmp_path / "clip.mp4", photo_scene(6, height=48, width=64), rate=12)


@pytest.fixture
def pictures(tmp_path):
    """Four pictures of 48x64 as PNG."""
    pytest.importorskip("av")
    from lift15.data import photo_scene
    from vfiblocks.video import write_picture

    frames = photo_scene(4, height=48, width=64)
    return [write_picture(tmp_path / f"p{i}.png", frame) for i, frame in enumerate(frames)]


@pytest.fixture
def with_sound(tmp_path, clip):
    """The clip with half a second of silence in a codec of choice, in Matroska."""
    import av

    from vfiblocks.video._av import add_copied_stream

    def add(codec):
        path = tmp_path / f"{codec}.mkv"
        with av.open(str(clip)) as source, av.open(str(path), "w") as output:
            shown = add_copied_stream(output, source.streams.video[0])
            voice = output.add_stream(codec, rate=48000)
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = shown
                    output.mux(packet)
            for index in range(20):
                silence = av.AudioFrame(format=voice.format.name, layout="stereo", samples=1024)
                for plane in silence.planes:
                    plane.update(bytes(plane.buffer_size))
                silence.sample_rate, silence.pts = 48000, 1024 * index
                output.mux(voice.encode(silence))
            output.mux(voice.encode(None))
        return path

    return add


@pytest.fixture
def grey():
    return torch.full((3, 48, 64), 0.5)


@pytest.fixture(scope="session")
def start(tmp_path_factory):
    """Start ``vfi serve`` as a process of its own, with its temporary files in a folder."""

    def run(*arguments, folder=None):
        folder = folder or tmp_path_factory.mktemp("served")
        command = [sys.executable, "-c", "from lift15.cli import main; main()", "serve"]
        return subprocess.Popen(
            [*command, "--port", "0", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )

    return run


@pytest.fixture(scope="session")
def address(start):
    """Where the page is served, with small limits."""
    pytest.importorskip("gradio")
    server = start("--max-seconds", "5", "--max-megabytes", "1")
    try:
        yield server.stderr.readline().split()[0]
    finally:
        server.terminate()
        server.wait(timeout=60)
