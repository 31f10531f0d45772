"""Long videos from the command line: resumed, in shards, on a cluster, always the same frames."""

from pathlib import Path

import pytest
import torch

from vfiblocks.errors import InputError

av = pytest.importorskip("av")


@pytest.fixture
def clip(tmp_path):
    from lift15.data import photo_scene
    from vfiblocks.video import write_video

    return write_video(tmp_path / "in.mp4", photo_scene(9, height=48, width=64), rate=12)


@pytest.fixture
def short_segments(monkeypatch):
    """Segments of four frames; nine source frames would all be in one."""
    from lift15.long_videos import LongVideo

    plain = LongVideo.__init__

    def short(self, *args, **options):
        plain(self, *args, **{**options, "segment_frames": 4})

    monkeypatch.setattr(LongVideo, "__init__", short)


def pictures(path):
    with av.open(str(path)) as container:
        return [(f.pts, bytes(f.planes[0])) for f in container.decode(video=0)]


def listing(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_resumed_is_straight_without_loss(vfi, clip, tmp_path, short_segments):
    """The real model, streaming from gap to gap, makes the same frames in segments."""
    lossless = ("--codec", "ffv1", "--factor", 3)
    assert vfi("interpolate", clip, "-o", tmp_path / "a.mkv", *lossless).code == 0
    outcome = vfi("interpolate", clip, "-o", tmp_path / "b.mkv", "--resume", *lossless)
    assert outcome.code == 0, outcome.err
    assert "b.mkv: 9 frames in, 25 out" in outcome.err
    assert pictures(tmp_path / "a.mkv") == pictures(tmp_path / "b.mkv")
    assert listing(tmp_path) == ["a.mkv", "b.mkv", "in.mp4"]


def test_a_network_in_segments(clip, tmp_path, short_segments):
    """Seven frames of context on each side come from beyond the borders."""
    from lift15.long_videos import LongVideo
    from lift15.upsampling import upsample_video

    torch.manual_seed(0)
    film = LongVideo(clip, tmp_path / "b.mkv", model="lift15-tiny", untrained=True, codec="ffv1")
    model = film.load_model()
    upsample_video(clip, tmp_path / "a.mkv", model=model, codec="ffv1")
    film.resume(model=model)
    assert pictures(tmp_path / "a.mkv") == pictures(tmp_path / "b.mkv")


def test_shards_and_join(vfi, refused, clip, tmp_path, short_segments):
    whole, output = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    assert vfi("interpolate", clip, "-o", whole, "--resume").code == 0
    outcome = vfi("interpolate", clip, "-o", output, "--shard", "1/2")
    assert outcome.code == 0, outcome.err
    assert "shard 1/2: 2 of 2 segments made" in outcome.err
    assert not output.exists()
    line = refused("join", output)
    assert "of 4 segments (0 to 3) 2 are missing or damaged: 0 to 1" in line
    assert vfi("interpolate", clip, "-o", output, "--shard", "0/2").code == 0
    assert vfi("join", output).code == 0
    assert output.read_bytes() == whole.read_bytes()
    assert listing(tmp_path) == ["in.mp4", "out.mp4", "whole.mp4"]


def test_segments_may_be_shorter(vfi, clip, tmp_path):
    output = tmp_path / "out.mp4"
    arguments = ("interpolate", clip, "-o", output, "--shard", "0/1", "--segment-frames")
    outcome = vfi(*arguments, 4)
    assert "4 of 4 segments made" in outcome.err
    outcome = vfi(*arguments, 5)
    assert outcome.code == 1
    assert "was begun with segment_frames 4, now it is 5" in outcome.err


def test_another_model_is_refused(vfi, refused, clip, tmp_path):
    output = tmp_path / "out.mp4"
    assert vfi("interpolate", clip, "-o", output, "--shard", "0/1").code == 0
    tiny = ("--model", "lift15-tiny", "--allow-untrained")
    assert "was begun with" in refused("interpolate", clip, "-o", output, "--resume", *tiny)
    assert "was begun with cuts auto, now it is off" in refused(
        "interpolate", clip, "-o", output, "--resume", "--cuts", "off"
    )


@pytest.mark.parametrize("text", ["3/3", "1", "a/b", "-1/2", "0/0"])
def test_shards_are_checked_first(refused, clip, tmp_path, text):
    line = refused("interpolate", clip, "-o", tmp_path / "out.mp4", f"--shard={text}")
    assert "a shard is i/n with i from 0 to n-1" in line
    assert listing(tmp_path) == ["in.mp4"]


def test_a_cluster_and_a_shard_exclude_each_other(refused, clip, tmp_path):
    arguments = ("interpolate", clip, "-o", tmp_path / "out.mp4", "--shard", "0/2", "--ray", "auto")
    assert "leave --shard or --ray out" in refused(*arguments)


def test_weights_have_a_name():
    from lift15.long_videos import weights_sha256
    from vfiblocks import build_model

    torch.manual_seed(0)
    model = build_model("lift15-tiny")
    name = weights_sha256(model)
    assert name == weights_sha256(model)
    with torch.no_grad():
        next(model.parameters()).view(-1)[0] += 1
    assert name != weights_sha256(model)


@pytest.mark.slow
def test_a_local_cluster(vfi, clip, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    from lift15.long_videos import LongVideo
    from lift15.ray_workers import interpolate_on_ray

    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    film = LongVideo(clip, tmp_path / "whole.mp4", segment_frames=4)
    film.resume()
    shared = LongVideo(clip, Path(tmp_path / "out.mp4"), segment_frames=4)
    counts = []
    report = interpolate_on_ray(
        shared, address="local", workers=2, on_progress=lambda *both: counts.append(both)
    )
    assert report.frames_out == 17
    assert counts[-1] == (17, 17)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert listing(tmp_path) == ["in.mp4", "out.mp4", "whole.mp4"]


def test_no_cluster_there(clip, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    from lift15.long_videos import LongVideo
    from lift15.ray_workers import interpolate_on_ray

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(InputError, match="no Ray cluster at"):
        interpolate_on_ray(LongVideo(clip, tmp_path / "out.mp4"), address="nonsense")
