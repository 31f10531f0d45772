"""Pictures between pictures, and what is shown of how they came about."""

import cv2
import pytest
import torch

from lift15.making import load_model
from lift15.serve.jobs import Jobs, Stopped
from lift15.serve.limits import Limits
from lift15.serve.pictures import (
    interpolate_among,
    make_pictures,
    read_moments,
    read_pictures,
)
from vfiblocks import build_model, interpolate
from vfiblocks.errors import InputError
from vfiblocks.video import write_picture

pytest.importorskip("av")


@pytest.fixture(scope="module")
def classical():
    return load_model("classical", device="cpu")


@pytest.fixture
def make(tmp_path, classical, limits, job):
    folder = tmp_path / "made"
    folder.mkdir()

    def run(files, *, moments=(0.5,), pair=0, model=classical, limits=limits, job=job):
        return make_pictures(
            files,
            folder,
            model=model,
            moments=moments,
            pair=pair,
            limits=limits,
            job=job,
            on_progress=lambda done, total: None,
        )

    return run


def load(path):
    return torch.from_numpy(cv2.imread(str(path))).flip(-1).permute(2, 0, 1) / 255


def test_the_picture_is_the_one_that_the_model_makes(make, classical, pictures):
    made = make(pictures, pair=1, moments=[0.25, 0.5])
    left, right = load(pictures[1]), load(pictures[2])
    assert [each.moment for each in made.made] == [0.25, 0.5]
    assert torch.equal(load(made.before), left)
    for each in made.made:
        wanted = interpolate(classical, left, right, each.moment)
        torch.testing.assert_close(load(each.path), wanted, atol=0.51 / 255, rtol=0)
    torch.testing.assert_close(
        load(made.averages[0]), torch.lerp(left, right, 0.25), atol=0.51 / 255, rtol=0
    )


def test_flow_and_visibility_are_drawn(make, pictures):
    seen = make(pictures).made[0].seen
    captions = [caption for _, caption in seen]
    assert captions[0] == "draft, before refinement"
    assert captions[1] == "flow to left"
    assert captions[2].startswith("flow to right, wheel ")
    assert captions[3:] == ["visible in left", "visible in right", "share of left"]
    assert all(load(path).shape == (3, 48, 64) for path, _ in seen)


def test_weights_of_the_pictures_are_drawn_where_there_are_any(make, pictures):
    model = build_model("lift15-tiny").eval()
    path, caption = make(pictures, model=model).made[0].seen[-1]
    assert caption == "weight of each picture; line: all alike"
    assert load(path).shape[1] == 240


def test_a_model_of_many_frames_sees_all_that_there_are(pictures):
    model = build_model("lift15-tiny").eval()
    clip = read_pictures(pictures, Limits())
    made, numbers = interpolate_among(model, clip, 2, 0.5)
    assert [i for i in numbers if i is not None] == [0, 1, 2, 3]
    weights = made.context.weights[0]
    assert all((weights[slot] > 0) == (i is not None) for slot, i in enumerate(numbers))


def test_pictures_are_taken_in_the_order_given(pictures):
    clip = read_pictures([pictures[2], pictures[0]], Limits())
    assert torch.equal(clip[0], load(pictures[2]))
    assert torch.equal(clip[1], load(pictures[0]))


def test_what_is_refused(make, pictures, tmp_path, grey):
    with pytest.raises(InputError, match=r"p1\.png is 64x48, 0\.0 megapixels"):
        make(pictures[1:], limits=Limits(megapixels=0.003))
    small = write_picture(tmp_path / "small.png", grey[:, :32])
    with pytest.raises(InputError, match=r"small\.png is 64x32 and p0\.png 64x48; all pictures"):
        make([pictures[0], small])
    with pytest.raises(InputError, match="one before and one after"):
        make(pictures, pair=3)
    with pytest.raises(InputError, match=r"midway alone; ask for 0\.5"):
        make(pictures, model=build_model("rife").eval(), moments=[0.25])
    text = tmp_path / "text.png"
    text.write_text("no picture")
    with pytest.raises(InputError, match=r"text\.png is damaged, or not a picture"):
        make([pictures[0], text])


def test_cancelled_between_two(make, pictures):
    jobs = Jobs(minutes=1)
    with jobs.running("tab") as job:
        jobs.cancel("tab")
        with pytest.raises(Stopped):
            make(pictures, job=job)


@pytest.mark.parametrize("text", ["", "half", "0", "1", "0.5 1.5", "nan", "-0.5"])
def test_moments_that_are_none(text):
    with pytest.raises(InputError, match="moments"):
        read_moments(text)


def test_a_photograph_that_is_stored_turned_is_shown_upright(tmp_path):
    pil = pytest.importorskip("PIL.Image")
    files = []
    for index in range(2):
        exif = pil.Exif()
        exif[0x0112] = 6  # turn clockwise by a quarter
        image = pil.new("RGB", (64, 48))
        image.paste((255, 255, 255), (0, 0, 64, 24))  # the upper half; at the right when upright
        files.append(tmp_path / f"{index}.jpg")
        image.save(files[-1], exif=exif)
    clip = read_pictures(files, Limits())
    assert clip.shape == (2, 3, 64, 48)
    assert clip[..., 40:].mean() > 0.9
    assert clip[..., :8].mean() < 0.1
