"""The main job from the command line: a real file in, a real file out, or one clear line."""

import errno
from fractions import Fraction

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
    assert "5 frames in, 9 out, by classical-quadratic" in outcome.err
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
    assert "factors 2, 4, 8, ..., not 3" in line
    assert "rife-m" in line


def test_a_model_of_midpoints_reaches_four_by_recursion(vfi, clip, tmp_path):
    from vfiblocks import assemble, find_spec, save

    narrow = {"flow": {"channels": (8, 8, 8)}}
    spec = find_spec("rife").override(**narrow, encoder=None, refiner=None)
    weights = save(assemble(spec), tmp_path / "narrow.safetensors")
    outcome = vfi(
        *("interpolate", clip, "-o", tmp_path / "out.mp4", "--factor", 4, "--model", weights),
        *("--flow-scale", 0.5),
    )
    assert outcome.code == 0, outcome.err
    assert frames_of(tmp_path / "out.mp4") == 17


def test_a_flow_scale_for_a_model_without_one_is_one_line(refused, clip, tmp_path):
    line = refused("interpolate", clip, "-o", tmp_path / "out.mp4", "--flow-scale", 0.5)
    assert "flow 'quadratic' has no option 'flow_scale'" in line


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

    def interrupted(model, **options):
        def make(gap, windows):
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


def rate_of(path):
    with av.open(str(path)) as container:
        return container.streams.video[0].average_rate


def test_any_frame_rate(vfi, clip, tmp_path):
    output = tmp_path / "out.mp4"
    outcome = vfi("interpolate", clip, "-o", output, "--fps", "30000/1001")
    assert outcome.code == 0, outcome.err
    assert (frames_of(output), rate_of(output)) == (10, Fraction(30000, 1001))
    assert vfi("interpolate", clip, "-o", output, "--fps", "6", "--overwrite").code == 0
    assert frames_of(output) == 3


@pytest.fixture
def with_sound(tmp_path):
    from vfiblocks.video._av import add_copied_stream

    def add(clip):
        """The clip with a second of silence."""
        path = tmp_path / "sound.mkv"
        with av.open(str(clip)) as source, av.open(str(path), "w") as output:
            pictures = add_copied_stream(output, source.streams.video[0])
            voice = output.add_stream("pcm_s16le", rate=8000)
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = pictures
                    output.mux(packet)
            silence = av.AudioFrame(format="s16", layout="mono", samples=8000)
            silence.planes[0].update(bytes(silence.planes[0].buffer_size))
            silence.sample_rate = 8000
            output.mux(voice.encode(silence))
            output.mux(voice.encode(None))
        return path

    return add


def test_slow_motion_says_that_there_is_no_sound(vfi, clip, tmp_path, with_sound):
    output = tmp_path / "out.mp4"
    outcome = vfi("interpolate", with_sound(clip), "-o", output, "--slow-motion", 4)
    assert outcome.code == 0, outcome.err
    assert "sound is left out (1 stream(s))" in outcome.err
    assert (frames_of(output), rate_of(output)) == (17, 12)


def test_a_preview_reads_so_many_seconds(vfi, clip, tmp_path):
    assert vfi("interpolate", clip, "-o", tmp_path / "out.mp4", "--preview", "0.2").code == 0
    assert frames_of(tmp_path / "out.mp4") == 5  # three frames of 12 per second begin in 0.2 s


def test_a_list_of_cuts(vfi, refused, clip, tmp_path):
    cuts = tmp_path / "cuts.txt"
    cuts.write_text("2  # where the scene changes\n")
    outcome = vfi("interpolate", clip, "-o", tmp_path / "out.mp4", "--cuts", cuts)
    assert outcome.code == 0, outcome.err
    assert "1 cut(s) found: nothing is made across them" in outcome.err
    line = refused("interpolate", clip, "-o", tmp_path / "two.mp4", "--cuts", tmp_path / "none.txt")
    assert "the cut list cannot be read" in line


def test_several_inputs_go_to_a_folder(vfi, refused, clip, tmp_path):
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes())
    broken = clip.with_name("broken.mp4")
    broken.write_bytes(b"nothing")
    line = refused("interpolate", clip, other, "-o", tmp_path / "out.mp4")
    assert "2 inputs need a folder" in line
    outcome = vfi("interpolate", clip, broken, other, "-o", tmp_path / "out")
    assert outcome.code == 1
    assert "broken.mp4" in outcome.err
    assert listing(tmp_path / "out") == ["in.mp4", "other.mp4"]
    assert "would both become" in refused("interpolate", clip, clip, "-o", tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--fps", "fast"), "frame rate must be a number"),
        (("--fps", "1/0"), "frame rate must be a number"),
        (("--fps", "-1"), "frame rate must be positive"),
        (("--fps", "60", "--factor", "2"), "exclude each other"),
        (("--fps", "60", "--keep-timestamps"), "does not keep the source's time stamps"),
        (("--slow-motion", "0.5"), "1 or more times slower"),
        (("--slow-motion", "2", "--audio", "keep"), "beside pictures of another length"),
        (("--audio", "loud"), "audio must be one of keep, drop, stretch"),
        (("--cut-threshold", "1"), "cut threshold must be above 1"),
        (("--preview", "0"), "longer than 0 seconds"),
        (("--factor", "1"), "factor must be 2 or more"),
        (("--fps", "30", "--model", "rife", "--allow-untrained"), "30 frames/s from 12 need"),
    ],
)
def test_wishes_that_cannot_be_met_are_one_line(refused, clip, tmp_path, options, says):
    assert says in refused("interpolate", clip, "-o", tmp_path / "out.mp4", *options)
    assert listing(tmp_path) == ["in.mp4"]


def test_tiles_and_memory_limits(vfi, refused, clip, tmp_path):
    """The memory a model needs is only known for one that torch alone computes."""
    assert vfi("interpolate", clip, "-o", tmp_path / "tiled.mp4", "--tile", "160x160").code == 0
    assert frames_of(tmp_path / "tiled.mp4") == 9
    output = tmp_path / "out.mp4"
    untrained = ("--model", "rife-4.25", "--allow-untrained")
    assert "500MB" in refused("interpolate", clip, "-o", output, "--max-memory", "lots")
    assert "height x width" in refused("interpolate", clip, "-o", output, "--tile", "big")
    assert "'quadratic'" in refused("interpolate", clip, "-o", output, "--max-memory", "4GB")
    line = refused("interpolate", clip, "-o", output, "--max-memory", "20MB", *untrained)
    assert "GB are not enough" in line
    assert not output.exists()


def test_an_image_format(vfi, clip, tmp_path):
    folder = tmp_path / "frames"
    assert vfi("interpolate", clip, "-o", folder, "--image-format", "png16").code == 0
    assert listing(folder)[0] == "000000.png"
