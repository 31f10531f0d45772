"""One question answered: which frames a predictor is shown, its pictures, their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lift15.evaluation.items import Benchmark, Item, Question, Ref
from lift15.evaluation.prediction import Predictor, Shown, flipped
from lift15.evaluation.protocols.base import Protocol
from lift15.evaluation.protocols.pictures import padded, prepared, unit, without_padding
from vfiblocks.errors import DataError


class Loaded(NamedTuple):
    """The pictures of a question, shrunk and cropped as the protocol says.

    Attributes:
        frames: by where they come from, (3, H, W).
        targets: of the question's items, in their order.
    """

    frames: dict[Ref, Tensor]
    targets: list[Tensor]


def shown_frames(item: Item, predictor: Predictor, protocol: Protocol) -> tuple[Ref | None, ...]:
    """The frames that a predictor is shown, as many as it reads.

    Returns:
        None for a frame that does not exist, or that the protocol does not allow.
    """
    left, right = predictor.reach
    refs = item.frames(left, right)
    context = protocol.context
    if context is None:
        return refs
    return tuple(
        ref if left - context <= k < left + context else None for k, ref in enumerate(refs)
    )


def load(
    question: Question, predictors: Sequence[Predictor], protocol: Protocol, benchmark: Benchmark
) -> Loaded:
    """Decode and prepare what these predictors are shown, and the true frames.

    Raises:
        DataError: a picture cannot be read, is too small, or differs in size from the others.
    """
    first = question.items[0]
    refs = {ref for p in predictors for ref in shown_frames(first, p, protocol) if ref is not None}
    inputs = sorted(refs)
    targets = [item.target for item in question.items]
    pictures = benchmark.read([*inputs, *targets])
    try:
        ready = [prepared(picture, protocol) for picture in pictures]
    except DataError as error:
        raise DataError(f"item {first.name}: {error}") from error
    sizes = sorted({(picture.shape[1], picture.shape[2]) for picture in ready})
    if len(sizes) > 1:
        (one, two), (three, four) = sizes[:2]
        raise DataError(
            f"item {first.name}: its pictures must have one size, got {one}x{two} and "
            f"{three}x{four}"
        )
    return Loaded(dict(zip(inputs, ready, strict=False)), ready[len(inputs) :])


def answer(
    items: Sequence[Item], predictor: Predictor, protocol: Protocol, loaded: Loaded
) -> list[Tensor]:
    """A predictor's pictures for items of one question, (1, 3, H, W) each, without padding."""
    refs = shown_frames(items[0], predictor, protocol)
    reference = next(ref for ref in refs if ref is not None)
    blank = torch.zeros_like(loaded.frames[reference])
    pictures = [blank if ref is None else loaded.frames[ref] for ref in refs]
    frames = unit(torch.stack(pictures).to(predictor.device))[None]
    valid = torch.tensor([[ref is not None for ref in refs]], device=predictor.device)
    shown = Shown(padded(frames, protocol.pad), valid)
    windows = [item.window(*predictor.reach) for item in items]
    if protocol.flip:
        made = flipped(predictor, shown, windows)
    else:
        made = predictor.predict(shown, windows)
    size = (frames.shape[-2], frames.shape[-1])
    return [without_padding(picture, protocol.pad, size) for picture in made]
