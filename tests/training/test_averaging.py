"""The averaged weights."""

import torch
from torch import nn

from lift15.training.averaging import Average


def test_it_is_the_exponential_average():
    layer = nn.BatchNorm1d(3)
    average = Average(layer, keep=0.9)
    expected = layer.weight.detach().clone()
    for step in range(1, 200):
        layer.weight.data.uniform_()
        average.update()
        keep = min(0.9, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * layer.weight.detach()
    with average.in_place():
        torch.testing.assert_close(layer.weight.detach(), expected)
    assert average.updates == 199


def test_buffers_are_averaged_and_counters_left_alone():
    layer = nn.BatchNorm1d(3)
    average = Average(layer, keep=0.5)
    layer.running_mean.fill_(8.0)
    layer.num_batches_tracked.fill_(7)
    average.update()
    with average.in_place():
        assert 0 < float(layer.running_mean[0]) < 8
        assert int(layer.num_batches_tracked) == 7


def test_weights_come_back_bit_by_bit_even_after_an_error():
    layer = nn.Linear(4, 4)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    average = Average(layer, keep=0.5)
    layer.weight.data.add_(1.0)
    changed = layer.weight.detach().clone()
    average.update()
    try:
        with average.in_place():
            assert not torch.equal(layer.weight, changed)
            raise RuntimeError("something else")
    except RuntimeError:
        pass
    assert torch.equal(layer.weight, changed)
    assert torch.equal(layer.bias, before["bias"])


def test_adopting_is_beginning_there():
    layer = nn.Linear(2, 2)
    average = Average(layer, keep=0.5)
    layer.weight.data.fill_(3.0)
    average.adopt(updates=40)
    layer.weight.data.fill_(0.0)
    with average.in_place():
        assert float(layer.weight[0, 0].detach()) == 3.0
    assert average.updates == 40
