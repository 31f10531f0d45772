"""The main job from the command line: a real file in, a real file out, or one clear line."""

import errno

import pytest
import torch

av = pytest.importorskip("av")

TINY = ("--model", "lift15-tiny", "--allow-untrained")


@pytest.fixture
def clip(tmp_path):
    from lift15.data import photo_scene
    from vfiblocks.video import write_video

    return write_video(tmp_path / "in.mp4", photo_scene(5, height=48, width=64), rate=12)


def frames_of(path):
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def listing(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_doubles_the_frames_without_any_weights(vfi, clip, tmp_path):
    outcome = vfi("interpolate", clip, "-o", tmp_path / "out.mp4")
    assert outcome.code == 0, outcome.err
    assert "5 frames in, 9 out" in outcome.err
    assert outcome.out == ""
    assert frames_of(tmp_path / "out.mp4") == 9
    assert listing(tmp_path) == ["in.mp4", "out.mp4"]


def test_any_factor(vfi, clip, tmp_path):
    assert vfi("interpolate", clip, "-o", tmp_path / "out.mkv", "--factor", 3).code == 0
    assert frames_of(tmp_path / "out.mkv") == 13


def test_a_folder_of_pictures_in_and_out(vfi, tmp_path):
    from vfiblocks.video import write_picture

    (tmp_path / "in").mkdir()
    for index in range(3):
        write_picture(tmp_path / "in" / f"{index}.png", torch.full((3, 48, 64), index / 4))
    assert vfi("interpolate", tmp_path / "in", "-o", tmp_path / "out").code == 0
    assert listing(tmp_path / "out") == [f"{index:06d}.png" for index in range(5)]


def test_a_network_from_a_checkpoint_sees_its_context(vfi, clip, tmp_path):
    from vfiblocks import build_model, save

    weights = save(build_model("lift15-tiny"), tmp_path / "tiny.safetensors")
    outcome = vfi("interpolate", clip, "-o", tmp_path / "out.mp4", "--model", weights)
    assert outcome.code == 0, outcome.err
    assert frames_of(tmp_path / "out.mp4") == 9


def test_random_weights_are_refused_unless_asked_for(vfi, refused, clip, tmp_path):
    output = tmp_path / "out.mp4"
    line = refused("interpolate", clip, "-o", output, "--model", "lift15-tiny")
    assert "no trained weights" in line
    assert "--allow-untrained" in line
    assert not output.exists()
    assert vfi("interpolate", clip, "-o", output, *TINY).code == 0


def test_a_model_of_midpoints_refuses_other_factors_before_starting(refused, clip, tmp_path):
    line = refused(
        *("interpolate", clip, "-o", tmp_path / "out.mp4"),
        *("--model", "rife", "--allow-untrained", "--factor", 3),
    )
    assert "midpoints only" in line
    assert "rife-m" in line


def test_an_existing_output_is_kept(vfi, refused, clip, tmp_path):
    output = tmp_path / "out.mp4"
    output.write_bytes(b"precious")
    assert "already exists" in refused("interpolate", clip, "-o", output)
    assert output.read_bytes() == b"precious"
    assert vfi("interpolate", clip, "-o", output, "--overwrite").code == 0
    assert frames_of(output) == 9


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.mp4", None, "no such file"),
        ("empty.mp4", b"", "empty"),
        ("text.mp4", b"not a video at all\n" * 40, "text.mp4"),
    ],
)
def test_bad_inputs_are_one_line(refused, tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert says in refused("interpolate", tmp_path / name, "-o", tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_one_frame_is_not_a_video(refused, tmp_path):
    from vfiblocks.video import write_video

    still = write_video(tmp_path / "still.mkv", torch.rand(1, 3, 48, 64), rate=25)
    assert "two" in refused("interpolate", still, "-o", tmp_path / "out.mp4")
    assert listing(tmp_path) == ["still.mkv"]


def test_truncated_video_leaves_nothing(refused, clip, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    assert "broken.mp4" in refused("interpolate", broken, "-o", tmp_path / "out.mp4")
    assert listing(tmp_path) == ["broken.mp4", "in.mp4"]


def test_missing_output_folder(refused, clip, tmp_path):
    line = refused("interpolate", clip, "-o", tmp_path / "nowhere" / "out.mp4")
    assert "does not exist" in line


def test_full_disk_leaves_nothing(refused, clip, tmp_path, monkeypatch):
    def full(self, packets):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("av.container.OutputContainer.mux", full)
    assert "disk is full" in refused("interpolate", clip, "-o", tmp_path / "out.mp4")
    assert listing(tmp_path) == ["in.mp4"]


def test_ctrl_c_in_the_middle_leaves_nothing(vfi, clip, tmp_path, monkeypatch):
    from lift15 import upsampling

    def interrupted(model):
        def make(frames, window, valid):
            raise KeyboardInterrupt

        return make

    monkeypatch.setattr(upsampling, "frame_maker", interrupted)
    outcome = vfi("interpolate", clip, "-o", tmp_path / "out.mp4")
    assert outcome.code == 130
    assert outcome.err.strip().startswith("vfi: interrupted")
    assert listing(tmp_path) == ["in.mp4"]


def test_an_unknown_device_is_one_line(refused, clip, tmp_path):
    line = refused(
        *("interpolate", clip, "-o", tmp_path / "out.mp4", "--device", "abacus"),
        *("--model", "lift15-tiny", "--allow-untrained"),
    )
    assert "abacus" in line


def test_unknown_model(refused, clip, tmp_path):
    line = refused("interpolate", clip, "-o", tmp_path / "out.mp4", "--model", "rive")
    assert "did you mean 'rife'" in line
