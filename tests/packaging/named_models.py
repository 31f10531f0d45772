"""Run by the installed package's Python: every named model is built, run, stored and read.

Prints one line per model. A spec with several names is made once.
"""

import sys
import tempfile
from pathlib import Path

import torch

import vfiblocks


def main() -> None:
    origin = Path(vfiblocks.__file__)
    assert Path(sys.prefix) in origin.parents, f"{origin} is not the installed package"
    torch.set_num_threads(1)
    names = {id(vfiblocks.find_spec(name)): name for name in reversed(vfiblocks.list_models())}
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        for name in sorted(names.values()):
            model = vfiblocks.build_model(name).eval()
            frames = torch.rand(1, 4, 3, 40, 56)
            made = picture(model, frames)
            assert made.shape == (1, 3, 40, 56), name
            assert made.isfinite().all(), name
            path = vfiblocks.save(model, Path(folder) / "model.safetensors")
            torch.testing.assert_close(picture(vfiblocks.load(path), frames), made)
            print(name)


def picture(model: vfiblocks.Interpolator, frames: torch.Tensor) -> torch.Tensor:
    around = 2 if model.aggregator else 1
    window = model.window_between(left=around, right=around)
    return model(frames[:, : len(window)], window).image


if __name__ == "__main__":
    main()
