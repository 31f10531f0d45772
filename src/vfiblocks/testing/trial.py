"""What must hold for a part of any stage: one trial, the checks that every part passes."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Inputs = tuple[Tensor, ...]
Outputs = Mapping[str, Tensor]

TOLERANCE = 1e-4
"""Relative to the largest value. Rounding in float32 stays below 1e-6 in the parts that come with
vfiblocks; a broken promise shows in the first digits."""


@dataclass(frozen=True)
class Trial:
    """One part with something to feed it.

    Attributes:
        who: the part as "stage 'name'", for messages.
        make: builds it anew, with fresh weights.
        inputs: float32 tensors with a batch of two in front.
        call: runs the part on such inputs; outputs by name, batch in front.
        shapes: what every output must measure, without the batch axis.
        traceable: computes with torch alone.
    """

    who: str
    make: Callable[[], nn.Module]
    inputs: Inputs
    call: Callable[[Any, Inputs], Outputs]
    shapes: Mapping[str, tuple[int, ...]]
    traceable: bool = True

    def run(self) -> None:
        """All checks of this module but :func:`check_declaration`."""
        check_outputs(self)
        check_gradients(self)
        check_repeatable(self)
        check_round_trip(self)
        if self.traceable:
            check_meta(self)

    def build(self) -> nn.Module:
        """With fresh weights, in eval mode."""
        return self.make().eval()


def require(condition: bool, message: str) -> None:
    """Raise an AssertionError with ``message`` unless ``condition`` holds."""
    if not condition:
        raise AssertionError(message)


def require_equal(who: str, what: str, found: Outputs, expected: Outputs) -> None:
    """Every output equals its counterpart up to rounding."""
    for name, tensor in expected.items():
        scale = max(1.0, float(tensor.detach().abs().max()))
        error = float((found[name] - tensor).detach().abs().max())
        require(error <= TOLERANCE * scale, f"{who}: {what}; '{name}' differs by {error:.2g}")


def check_declaration(who: str, cls: Any, base: type, options: Mapping[str, Any]) -> None:
    """The class is documented and its constructor is one that a spec can call."""
    require(issubclass(cls, base), f"{who} must derive from {base.__module__}.{base.__name__}")
    require(bool(cls.__doc__), f"{who} needs a docstring: what it is, its options, its source")
    try:
        hints = typing.get_type_hints(cls.__init__)
    except NameError as error:
        raise AssertionError(
            f"{who}: annotations of __init__ must name things importable at run time, since "
            f"options are checked against them ({error})"
        ) from error
    parameters = list(inspect.signature(cls).parameters.values())
    require(
        bool(parameters) and parameters[0].name == "upstream",
        f"{who}: the first constructor argument must be 'upstream', got "
        f"{parameters[0] if parameters else 'none'}",
    )
    for option in parameters[1:]:
        check_option(who, option, given=option.name in options)
        require(
            option.name in hints, f"{who}: option '{option.name}' needs an annotation to be checked"
        )


def check_option(who: str, option: inspect.Parameter, *, given: bool) -> None:
    """One option is keyword-only with a plain default, unless its value is given."""
    require(
        option.kind is inspect.Parameter.KEYWORD_ONLY,
        f"{who}: '{option}' must be keyword-only; put a * after upstream",
    )
    require(
        given or option.default is not inspect.Parameter.empty,
        f"{who}: option '{option.name}' needs a default, so that the name alone builds it",
    )
    require(
        given or _plain(option.default),
        f"{who}: the default of '{option.name}' must be plain data (numbers, text, bools, tuples, "
        f"None) to be stored in a spec, got {option.default!r}",
    )


def check_outputs(trial: Trial) -> None:
    """Outputs have the promised names, sizes and precision, are finite, and inputs stay as is."""
    for dtype in (torch.float32, torch.float64):
        part = trial.make().to(dtype).eval()
        inputs = tuple(x.to(dtype) for x in trial.inputs)
        kept = tuple(x.clone() for x in inputs)
        with torch.no_grad():
            outputs = trial.call(part, inputs)
        for name, shape in trial.shapes.items():
            require(name in outputs, f"{trial.who} gives no {name}, only {', '.join(outputs)}")
            want, got = (len(inputs[0]), *shape), tuple(outputs[name].shape)
            require(want == got, f"{trial.who}: {name} must be {want} by declaration, got {got}")
            require(
                outputs[name].dtype == dtype,
                f"{trial.who}: {name} must keep the precision {dtype}, got {outputs[name].dtype}",
            )
            require(bool(outputs[name].isfinite().all()), f"{trial.who}: {name} must be finite")
        require(
            all(torch.equal(a, b) for a, b in zip(inputs, kept, strict=True)),
            f"{trial.who} changes its inputs in place; other parts read them too",
        )


def check_gradients(trial: Trial) -> None:
    """In training, a loss on the outputs reaches every parameter."""
    part = trial.make().train()
    parameters = dict(part.named_parameters())
    if not parameters:
        return
    outputs = trial.call(part, trial.inputs)
    # Weighted by noise: the plain sum of a softmax or of a normalised map has no gradient.
    loss = torch.stack([(x * torch.randn_like(x)).sum() for x in outputs.values()]).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    for name, parameter in parameters.items():
        require(
            parameter.grad is not None,
            f"{trial.who}: no gradient reaches '{name}'; remove it, or use it",
        )
        require(
            parameter.grad is None or bool(parameter.grad.isfinite().all()),
            f"{trial.who}: the gradient of '{name}' is not finite",
        )


def check_repeatable(trial: Trial) -> None:
    """In eval, the same input gives the same output, and one sample does not see another."""
    part, inputs = trial.build(), trial.inputs
    with torch.no_grad():
        outputs, again = trial.call(part, inputs), trial.call(part, inputs)
        for name, tensor in outputs.items():
            require(
                torch.equal(tensor, again[name]),
                f"{trial.who}: {name} differs between two calls in eval mode",
            )
        for sample in range(len(inputs[0])):
            alone = trial.call(part, tuple(x[sample : sample + 1] for x in inputs))
            within = {name: x[sample : sample + 1] for name, x in outputs.items()}
            require_equal(
                trial.who, f"sample {sample} alone must be as in its batch", alone, within
            )


def check_round_trip(trial: Trial) -> None:
    """``state_dict`` holds all there is to know: a fresh instance that loads it is the same."""
    part, fresh, inputs = trial.build(), trial.build(), trial.inputs
    fresh.load_state_dict(part.state_dict(), strict=True)
    with torch.no_grad():
        require_equal(
            trial.who,
            "a fresh instance that loaded the state_dict must give the same",
            trial.call(fresh, inputs),
            trial.call(part, inputs),
        )


def check_meta(trial: Trial) -> None:
    """Building and running on the meta device works; dry runs and cost tables rest on it."""
    with torch.device("meta"):
        part = trial.make().eval()
    try:
        with torch.no_grad():
            outputs = trial.call(part, tuple(x.to("meta") for x in trial.inputs))
    except (NotImplementedError, RuntimeError) as error:
        raise AssertionError(
            f"{trial.who} cannot run on the meta device, which dry runs and cost tables use: "
            f"no value may be read from a tensor ({error})"
        ) from error
    for name, shape in trial.shapes.items():
        want, got = (len(trial.inputs[0]), *shape), tuple(outputs[name].shape)
        require(want == got, f"{trial.who}: {name} on the meta device is {got} instead of {want}")


def _plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
