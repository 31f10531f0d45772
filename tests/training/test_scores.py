"""Validation numbers."""

import math

import pytest
import torch

from lift15.data import Batch
from lift15.training.scores import MOST, Score, Scores
from vfiblocks import Window, build_model
from vfiblocks.metrics import psnr


def batch_of(names, seed=0):
    generator = torch.Generator().manual_seed(seed)
    count = len(names)
    levels = torch.randint(0, 256, (count, 3, 3, 32, 48), generator=generator, dtype=torch.uint8)
    return Batch(
        frames=levels[:, ::2].contiguous(),
        valid=torch.ones(count, 2, dtype=torch.bool),
        target=levels[:, 1].contiguous(),
        window=Window.even(1, 1),
        names=tuple(names),
    )


def test_scores_are_psnr_of_8_bit_pictures():
    batch = batch_of(["a", "b"])
    result = build_model("rife", flow={"channels": (8, 8, 8)}).eval()(batch.inputs())
    scores = Scores()
    scores.add(batch, result)
    expected = psnr(result.image, batch.truth().image, rounded=True).tolist()
    assert [s.psnr for s in scores.by_name.values()] == expected
    mean = (batch.inputs()[:, 0] + batch.inputs()[:, 1]) / 2
    assert scores.by_name["b"].mean == float(psnr(mean, batch.truth().image)[1])


def test_a_picture_seen_twice_counts_once():
    scores = Scores()
    scores.by_name = {"a": Score(30.0, 20.0), "b": Score(20.0, 10.0)}
    before = scores.summary()
    scores.by_name["a"] = Score(30.0, 20.0)
    assert scores.summary() == before
    assert before["gain"] == 10.0


def test_the_mean_does_not_depend_on_the_order():
    values = {f"{i}": Score(20 + math.sin(i), 10 + math.cos(i)) for i in range(999)}
    one, other = Scores(), Scores()
    one.by_name, other.by_name = values, dict(reversed(values.items()))
    assert one.summary() == other.summary()


def test_perfect_pictures_are_not_infinite():
    batch = batch_of(["a"])
    result = build_model("rife", flow={"channels": (8, 8, 8)}).eval()(batch.inputs())
    scores = Scores()
    scores.add(batch, result._replace(image=batch.truth().image))
    assert scores.summary()["psnr"] == MOST


def test_nothing_validated_is_nothing_said():
    assert Scores().summary() == {}


@pytest.mark.parametrize("name", ["psnr", "psnr_of_mean", "gain", "pictures"])
def test_what_is_summed_up(name):
    scores = Scores()
    scores.by_name["a"] = Score(30.0, 20.0)
    assert name in scores.summary()
