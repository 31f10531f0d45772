"""What goes into a file of results comes out of it, and means are means."""

import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.evaluation.protocols import Pad
from lift15.evaluation.protocols.pictures import padded, without_padding
from lift15.evaluation.results import IDENTITY, ResultFile, Row
from lift15.evaluation.summary import means
from vfiblocks.errors import InputError

IDENTITIES = dict.fromkeys(IDENTITY, "x")
NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\x85"))
SCORES = st.floats(allow_nan=False)


@given(st.lists(st.tuples(NAMES, NAMES, SCORES, SCORES), unique_by=lambda row: row[0], max_size=5))
def test_rows_come_back_to_the_last_bit(values):
    rows = [
        Row(item, scene, 1 / 3, 2, 14, {"psnr": one, "ssim": two})
        for item, scene, one, two in values
    ]
    with tempfile.TemporaryDirectory() as folder:
        with ResultFile(Path(folder), IDENTITIES, ("psnr", "ssim")) as file:
            for row in rows:
                file.append(row)
        assert ResultFile(Path(folder), IDENTITIES, ("psnr", "ssim")).rows() == rows


def test_the_first_score_of_an_item_counts(tmp_path):
    for shard, value in (((0, 2), 30.0), ((1, 2), 40.0)):
        with ResultFile(tmp_path, IDENTITIES, ("psnr",), shard=shard) as file:
            file.append(Row("a", "s", 0.5, 2, 2, {"psnr": value}))
    (row,) = ResultFile(tmp_path, IDENTITIES, ("psnr",)).rows()
    assert row.scores == {"psnr": 30.0}


def test_names_that_begin_alike_are_told_apart(tmp_path):
    for model in ("rife-4", "rife-4.25", "rife-4.1-of-2"):
        identity = {**IDENTITIES, "model": model}
        with ResultFile(tmp_path, identity, ("psnr",)) as file:
            file.append(Row(model, "s", 0.5, 2, 2, {"psnr": 1.0}))
    for model in ("rife-4.25", "rife-4.1-of-2"):
        rows = ResultFile(tmp_path, {**IDENTITIES, "model": model}, ("psnr",)).rows()
        assert [row.item for row in rows] == [model]
    # The one whose shard would be called like another model is refused rather than mixed
    with pytest.raises(InputError, match=r"model rife-4\.1-of-2 there, rife-4 now"):
        ResultFile(tmp_path, {**IDENTITIES, "model": "rife-4"}, ("psnr",))


@given(st.lists(st.lists(st.floats(0, 60), min_size=1, max_size=4), min_size=1, max_size=5))
def test_means_of_items_and_of_scenes(scenes):
    rows = [
        Row(f"{k}/{j}", f"{k}", 0.5, 2, 2, {"psnr": value})
        for k, values in enumerate(scenes)
        for j, value in enumerate(values)
    ]
    every = [value for values in scenes for value in values]
    assert means(rows, ["psnr"], "item")["psnr"] == pytest.approx(sum(every) / len(every))
    each = [sum(values) / len(values) for values in scenes]
    assert means(rows, ["psnr"], "scene")["psnr"] == pytest.approx(sum(each) / len(each))
    assert means(rows[::-1], ["psnr"], "item") == means(rows, ["psnr"], "item")


def test_no_rows_have_no_mean():
    assert math.isnan(means([], ["psnr"], "item")["psnr"])
    assert math.isnan(means([], ["psnr"], "scene")["psnr"])


@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    multiple=st.integers(1, 64),
    mode=st.sampled_from(["replicate", "constant"]),
    centred=st.booleans(),
)
def test_padding_comes_off_again(size, multiple, mode, centred):
    import torch

    pad = Pad(multiple=multiple, mode=mode, value=0.5, centred=centred)
    frames = torch.rand(1, 2, 3, *size)
    large = padded(frames, pad)
    assert large.shape[-2] % multiple == large.shape[-1] % multiple == 0
    assert large.shape[-2] - size[0] < multiple
    assert torch.equal(without_padding(large, pad, size), frames)


def test_pads_refuse_what_is_unclear_or_too_large():
    with pytest.raises(InputError, match="either a multiple or a size"):
        Pad()
    with pytest.raises(InputError, match="500x640 cannot be padded to 480x640"):
        Pad(size=(480, 640)).margins(500, 640)
