"""Which models leave torch, and how: `python benchmarks/exporting.py [MODEL ...]`.

Prints the table. Every cell is tried, in a process of its own that has a limit of time, at a small
size. Weights are random.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.export import Dim, export

from vfiblocks import Interpolator, build_model
from vfiblocks.errors import VfiError
from vfiblocks.exporting import Picture, export_onnx

MODELS = (
    *("rife", "rife-4.0", "rife-4.25", "ifnet-s1", "lift15-pro-2f", "lift15-tiny", "lift15-s1"),
    *("lift15-windowed", "lift15-pro-tiny", "classical"),
)
LIMIT = 300  # seconds for a cell


def frames_of(model: Interpolator) -> Tensor:
    """A clip of random frames."""
    side = max(64, model.multiple)
    return torch.rand(1, len(model.window), 3, side, side)


def in_onnx(model: Interpolator) -> str:
    """Largest difference of ONNX Runtime's picture."""
    size = frames_of(model).shape[-2:]
    with tempfile.TemporaryDirectory() as folder:
        found = export_onnx(model, Path(folder) / "model.onnx", size=(size[0], size[1]))
    return f"{found.difference:.0e}"


def in_export(model: Interpolator) -> str:
    """Whether one exported program serves another size than its example's."""
    unit = max(1, model.multiple // 32)

    def clip(batch: int, height: int, width: int) -> Tensor:
        return torch.rand(batch, len(model.window), 3, unit * height, unit * width)

    frames = clip(2, 65, 99)  # neither side fits, so that both are padded
    shapes = ({0: Dim.AUTO, 3: Dim.AUTO, 4: Dim.AUTO},)
    program = export(Picture(model), (frames,), dynamic_shapes=shapes)
    other = clip(3, 64, 50)
    torch.testing.assert_close(program.module()(other), model(other).image)
    return "any size"


def in_compile(model: Interpolator) -> str:
    """Whether the model is one graph to torch.compile."""
    frames = frames_of(model)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(frames).image, model(frames).image, rtol=1e-4, atol=1e-4)
    return "one graph"


def in_half(dtype: torch.dtype) -> Callable[[Interpolator], str]:
    """PSNR of pictures made under autocast against those of float32."""

    def measure(model: Interpolator) -> str:
        frames = frames_of(model)
        with torch.autocast("cpu", dtype):
            made = model(frames).image.float()
        error = (made - model(frames).image).square().mean()
        return f"{float(-10 * error.log10()):.0f} dB" if error else "the same"

    return measure


CELLS: dict[str, Callable[[Interpolator], str]] = {
    "ONNX": in_onnx,
    "torch.export": in_export,
    "torch.compile": in_compile,
    "bfloat16": in_half(torch.bfloat16),
    "float16": in_half(torch.float16),
}


def tried(name: str, cell: str) -> str:
    """A cell, worked out in a process of its own."""
    command = [sys.executable, __file__, name, "--cell", cell]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return f"over {LIMIT} s"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        print(f"{name}, {cell}: {last}", file=sys.stderr)
        return "no"
    return done.stdout.strip().splitlines()[-1]


def main() -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--cell", choices=CELLS)
    wanted = parser.parse_args()
    if wanted.cell:
        torch.manual_seed(0)
        torch.set_num_threads(1)
        model = build_model(wanted.models[0]).eval()
        with torch.no_grad():
            try:
                print(CELLS[wanted.cell](model))
            except VfiError as error:
                sys.exit(str(error))
        return
    print(
        f"torch {torch.__version__}\n\n| model | {' | '.join(CELLS)} |\n|---|{'---|' * len(CELLS)}"
    )
    for name in wanted.models:
        cells = " | ".join(tried(name, cell) for cell in CELLS)
        print(f"| `{name}` | {cells} |", flush=True)


if __name__ == "__main__":
    main()
