"""What a training step of LIFT-15 holds in memory, stage by stage, and what lets it hold less.

    python benchmarks/training_memory.py                # measure and print
    python benchmarks/training_memory.py --record       # and write results/training_memory.json
    python benchmarks/training_memory.py --only bf16    # settings whose name has this in it

Batch 4 at 256x256, fourteen frames and the text's losses (section 7.1; the network below LPIPS has
random weights, which take as much room as any). Three numbers for each setting:

- what the forward pass leaves for the backward pass, by the stage that left it: every storage that
  autograd saves, counted once, and what a recomputed stage keeps as its input; exact. Weights,
  frames and truth are not counted;
- the most that torch had allocated at once in forward and backward pass, gradients of the weights
  included, from torch's own record of allocations; exact, without what kernel libraries take;
- by how much the process grew, in a process of its own for every setting.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from torch.utils.checkpoint import checkpoint

from benchmarks import record
from benchmarks.inputs import clip
from benchmarks.measure import Comparison, Interleaved, peak_bytes
from benchmarks.quiet import OtherWork
from lift15.training.module import in_float32
from lift15.training.objective import Objective
from lift15.training.saving_memory import compute_again
from lift15.training.term import Term
from vfiblocks import Interpolator, Truth, build_model, find_spec
from vfiblocks.losses import L1, LPIPS
from vfiblocks.spec import STAGES

MODEL = "lift15-s1"
BATCH, SIDE = 4, 256
LOSS = "loss"
TITLE = "Memory of a training step"
STATUS = Path("/proc/self/status")
BASE, BATCHED = "frame by frame", "all frames in one pass"


@dataclass(frozen=True)
class Setting:
    """One way to train.

    Attributes:
        name: what it differs in.
        again: stages that are computed again in the backward pass.
        half: autocast to bfloat16.
        frozen: no gradient for the encoder.
        batched: the frames that are no references pass the encoder together, as they do on a GPU,
            and not one by one, as they do on a CPU.
        whole: all that passes the encoder at once is computed again at once. Ours does a few
            pictures at a time: it sees each alone, so that gradients are the same.
    """

    name: str
    again: tuple[str, ...] = ()
    half: bool = False
    frozen: bool = False
    batched: bool = False
    whole: bool = False


_WAYS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "aggregator again": {"again": ("aggregator",)},
    "refiner again": {"again": ("refiner",)},
    "aggregator, refiner again": {"again": ("aggregator", "refiner")},
    "encoder again": {"again": ("encoder",)},
    "encoder, refiner again": {"again": ("encoder", "refiner")},
    "every stage again": {"again": STAGES},
    "encoder frozen": {"frozen": True},
    "encoder frozen, refiner again": {"frozen": True, "again": ("refiner",)},
}
_HALF = tuple(name for name in _WAYS if not name.startswith(("aggregator", "refiner")))
_TOGETHER = ("as it is", "encoder again", "every stage again")
SETTINGS = {
    setting.name: setting
    for setting in (
        *(Setting(f"float32, {name}", **way) for name, way in _WAYS.items()),
        *(Setting(f"bf16, {name}", half=True, **_WAYS[name]) for name in _HALF),
        *(
            Setting(f"{kind}, {name}, one pass", half=half, batched=True, **_WAYS[name])
            for kind, half in (("float32", False), ("bf16", True))
            for name in _TOGETHER
        ),
        *(
            Setting(f"{kind}, {name}, encoder whole, one pass", again, half, False, True, True)
            for kind, half in (("float32", False), ("bf16", True))
            for name, again in (("encoder again", ()), ("every stage again", STAGES[1:]))
        ),
    )
}


def main() -> None:
    """Measure every setting in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--record", action="store_true", help="write the result file")
    parser.add_argument("--only", default="", metavar="TEXT", help="settings that have it")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--one", choices=SETTINGS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.one:
        print(json.dumps(measure(SETTINGS[arguments.one])))
        return
    spec, others = find_spec(MODEL), OtherWork()
    found = {
        way: Comparison(TITLE, way, f"{BATCH}x{SIDE}x{SIDE}", spec.fingerprint, None, rounds=1)
        for way in (BASE, BATCHED)
    }
    for setting in SETTINGS.values():
        if arguments.only in setting.name:
            row = _apart(setting.name, arguments.threads)
            print(_line(row), flush=True)
            found[BATCHED if setting.batched else BASE].rows.append(row)
    for comparison in found.values():
        comparison.disturbance = others.cores()
    costs = cost(spec.fingerprint)
    for row in costs.rows:
        print(f"{row['name']}: {row['seconds']:.2f} s, ratio {row['ratio']:.2f}")
    if arguments.record:
        comparisons = [comparison for comparison in found.values() if comparison.rows]
        print(record.write("training_memory", [*comparisons, costs]))


def measure(setting: Setting) -> dict[str, Any]:
    """The three numbers of one setting; best in a fresh process."""
    step = make_step(setting, batch=BATCH, side=SIDE)
    make_step(setting, batch=1, side=64)()  # loads the kernels' libraries and their threads
    gc.collect()
    before = _status("VmRSS")
    _forget_peak()
    step()
    grown = _status("VmHWM") - before
    by_stage = saved_bytes(setting)
    return {
        "name": setting.name,
        "saved_bytes": sum(by_stage.values()),
        "saved_by_stage": by_stage,
        "peak_bytes": peak_bytes(step),
        "grown_bytes": grown,
    }


def make_step(setting: Setting, *, batch: int, side: int) -> Callable[[], None]:
    """A forward and a backward pass, without the optimizer; gradients are dropped at the end."""
    model, forward = _prepare(setting, batch=batch, side=side)

    def step() -> None:
        forward().backward()
        model.zero_grad(set_to_none=True)

    return step


def saved_bytes(setting: Setting, *, batch: int = BATCH, side: int = SIDE) -> dict[str, int]:
    """What the forward pass leaves for the backward pass, by stage."""
    model, forward = _prepare(setting, batch=batch, side=side)
    saved = _Saved(model)
    with saved.watching(("encoder", *setting.again) if setting.whole else setting.again):
        loss = forward(saved)
    del loss
    return saved.by_stage()


class _Saved:
    """Storages that autograd keeps, each with the stage that kept it first.

    The storages are held until the end: one that is freed would lend its address to the next.
    """

    def __init__(self, model: Interpolator) -> None:
        self.model = model
        self.stage = LOSS
        self._not_counted = {_key(tensor) for tensor in model.state_dict(keep_vars=True).values()}
        self._found: dict[int, tuple[str, torch.UntypedStorage]] = {}

    def leave_out(self, *tensors: Tensor) -> None:
        """Not counted: they would be there without training."""
        self._not_counted |= {_key(tensor) for tensor in tensors}

    def note(self, tensor: Tensor) -> Tensor:
        """Count a tensor; it is handed on, so that this serves as a hook."""
        key = _key(tensor)
        if key not in self._not_counted and key not in self._found:
            self._found[key] = (self.stage, tensor.untyped_storage())
        return tensor

    def by_stage(self) -> dict[str, int]:
        """Bytes, in the order of the stages."""
        sizes = dict.fromkeys((*STAGES, LOSS), 0)
        for stage, storage in self._found.values():
            sizes[stage] += storage.nbytes()
        return sizes

    @contextmanager
    def watching(self, again: tuple[str, ...]) -> Iterator[None]:
        """Count what is saved meanwhile; of stages computed again, the inputs."""
        hooks = []
        for name in STAGES:
            stage = getattr(self.model, name)
            hooks.append(stage.register_forward_pre_hook(self._enter(name, name in again)))
            hooks.append(stage.register_forward_hook(self._leave))
        with torch.autograd.graph.saved_tensors_hooks(self.note, lambda tensor: tensor):
            yield
        for hook in hooks:
            hook.remove()

    def _enter(self, name: str, again: bool) -> Callable[..., None]:
        def hook(_: Any, inputs: tuple[Any, ...]) -> None:
            self.stage = name
            # What is within a checkpoint is out of sight of our hooks, and so are its inputs,
            # which it keeps as they are. A stage without them, such as a frozen one, keeps nothing
            for leaf in tree_leaves(inputs) if again else ():
                if isinstance(leaf, Tensor):
                    self.note(leaf)

        return hook

    def _leave(self, *_: Any) -> None:
        self.stage = LOSS


def cost(fingerprint: str) -> Comparison:
    """The time that recomputing takes, at batch 1, alternatives in turn."""
    names = ("as it is", "aggregator again", "refiner again", "encoder again", "every stage again")
    alternatives = {
        name: make_step(Setting(name, **_WAYS[name]), batch=1, side=SIDE) for name in names
    }
    interleaved, rounds = Interleaved(alternatives), 5
    interleaved()
    others = OtherWork()
    for _ in range(rounds):
        interleaved()
    size = f"1x{SIDE}x{SIDE}"
    comparison = Comparison("Time of a training step", "float32", size, fingerprint, None, rounds)
    comparison.rows, comparison.disturbance = interleaved.rows(rounds), others.cores()
    return comparison


def _prepare(
    setting: Setting, *, batch: int, side: int
) -> tuple[Interpolator, Callable[..., Tensor]]:
    """A model in training, and what computes its loss on a made batch."""
    torch.manual_seed(0)
    model = build_model(MODEL).train()
    if setting.frozen:
        model.encoder.requires_grad_(False)
    compute_again(model, setting.again)
    if setting.batched:
        _encode_together(model)
    if setting.whole:
        _recompute_whole(model.encoder)
    objective = _objective()
    frames = clip(len(model.window) + 1, side, side).expand(batch, -1, -1, -1, -1)
    others = [i for i in range(frames.shape[1]) if i != int(model.window.target)]
    given, truth = frames[:, others].contiguous(), frames[:, int(model.window.target)].contiguous()

    def forward(saved: _Saved | None = None) -> Tensor:
        if saved is not None:
            saved.leave_out(given, truth, *objective.state_dict(keep_vars=True).values())
        with torch.autocast("cpu", torch.bfloat16, enabled=setting.half):
            result = model(given)
        total: Tensor = objective(in_float32(result), Truth(truth), model.window).total
        return total

    return model, forward


def _encode_together(model: Interpolator) -> None:
    """Have the encoder take frames as it does on an accelerator, though this is a CPU."""

    def together(self: Interpolator, frames: Tensor, others: list[int]) -> list[Tensor]:
        stride = self.clip_stride
        assert self.encoder is not None
        assert stride is not None
        deepest = self.encoder(frames[:, others].flatten(0, 1), {stride})[stride]
        return list(deepest.unflatten(0, (-1, len(others))).unbind(1))

    model._encode_others = MethodType(together, model)  # type: ignore[method-assign]


def _recompute_whole(encoder: nn.Module) -> None:
    """Have an encoder computed again, all pictures of a call at once."""
    forward = encoder.forward

    def again(images: Tensor, strides: Collection[int]) -> Any:
        return checkpoint(forward, images, strides, use_reentrant=False)

    encoder.forward = again  # type: ignore[method-assign]


def _objective() -> Objective:
    """The text's, with random weights where LPIPS wants AlexNet's."""
    from torchvision.models import alexnet

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "alexnet.pth"
        torch.save(alexnet(weights=None).state_dict(), path)
        lpips = LPIPS(net="alex", backbone=str(path))
    return Objective({"l1": Term(L1()), "lpips": Term(lpips, 0.1)})


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _apart(name: str, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.training_memory", "--one", name]
    done = subprocess.run(
        [*command, "--threads", str(threads)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def _line(row: dict[str, Any]) -> str:
    stages = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in row["saved_by_stage"].items())
    numbers = " ".join(f"{row[k] / 1e6:6.0f}" for k in ("saved_bytes", "peak_bytes", "grown_bytes"))
    return f"{numbers} MB  {row['name']}: {stages}"


def _status(field: str) -> int:
    """A field of the process's own status in bytes; its peak where there is no such file."""
    if STATUS.exists():
        found = re.search(rf"{field}:\s+(\d+) kB", STATUS.read_text())
        if found:
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _forget_peak() -> None:
    """Let the peak count from now on, where the system allows that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    main()
