"""Models and baselines as one thing: they are shown frames and asked for moments between two."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from lift15.evaluation.items import EVEN, HOLE
from lift15.making import PRECISIONS, device_of, load_model, reach
from lift15.recursion import DEPTH, Recursion
from lift15.shipped import with_weights
from vfiblocks import Interpolator, Window
from vfiblocks.checkpoints import read
from vfiblocks.errors import InputError
from vfiblocks.video import Gap


class Shown(NamedTuple):
    """What a predictor is shown.

    Attributes:
        frames: (1, T, 3, H, W) in [0, 1], in order of time; zeros where missing.
        valid: (1, T) bool, False where a frame does not exist.
    """

    frames: Tensor
    valid: Tensor


class Predictor(ABC):
    """Makes the frames that a protocol asks for.

    Attributes:
        name: what results are filed under.
        identity: what decides about its pictures, by plain names.
        reach: how many frames it reads before and after the target.
        layout: the layout of frames it was made for, "hole" or "even"; "" for any.
        device: where it computes.
    """

    name: str
    identity: dict[str, str]
    reach: tuple[int, int] = (1, 1)
    layout: str = ""
    device: torch.device = torch.device("cpu")

    def refusal(self, time: float) -> str:
        """Why no frame can be made at ``time`` between the references; "" if it can."""
        return ""

    @abstractmethod
    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[Tensor]:
        """One (1, 3, H, W) picture in [0, 1] for each window.

        Args:
            shown: as many frames as ``reach`` says.
            windows: alike but for their targets; the references lie at -1 and 1.
        """


class ModelPredictor(Predictor):
    """An assembled model.

    One that knows midpoints only is called on midpoints of midpoints for other times.

    Args:
        model: in ``eval()``.
        name: see :class:`Predictor`.
        precision: what torch computes in where it thinks that safe, a key of
            :data:`lift15.making.PRECISIONS`.
        weights: checksum of the weights it was made from; that of its own unless given.

    Example:
        >>> from vfiblocks import build_model
        >>> predictor = ModelPredictor(build_model("rife").eval(), name="rife")
        >>> shown = Shown(torch.rand(1, 2, 3, 32, 32), torch.ones(1, 2, dtype=torch.bool))
        >>> quarters = [Window.even(1, 1, time) for time in (0.25, 0.5, 0.75)]
        >>> [picture.shape[-2:] for picture in predictor.predict(shown, quarters)]
        [torch.Size([32, 32]), torch.Size([32, 32]), torch.Size([32, 32])]
        >>> predictor.refusal(1 / 3)
        "flow 'ifnet' as built here makes midpoints only, and ... do not reach time 0.333333"
    """

    def __init__(
        self, model: Interpolator, *, name: str, precision: str = "float32", weights: str = ""
    ) -> None:
        if precision not in PRECISIONS:
            raise InputError(f"precision is one of {', '.join(PRECISIONS)}, got {precision!r}")
        self._model = model
        self._autocast = PRECISIONS[precision]
        self.name = name
        self.reach = reach(model)
        self.layout = _layout_of(model.window) if model.aggregator is not None else ""
        self.device = device_of(model)
        self.identity = {
            "spec": model.spec.fingerprint,
            "weights": weights or _own_sha256(model),
            "precision": precision,
        }

    def refusal(self, time: float) -> str:
        """See :meth:`Predictor.refusal`."""
        parts = time * 2**DEPTH
        if self._model.flow.any_time or abs(parts - round(parts)) < 1e-9:
            return ""
        return (
            f"flow '{self._model.spec.flow.name}' as built here makes midpoints only, and "
            f"midpoints of midpoints do not reach time {time:g}"
        )

    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[Tensor]:
        """See :meth:`Predictor.predict`."""
        model, autocast = self._model, self._autocast
        with (
            torch.inference_mode(),
            nullcontext() if autocast is None else torch.autocast(self.device.type, autocast),
        ):
            if model.flow.any_time or all(abs(window.time - 0.5) < 1e-9 for window in windows):
                valid = None if bool(shown.valid.all()) else shown.valid
                made = [
                    # Moved to where the model's own target lies: positional encodings stay near
                    # those it was trained on.
                    model(shown.frames, window.shifted(model.window.target), valid).image
                    for window in windows
                ]
            else:
                made = self._by_halves(shown, windows)
        return [picture.float() for picture in made]

    def _by_halves(self, shown: Shown, windows: Sequence[Window]) -> list[Tensor]:
        order = sorted(range(len(windows)), key=lambda k: windows[k].target)
        gap = cast(Gap, _ShownGap(0, shown.frames, shown.valid))
        made = Recursion(self._model)(gap, [windows[k] for k in order])
        by_place = dict(zip(order, made, strict=True))
        return [by_place[k] for k in range(len(windows))]


@dataclass(frozen=True)
class _ShownGap:
    """What :class:`Recursion` reads of a gap."""

    index: int
    frames: Tensor
    valid: Tensor


def load_predictor(
    source: str | Path,
    *,
    name: str = "",
    device: str = "auto",
    precision: str = "float32",
    untrained: bool = False,
    flow_scale: float | None = None,
) -> ModelPredictor:
    """A model by name or file, as :func:`lift15.making.load_model` takes it.

    Args:
        source: a registered name, a spec, or a checkpoint.
        name: what results are filed under; the name, or that of the file, unless given.
        device: "cpu", "cuda", ...; "auto" takes a GPU if there is one.
        precision: see :class:`ModelPredictor`.
        untrained: allow random weights.
        flow_scale: look for motion at this fraction of the resolution, where the model can.
    """
    source = with_weights(source)  # an address on the Hub would not survive as a path
    path = Path(source)
    name = name or (path.stem if path.suffix in (".safetensors", ".json", ".toml") else path.name)
    options: dict[str, Any] = {"untrained": untrained, "flow_scale": flow_scale}
    model = load_model(source, device=device, **options)
    # Made ready for inference its weights are other numbers, which need not be the same everywhere
    weights = tensors_sha256(read(path).tensors) if path.suffix == ".safetensors" else ""
    return ModelPredictor(model, name=name, precision=precision, weights=weights)


def tensors_sha256(tensors: Mapping[str, Tensor]) -> str:
    """A checksum of named tensors, sixteen hex digits; the order does not matter.

    >>> tensors_sha256({"a": torch.zeros(2)}) == tensors_sha256({"a": torch.zeros(1, 2)})
    False
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        plain = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {plain.dtype} {tuple(plain.shape)}\n".encode())
        digest.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def _own_sha256(model: Interpolator) -> str:
    # Not state_dict(): a model made ready for inference refuses to be saved
    return tensors_sha256({**dict(model.named_parameters()), **dict(model.named_buffers())})


def flipped(predictor: Predictor, shown: Shown, windows: Sequence[Window]) -> list[Tensor]:
    """The mean of the predictions from the pictures and from the pictures turned by half a turn.

    This is the test-time augmentation of EMA-VFI and VFIMamba.
    """
    turned = Shown(shown.frames.flip(-2, -1), shown.valid)
    pairs = zip(predictor.predict(shown, windows), predictor.predict(turned, windows), strict=True)
    return [(one + other.flip(-2, -1)) / 2 for one, other in pairs]


def _layout_of(window: Window) -> str:
    """The layout of a window, by how far the next frame beyond a reference is from it."""
    left, right = (window.positions[i] for i in window.references)
    beyond = [left - p for p in window.positions if p < left]
    beyond += [p - right for p in window.positions if p > right]
    if not beyond:
        return ""
    return {HOLE: "hole", EVEN: "even"}.get(2 * min(beyond) / (right - left), "")
