"""How to run the encoder over fourteen frames, and what windowed attention saves."""

from __future__ import annotations

import copy

import pytest
import torch
from einops import rearrange
from torch import Tensor
from torch.nn import functional as F

from benchmarks.conftest import Compare
from benchmarks.inputs import clip
from vfiblocks import Interpolator, Window, build_model, find_spec
from vfiblocks.aggregators.transformer import Transformer
from vfiblocks.layers import TemporalAttention
from vfiblocks.ports import Upstream

Encoded = tuple[dict[int, Tensor], Tensor]


def test_encoder_passes(compare: Compare) -> None:
    """One pass per frame with taps kept, against the text's pseudo-code and against batches."""
    torch.manual_seed(0)
    model = build_model("lift15-s1").eval()
    frames = clip(14, 256, 448)
    compare(
        "Encoding fourteen frames",
        {
            "the text's pseudo-code": lambda: pseudo_code(model, frames),
            "one pass per frame, taps kept": lambda: as_built(model, frames),
            "frames in twos": lambda: in_batches(model, frames, size=2),
            "one batched pass": lambda: in_batches(model, frames, size=14),
        },
        size="256x448",
        spec=model.spec.fingerprint,
        tolerance=1e-5,
        memory=True,
    )


def as_built(model: Interpolator, frames: Tensor) -> Encoded:
    """What ``vfiblocks`` does on a CPU."""
    features = model.encode(frames, model.window)
    assert features.clip is not None
    return dict(features.taps), features.clip


def pseudo_code(model: Interpolator, frames: Tensor) -> Encoded:
    """LIFT-15 sections 2.7 and 8.2: every getter starts again from the picture.

    A getter stops at the stride it is for; running each through to stride 16 would be slower still.
    """
    assert model.encoder is not None
    pictures = frames.unbind(1)
    deepest = torch.stack([model.encoder(x, {16})[16] for x in pictures], dim=1)
    taps = {
        s: torch.stack([model.encoder(pictures[i], {s})[s] for i in model.window.references], dim=1)
        for s in (1, 4, 8)
    }
    return taps, deepest


def in_batches(model: Interpolator, frames: Tensor, *, size: int) -> Encoded:
    """All taps of ``size`` frames at a time; those of the references are kept."""
    assert model.encoder is not None
    left, right = model.window.references
    assert size > 2 or left % 2 == 1, "the references, neighbours in the list, share no batch"
    kept: dict[int, list[Tensor]] = {1: [], 4: [], 8: []}
    deepest = []
    for start in range(0, frames.shape[1], size):
        here = [i - start for i in (left, right) if start <= i < start + size]
        levels = model.encoder(frames[0, start : start + size], {16, *(kept if here else ())})
        deepest.append(levels[16])
        for stride, maps in kept.items():
            maps += [levels[stride][i].clone() for i in here]  # a view would keep all fourteen
    return {s: torch.stack(maps)[None] for s, maps in kept.items()}, torch.cat(deepest)[None]


@pytest.mark.parametrize("length", [14, 64])
def test_attention_window(compare: Compare, length: int) -> None:
    """The attention alone: every place on its own, 8 x 14 places at 256x448."""
    torch.manual_seed(0)
    full = TemporalAttention(256, heads=8).eval()
    tokens = torch.randn(8 * 14, length, 256)
    allowed = _transformer(window=8)._allowed(_hole(length), None, tokens.device)
    assert allowed is not None
    sliding = SlidingAttention(full)
    compare(
        "Temporal attention alone, window of 8",
        {
            "full": lambda: full(tokens),
            "windowed by a mask": lambda: full(tokens, allowed[:, None]),
            "truly sliding": lambda: sliding(tokens, allowed[:, None]),
        },
        size="256x448",
        case=f"{length} frames",
        tolerance=1e-5,
        apart=("full",),
        rounds=21,
        memory=True,
    )


@pytest.mark.parametrize("length", [14, 64])
def test_aggregator_window(compare: Compare, length: int) -> None:
    """The same within the whole aggregator, whose other layers know no window."""
    torch.manual_seed(0)
    windowed = _transformer(window=8)
    full = copy.deepcopy(windowed)
    full.reach = None
    sliding = copy.deepcopy(windowed)
    for layer in sliding.layers:
        layer.attention = SlidingAttention(layer.attention)
    maps, window = torch.randn(1, length, 256, 16, 28), _hole(length)
    compare(
        "The whole aggregator, window of 8",
        {
            "full": lambda: full(maps, window, None)[:2],
            "windowed by a mask": lambda: windowed(maps, window, None)[:2],
            "truly sliding": lambda: sliding(maps, window, None)[:2],
        },
        size="256x448",
        case=f"{length} frames",
        spec=find_spec("lift15-windowed").fingerprint,
        tolerance=1e-5,
        apart=("full",),
        memory=True,
    )


class SlidingAttention(torch.nn.Module):
    """Attention within a window that computes nothing outside it: W + 1 pairs per frame.

    A mask only throws away what was computed. This is the saving the text has in mind, as well as
    it can be had from torch operations: keys and values are laid out once per place in the window.
    """

    def __init__(self, full: TemporalAttention, *, window: int = 8) -> None:
        super().__init__()
        self.full, self.reach = full, window // 2

    def forward(self, tokens: Tensor, allowed: Tensor) -> Tensor:
        """(N, T, D) in and out; ``allowed`` (1, 1, T, T) lies within the window."""
        reach, length = self.reach, tokens.shape[1]
        query, key, value = rearrange(
            self.full.qkv(tokens), "n t (s k d) -> s n k t d", s=3, k=self.full.heads
        )
        at = torch.arange(length)[:, None] + torch.arange(-reach, reach + 1)  # (T, W + 1)
        within = (at >= 0) & (at < length)
        within = within & allowed[0, 0].gather(1, at.clamp(0, length - 1))
        keys, values = (
            F.pad(x, (0, 0, reach, reach)).unfold(2, 2 * reach + 1, 1) for x in (key, value)
        )  # (N, heads, T, d, W + 1)
        scores = (query[..., None, :] * query.shape[-1] ** -0.5) @ keys
        weights = scores.masked_fill(~within[:, None, :], float("-inf")).softmax(dim=-1)
        mixed = (weights @ values.transpose(-1, -2))[..., 0, :]
        return self.full.out(rearrange(mixed, "n k t d -> n t (k d)"))


def _transformer(*, window: int) -> Transformer:
    upstream = Upstream("aggregator 'transformer'", encoder="pyramid", taps={16: 256})
    return Transformer(upstream, window=window).eval()


def _hole(length: int) -> Window:
    """``length`` frames around a missing one in the middle, as in ``Window.hole(15, 8)``."""
    return Window.hole(length + 1, length // 2 + 1)
