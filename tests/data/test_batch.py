"""A batch is of one window, and its parts fit each other."""

import dataclasses

import pytest
import torch

from lift15.data import Batch
from vfiblocks import Window
from vfiblocks.errors import InputError


@pytest.fixture
def batch() -> Batch:
    return Batch(
        frames=torch.randint(0, 256, (2, 4, 3, 8, 10), dtype=torch.uint8),
        valid=torch.tensor([[True, True, True, False], [True] * 4]),
        target=torch.randint(0, 256, (2, 3, 8, 10), dtype=torch.uint8),
        window=Window.even(2, 2),
        names=("a#1", "b#2"),
        flow=torch.randn(2, 2, 2, 8, 10),
        visible=torch.ones(2, 2, 1, 8, 10, dtype=torch.bool),
        known=torch.tensor([True, False]),
        indices=torch.tensor([4, 5]),
    )


def test_a_batch_becomes_floats_in_the_unit_range(batch):
    assert len(batch) == 2
    assert batch.inputs().dtype == torch.float32
    assert (batch.inputs() * 255).round().to(torch.uint8).equal(batch.frames)
    truth = batch.truth()
    assert 0.0 <= truth.image.min() <= truth.image.max() <= 1.0
    assert truth.flow is batch.flow
    assert truth.visible is batch.visible
    assert truth.known is batch.known


def test_everything_moves_and_nothing_is_lost(batch):
    moved = batch.to("meta")
    for field in dataclasses.fields(Batch):
        value, there = getattr(batch, field.name), getattr(moved, field.name)
        if isinstance(value, torch.Tensor):
            assert there.is_meta, field.name
            assert there.shape == value.shape
        else:
            assert there == value


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("valid", torch.ones(2, 3, dtype=torch.bool), r"has valid of \(2, 4\), got \(2, 3\)"),
        ("target", torch.zeros(2, 3, 8, 9, dtype=torch.uint8), r"target of \(2, 3, 8, 10\)"),
        ("window", Window.even(1, 1), r"2 windows of 2 frames has frames of \(2, 2, 3, 8, 10\)"),
        ("names", ("a",), "as many names, got 1"),
        ("known", None, "flow, visible and known, or none of the three"),
        ("indices", torch.zeros(3, dtype=torch.int64), r"indices of \(2,\), got \(3,\)"),
    ],
)
def test_parts_that_do_not_fit_are_refused(batch, field, value, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(batch, **{field: value})


@pytest.mark.gpu
def test_pinned_memory_stays_the_same(batch):
    pinned = batch.pin_memory()
    assert pinned.frames.is_pinned()
    assert pinned.frames.equal(batch.frames)
    assert pinned.window == batch.window
