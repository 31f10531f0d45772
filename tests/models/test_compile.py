"""Models are one graph: ``torch.compile(fullgraph=True)`` and ``torch.export`` take them whole.

The backends used here translate but do not generate code, so that a test takes seconds.
"""

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export

from vfiblocks import Interpolator, Window, build_model, find_spec

# Four frames are enough to show it: every frame adds to the graph on a CPU.
MODELS = [
    pytest.param(find_spec("lift15-tiny").override(window=Window.even(2, 2)), id="lift15-tiny"),
    pytest.param(
        find_spec("lift15-pro-tiny").override(window=Window.even(2, 2)),
        marks=pytest.mark.slow,
        id="lift15-pro-tiny",
    ),
    pytest.param(find_spec("lift15-s1"), marks=pytest.mark.slow, id="lift15-s1"),
    pytest.param(find_spec("rife"), marks=pytest.mark.slow, id="rife"),
    pytest.param(find_spec("rife-4.25"), marks=pytest.mark.slow, id="rife-4.25"),
]


class Picture(nn.Module):
    """A graph for deployment: clip in, picture out."""

    def __init__(self, model: Interpolator) -> None:
        super().__init__()
        self.model = model

    def forward(self, frames: Tensor) -> Tensor:
        image: Tensor = self.model(frames).image
        return image


@pytest.fixture
def model(request: pytest.FixtureRequest) -> Interpolator:
    torch._dynamo.reset()
    return build_model(request.param).eval()


def clip(model: Interpolator, height: int, width: int, batch: int = 1) -> Tensor:
    """Sizes are meant for multiples up to 32; a model that pads to 64 gets twice of them."""
    unit = max(1, model.multiple // 32)
    return torch.rand(batch, len(model.window), 3, unit * height, unit * width)


@pytest.mark.parametrize("model", MODELS, indirect=True)
@pytest.mark.parametrize("backend", ["eager", pytest.param("aot_eager", marks=pytest.mark.slow)])
@torch.no_grad()
def test_compiles_as_one_graph(model: Interpolator, backend: str):
    frames = clip(model, 48, 64)
    compiled = torch.compile(model, fullgraph=True, backend=backend)
    expected, found = model(frames), compiled(frames)
    torch.testing.assert_close(found.image, expected.image, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.motion.flow, expected.motion.flow, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@torch.no_grad()
def test_compiles_with_missing_frames():
    model = build_model("lift15-tiny", aggregator={"window": 8}).eval()
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    window = Window.even(2, 2, 0.25)
    valid = torch.tensor([[False, True, True, True]])
    frames = torch.rand(1, 4, 3, 32, 64)
    torch.testing.assert_close(
        compiled(frames, window, valid).image, model(frames, window, valid).image
    )


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, indirect=True)
@torch.no_grad()
def test_one_compiled_graph_serves_all_sizes(model: Interpolator):
    graphs = 0

    def counting(graph: torch.fx.GraphModule, _: object) -> torch.fx.GraphModule:
        nonlocal graphs
        graphs += 1
        return graph

    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend=counting)
    for size in ((64, 96), (96, 64), (50, 70)):
        frames = clip(model, *size)
        expected = model(frames).image  # first, for einops looks up its backend once
        torch.testing.assert_close(compiled(frames).image, expected)
    assert graphs <= 2  # padded or not


@pytest.mark.parametrize("model", MODELS, indirect=True)
@torch.no_grad()
def test_exports_for_any_size_and_batch(model: Interpolator):
    shapes = ({0: Dim.AUTO, 3: Dim.AUTO, 4: Dim.AUTO},)
    program = export(Picture(model), (clip(model, 65, 99, 2),), dynamic_shapes=shapes).module()
    for size in ((33, 47), (50, 64), (64, 50), (64, 64), (96, 160)):
        frames = clip(model, *size, batch=3)
        torch.testing.assert_close(program(frames), model(frames).image)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, indirect=True)
@torch.no_grad()
def test_exports_for_multiples(model: Interpolator):
    """The form for engines that want to know what sizes they will meet."""
    height, width = (model.multiple * Dim(side, min=2, max=64) for side in ("tall", "wide"))
    shapes = ({3: height, 4: width},)
    program = export(Picture(model), (clip(model, 64, 96),), dynamic_shapes=shapes).module()
    for size in ((64, 64), (128, 96)):
        frames = clip(model, *size)
        torch.testing.assert_close(program(frames), model(frames).image)
