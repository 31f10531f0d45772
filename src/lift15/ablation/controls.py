"""What is a model's context worth? The same model, shown other frames beyond the references.

Weights on frames are no evidence that the frames are used. These are: a model that gains from
context must do worse without it, and worse with frames that are not those around the target.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from lift15.evaluation.answering import shown_frames
from lift15.evaluation.items import Benchmark, Item
from lift15.evaluation.prediction import Predictor, Shown
from lift15.evaluation.protocols.base import Protocol
from lift15.evaluation.protocols.pictures import prepared, unit
from vfiblocks import Window
from vfiblocks.ops import resize


class Controlled(Predictor):
    """A model that is shown its references and something else for the rest.

    Args:
        model: which.
        control: "without", nothing: the others are marked missing; "repeated", the nearest
            reference in the place of each; "shuffled", the others in another order; "foreign",
            frames of another clip.
        donors: clips of (T, 3, H, W) to take foreign frames from, two different ones.

    Example:
        >>> from vfiblocks import build_model
        >>> from lift15.evaluation.prediction import ModelPredictor
        >>> model = ModelPredictor(build_model("lift15-tiny").eval(), name="tiny")
        >>> Controlled(model, "without").name
        'tiny+without'
    """

    def __init__(self, model: Predictor, control: str, *, donors: Sequence[Tensor] = ()) -> None:
        self._model = model
        self.control = control
        self._donors = donors
        self.name = f"{model.name}+{control}"
        self.identity = model.identity
        self.reach = model.reach
        self.layout = model.layout
        self.device = model.device

    def refusal(self, time: float) -> str:
        """See :meth:`Predictor.refusal`."""
        return self._model.refusal(time)

    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[Tensor]:
        """See :meth:`Predictor.predict`."""
        return self._model.predict(self._changed(shown), windows)

    def _changed(self, shown: Shown) -> Shown:
        left, right = self.reach[0] - 1, self.reach[0]
        frames, valid = shown.frames.clone(), shown.valid.clone()
        others = [k for k in range(frames.shape[1]) if k not in (left, right)]
        there = [k for k in others if bool(shown.valid[0, k])]
        if self.control == "without":
            valid[:, others] = False
        elif self.control == "repeated":
            for k in there:
                frames[:, k] = shown.frames[:, left if k < left else right]
        elif self.control == "shuffled":
            frames[:, there] = shown.frames[:, _order(there, shown.frames[0, left])]
        elif self.control == "foreign":
            donor = self._donor(shown.frames[0, left])
            size = (frames.shape[-2], frames.shape[-1])
            frames[:, there] = resize(donor[there].to(frames), size)[None]
        return Shown(frames, valid)

    def _donor(self, reference: Tensor) -> Tensor:
        """A clip that is not the one shown."""
        first, last = self._donors
        own = first[self.reach[0] - 1].to(reference)
        return last if own.shape == reference.shape and bool((own == reference).all()) else first


def find_donors(predictor: Predictor, protocol: Protocol, benchmark: Benchmark) -> list[Tensor]:
    """Frames of two clips of different scenes, (T, 3, H, W) each, as a predictor is shown them."""
    items = benchmark.items
    first = items[0]
    other = next((item for item in reversed(items) if item.scene != first.scene), items[-1])
    return [_frames(item, predictor, protocol, benchmark) for item in (first, other)]


def _frames(item: Item, predictor: Predictor, protocol: Protocol, benchmark: Benchmark) -> Tensor:
    refs = shown_frames(item, predictor, protocol)
    known = [ref for ref in refs if ref is not None]
    pictures = dict(
        zip(known, (unit(prepared(p, protocol)) for p in benchmark.read(known)), strict=True)
    )
    nearest = pictures[known[0]]
    made = []
    for ref in refs:
        nearest = nearest if ref is None else pictures[ref]
        made.append(nearest)
    return torch.stack(made)


def _order(places: Sequence[int], reference: Tensor) -> list[int]:
    """The places in another order, the same for the same picture, none where it was."""
    if len(places) < 2:
        return list(places)
    digest = hashlib.sha256(reference.contiguous().cpu().numpy().tobytes()).digest()
    turn = 1 + int.from_bytes(digest[:4], "big") % (len(places) - 1)
    chance = torch.Generator().manual_seed(int.from_bytes(digest[4:11], "big"))
    mixed = torch.randperm(len(places), generator=chance).tolist()
    # a cyclic shift along a random order: nothing stays in its place
    order = [0] * len(places)
    for k, place in enumerate(mixed):
        order[place] = places[mixed[(k + turn) % len(places)]]
    return order
