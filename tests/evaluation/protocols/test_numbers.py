"""Numbers of every protocol on its miniature, against a slow computation that shares no code."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from lift15.evaluation.baselines import Average, Repeat
from lift15.evaluation.prediction import Predictor, Shown
from lift15.evaluation.protocols import PROTOCOLS, Pad, find_protocol
from lift15.evaluation.protocols.reading import read_benchmark
from lift15.evaluation.runner import Run, evaluate
from vfiblocks import Window

EPSILON = 1e-8


class Mix(Predictor):
    """The references mixed by a share that leaves no level half way between two others."""

    name = "mix"
    share = 0.3141

    def __init__(self):
        self.identity = {"spec": "mix", "weights": "", "precision": "float32"}

    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[torch.Tensor]:
        left, right = shown.frames[:, 0], shown.frames[:, 1]
        return [torch.lerp(left, right, self.share * window.time) for window in windows]


class Border(Predictor):
    """Left reference plus a share of the mean of all that it is shown: sees every padded pixel."""

    name = "border"

    def __init__(self):
        self.identity = {"spec": "border", "weights": "", "precision": "float32"}

    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[torch.Tensor]:
        assert shown.frames.dtype == torch.float32
        mean = shown.frames.mean()
        return [(shown.frames[:, 0] + 0.0973 * mean).clamp(0, 1) for _ in windows]


class Corner(Predictor):
    """Left reference, darker towards the right and the bottom: turning the pictures matters."""

    name = "corner"

    def __init__(self):
        self.identity = {"spec": "corner", "weights": "", "precision": "float32"}

    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[torch.Tensor]:
        height, width = shown.frames.shape[-2:]
        ramp = torch.linspace(1, 0.5, height)[:, None] * torch.linspace(1, 0.5, width)
        return [shown.frames[:, 0] * ramp for _ in windows]


def left_right_truth(slow, item):
    return (
        slow.read(item.before[0].path),
        slow.read(item.after[0].path),
        slow.read(item.target.path),
    )


def scores(predictor, protocol, root, tmp_path):
    (summary,) = evaluate(
        [predictor], [protocol], root, Run(output=tmp_path / "out", incomplete=True)
    )
    return summary.scores


# benchmark: fixture of its miniature
ROOTS = {
    "vimeo-triplet": "triplets",
    "vimeo-septuplet": "septuplets",
    "ucf101": "ucf",
    "ucf101-qvi": "ucf_qvi",
    "snu-film": "snu",
    "davis": "davis",
    "middlebury": "middlebury",
    "xiph": "xiph",
    "x-test": "x_test",
}


def root_of(name, request):
    key = max((key for key in ROOTS if name.startswith(key)), key=len)
    return request.getfixturevalue(ROOTS[key])


@pytest.mark.parametrize(
    ("name", "rounds", "epsilon"),
    [
        ("vimeo-triplet", True, 0),
        ("vimeo-triplet@ema", False, 0),
        ("vimeo-triplet@cain", True, EPSILON),
        ("vimeo-septuplet", False, EPSILON),
        ("vimeo-septuplet-hole", True, 0),
        ("vimeo-septuplet-ends", False, 0),
        ("ucf101", True, 0),
        ("ucf101@ifrnet", False, 0),
        ("ucf101-qvi", True, EPSILON),
        ("snu-film-hard", False, 0),
        ("snu-film-medium@cain", True, EPSILON),
        ("snu-film-easy@ifrnet", False, 0),
        ("snu-film-extreme@upr", False, 0),
        ("snu-film-hard@stmfnet", True, EPSILON),
        ("middlebury", True, 0),
        ("x-test", True, 0),
        ("x-test@ema", True, 0),
        ("x-test@upr", False, 0),
    ],
)
def test_psnr_and_ssim(name, rounds, epsilon, request, slow, tmp_path):
    """Of two pictures mixed: padding must leave no trace."""
    root = root_of(name, request)
    protocol = find_protocol(name)
    found = scores(Mix(), protocol, root, tmp_path)
    psnrs, ssims = [], []
    for item in read_benchmark(protocol, root, incomplete=True).items:
        left, right, truth = left_right_truth(slow, item)
        share = Mix.share * item.time
        mixed = (1 - share) * left + share * right
        mixed = slow.rounded(mixed) if rounds else mixed
        psnrs.append(slow.psnr(mixed, truth, epsilon))
        ssims.append(slow.ssim_3d(mixed, truth))
    assert found["psnr"] == pytest.approx(np.mean(psnrs), abs=2e-4)
    assert found["ssim-3d"] == pytest.approx(np.mean(ssims), abs=2e-5)


def test_davis_averages_over_sequences_and_its_other_codes_over_items(davis, slow, tmp_path):
    base = find_protocol("davis")
    cropped = find_protocol("davis@flavr").replace(crop=(20, 27))
    found = scores(Repeat(), base, davis, tmp_path)
    other = scores(Repeat(), cropped, davis, tmp_path)
    by_sequence, by_item = {}, []
    for item in read_benchmark(base, davis, incomplete=True).items:
        left, _, truth = left_right_truth(slow, item)
        by_sequence.setdefault(item.scene, []).append(slow.psnr(left, truth, EPSILON))
        # 24x32 -> 20x27: torchvision's CenterCrop starts at round(2.5) = 2
        cut = (slice(2, 22), slice(2, 29))
        by_item.append(slow.psnr(left[cut], truth[cut], EPSILON))
    assert [len(values) for values in by_sequence.values()] == [2, 4]  # means differ
    expected = np.mean([np.mean(values) for values in by_sequence.values()])
    assert found["psnr"] == pytest.approx(expected, abs=2e-4)
    assert other["psnr"] == pytest.approx(np.mean(by_item), abs=2e-4)


def test_ucf101_of_flavr_is_cut_to_224(ucf_qvi, make_picture, save_picture, slow, tmp_path):
    for time, path in enumerate(sorted(ucf_qvi.glob("*/*.png"))):
        save_picture(path, make_picture(1, time % 5, 256, 256))
    found = scores(Repeat(), find_protocol("ucf101-qvi@flavr"), ucf_qvi, tmp_path)
    expected = []
    for item in read_benchmark(find_protocol("ucf101-qvi"), ucf_qvi, incomplete=True).items:
        left, _, truth = left_right_truth(slow, item)
        expected.append(slow.psnr(left[16:240, 16:240], truth[16:240, 16:240], EPSILON))
    assert found["psnr"] == pytest.approx(np.mean(expected), abs=2e-4)


def test_middlebury_has_both_interpolation_errors(middlebury, slow, tmp_path):
    found = scores(Mix(), find_protocol("middlebury"), middlebury, tmp_path)
    means, roots = [], []
    for item in read_benchmark(find_protocol("middlebury"), middlebury).items:
        left, right, truth = left_right_truth(slow, item)
        share = Mix.share / 2
        error = np.round(255 * ((1 - share) * left + share * right)) - 255 * truth
        means.append(np.mean(np.abs(error)))
        roots.append(np.sqrt(np.mean(error**2)))
    assert found["ie-mean"] == pytest.approx(np.mean(means), rel=1e-5)
    assert found["ie-rms"] == pytest.approx(np.mean(roots), rel=1e-5)
    assert found["ie-rms"] > found["ie-mean"]


def test_xiph_shrinks_by_area_or_cuts_the_middle(xiph, slow, tmp_path):
    from skimage.metrics import structural_similarity

    small = find_protocol("xiph-2k").replace(
        resize=(6, 8), measures=find_protocol("xiph-2k").measures[:1]
    )
    cut = find_protocol("xiph-4k").replace(crop=(8, 10))
    measured = scores(Repeat(), small, xiph, tmp_path)
    middle = scores(Repeat(), cut.replace(measures=cut.measures[:2]), xiph, tmp_path)
    halves, middles, ssims = [], [], []
    for item in read_benchmark(small, xiph).items:
        left, _, truth = left_right_truth(slow, item)
        shrunk = [
            # Halves go up, as in OpenCV's area average of 8-bit pictures
            (np.round(255 * x).astype(int).reshape(6, 2, 8, 2, 3).sum(axis=(1, 3)) + 2) // 4 / 255
            for x in (left, truth)
        ]
        halves.append(slow.psnr(*shrunk))
        cuts = [x[2:10, 3:13] for x in (left, truth)]
        middles.append(slow.psnr(*cuts))
        levels = [np.round(255 * x).astype(np.uint8) for x in cuts]
        ssims.append(structural_similarity(*levels, data_range=255, channel_axis=2))
    assert len(halves) == 392
    assert measured["psnr"] == pytest.approx(np.mean(halves), abs=2e-4)
    assert middle["psnr"] == pytest.approx(np.mean(middles), abs=2e-4)
    assert middle["ssim-uniform"] == pytest.approx(np.mean(ssims), abs=2e-5)


def test_x_test_at_2k_is_shrunk_without_rounding(x_test, slow, tmp_path):
    protocol = find_protocol("x-test-2k").replace(resize=(12, 16))
    found = scores(Mix(), protocol, x_test, tmp_path)
    expected = []
    for item in read_benchmark(protocol, x_test, incomplete=True).items:
        left, right, truth = (
            x.reshape(12, 2, 16, 2, 3).mean(axis=(1, 3)) for x in left_right_truth(slow, item)
        )
        share = Mix.share * item.time
        expected.append(slow.psnr(slow.rounded((1 - share) * left + share * right), truth))
    assert found["psnr"] == pytest.approx(np.mean(expected), abs=2e-4)


def test_the_average_is_what_it_says(triplets, slow, tmp_path):
    found = scores(Average(), find_protocol("vimeo-triplet@ema"), triplets, tmp_path)
    expected = []
    for item in read_benchmark(find_protocol("vimeo-triplet"), triplets).items:
        left, right, truth = left_right_truth(slow, item)
        expected.append(slow.psnr((left + right) / 2, truth))
    assert found["psnr"] == pytest.approx(np.mean(expected), abs=2e-4)


def padded_slowly(rgb, name):
    """What the official codes do to a picture before their models see it."""
    height, width = rgb.shape[:2]

    def to(multiple):
        return (-height) % multiple, (-width) % multiple

    def around(down, across):
        return ((down // 2, down - down // 2), (across // 2, across - across // 2), (0, 0))

    if name in ("snu-film-hard", "middlebury@ema", "x-test@ema"):
        return np.pad(rgb, around(*to(32)), mode="edge")
    if name == "snu-film-hard@ifrnet":
        return np.pad(rgb, around(*to(20)), mode="edge")
    if name == "snu-film-hard@sgm":
        return np.pad(rgb, around(*to(80)), mode="edge")
    if name == "snu-film-hard@upr":
        down, across = to(64)
        return np.pad(rgb, ((0, down), (0, across), (0, 0)), constant_values=0.5)
    if name == "x-test@upr":
        down, across = to(256)
        return np.pad(rgb, ((0, down), (0, across), (0, 0)), constant_values=0.5)
    if name == "middlebury":
        return np.pad(rgb, ((0, 480 - height), (0, 640 - width), (0, 0)))
    return rgb


@pytest.mark.parametrize(
    "name",
    [
        "snu-film-hard",
        "snu-film-hard@ifrnet",
        "snu-film-hard@sgm",
        "snu-film-hard@upr",
        "snu-film-hard@cain",
        "middlebury",
        "middlebury@ema",
        "x-test@ema",
        "x-test@upr",
    ],
)
def test_models_see_the_padding_of_the_code(name, request, slow, tmp_path):
    root = root_of(name, request)
    protocol = find_protocol(name)
    found = scores(Border(), protocol, root, tmp_path)
    expected = []
    for item in read_benchmark(protocol, root, incomplete=True).items:
        left, right, truth = left_right_truth(slow, item)
        seen = [padded_slowly(x, name) for x in (left, right)]
        made = np.clip(left + 0.0973 * np.mean(seen), 0, 1)
        made = slow.rounded(made) if protocol.rounded else made
        expected.append(slow.psnr(made, truth))
    # A level that rounds the other way is worth some thousandths
    assert found["psnr"] == pytest.approx(np.mean(expected), abs=5e-3)


@pytest.mark.parametrize("name", ["vimeo-triplet@ema-tta", "ucf101@ema-tta"])
def test_flipping_averages_the_picture_and_the_turned_one(name, request, slow, tmp_path):
    root = root_of(name, request)
    protocol = find_protocol(name)
    found = scores(Corner(), protocol, root, tmp_path)
    expected = []
    for item in read_benchmark(protocol, root, incomplete=True).items:
        left, _, truth = left_right_truth(slow, item)
        height, width = left.shape[:2]
        ramp = (np.linspace(1, 0.5, height)[:, None] * np.linspace(1, 0.5, width))[..., None]
        turned = (left[::-1, ::-1] * ramp)[::-1, ::-1]
        made = (left * ramp + turned) / 2
        made = slow.rounded(made) if protocol.rounded else made
        expected.append(slow.psnr(made, truth))
    assert found["psnr"] == pytest.approx(np.mean(expected), abs=2e-3)


def test_no_protocol_goes_without_a_test_of_its_padding_and_flip():
    padding = {find_protocol(n).pad for n in PROTOCOLS.names()} - {None}
    tested = {
        Pad(multiple=32, centred=True),
        Pad(multiple=20, centred=True),
        Pad(multiple=80, centred=True),
        Pad(multiple=64, mode="constant", value=0.5),
        Pad(multiple=256, mode="constant", value=0.5),
        Pad(size=(480, 640), mode="constant", value=0.0),
    }
    assert padding - tested == {Pad(multiple=16, centred=True)}  # Xiph: as 32


def test_equal_pictures_are_infinite_unless_the_code_has_a_ceiling(
    triplets, make_picture, save_picture, tmp_path
):
    for name in ("00001/0266", "00001/0268", "00003/0001"):
        save_picture(triplets / "sequences" / name / "im2.png", make_picture(1, 0))
        save_picture(triplets / "sequences" / name / "im1.png", make_picture(1, 0))
    assert scores(Repeat(), find_protocol("vimeo-triplet"), triplets, tmp_path)["psnr"] == math.inf
    ceiling = scores(Repeat(), find_protocol("vimeo-triplet@cain"), triplets, tmp_path)
    assert ceiling["psnr"] == pytest.approx(80)
