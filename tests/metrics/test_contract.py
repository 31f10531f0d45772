"""What every registered metric holds, whatever it measures."""

import textwrap

import pytest
import torch

from vfiblocks import METRICS, Draft, Interpolation, Motion, Truth, plugins
from vfiblocks.errors import InputError, PluginError, UnknownComponent
from vfiblocks.metrics import Metric

NAMES = METRICS.names()
LEARNED = {name for name in NAMES if name.startswith("lpips-")}
PLAIN = [name for name in NAMES if name not in LEARNED]
SIZE = (66, 74)


def make(name: str, random_backbone) -> Metric:
    if name in LEARNED:
        pytest.importorskip("lpips")
        return METRICS.get(name)(backbone=random_backbone(name.removeprefix("lpips-")))
    return METRICS.get(name)()


def case(metric: Metric, noise: float) -> tuple[torch.Tensor | Interpolation, Truth]:
    """Two pictures, or two clips, moving or not as the metric needs it, off by some noise."""
    generator = torch.Generator().manual_seed(5)
    shape = (2, 3, 3, *SIZE) if "sequence" in metric.needs else (2, 3, *SIZE)
    y, x = torch.meshgrid(torch.arange(SIZE[0]), torch.arange(SIZE[1]), indexing="ij")
    target = 0.5 + 0.2 * torch.sin(x / 4) * torch.cos(y / 5) + torch.zeros(shape)
    target = target + 0.1 * torch.randn(shape, generator=generator).clamp(-2, 2)
    target = (target.clamp(0, 1) * 255).round() / 255
    off = noise * torch.randn(shape, generator=generator)
    image = (target + off).clamp(0, 1)
    if "motion" not in metric.needs:
        return image, Truth(target)
    true_flow = torch.randn(2, 2, 2, *SIZE, generator=generator)
    visible = torch.rand(2, 2, 1, *SIZE, generator=generator) < 0.8
    flow = true_flow + 10 * noise * torch.randn(true_flow.shape, generator=generator)
    references = torch.zeros(2, 2, 3, *SIZE)
    made = Interpolation(
        image, Draft(image, references), Motion(flow, flow[:, :, :1]), None, references
    )
    return made, Truth(target, true_flow, visible, torch.ones(2, dtype=torch.bool))


@pytest.mark.parametrize("name", NAMES)
def test_less_noise_is_better_in_the_direction_that_it_says(name, random_backbone):
    metric = make(name, random_backbone)
    near, far = (metric(*case(metric, noise)) for noise in (0.02, 0.2))
    assert near.shape == far.shape == (2,)
    assert near.dtype == torch.float32
    assert near.isfinite().all()
    assert ((near > far) if metric.better == "higher" else (near < far)).all()
    assert metric.unit in {"dB", "", "levels", "px"}
    assert not near.requires_grad


@pytest.mark.parametrize("name", NAMES)
def test_each_picture_is_judged_by_itself(name, random_backbone):
    metric = make(name, random_backbone)
    result, truth = case(metric, 0.1)
    alone = Truth(*(None if x is None else x[1:] for x in truth))
    if isinstance(result, torch.Tensor):
        second = result[1:]
    else:
        flow = result.motion.flow[1:]
        second = Interpolation(
            result.image[1:],
            Draft(result.image[1:], result.references[1:]),
            Motion(flow, flow[:, :, :1]),
            None,
            result.references[1:],
        )
    torch.testing.assert_close(metric(second, alone), metric(result, truth)[1:])


@pytest.mark.parametrize("name", PLAIN)
def test_what_does_not_fit_is_refused_by_name(name):
    metric = METRICS.get(name)()
    who = type(metric).__name__
    result, truth = case(metric, 0.1)
    image = result if isinstance(result, torch.Tensor) else result.image
    for bad in (image[0], image[..., :-1], image[:1]):
        wrong = bad if isinstance(result, torch.Tensor) else result._replace(image=bad)
        with pytest.raises(InputError, match=rf"{who} compares \(B, .* got \("):
            metric(wrong, truth)
    elsewhere = truth._replace(image=truth.image.to("meta"))
    with pytest.raises(InputError, match=rf"{who} got the prediction on cpu and the truth on met"):
        metric(result, elsewhere)


def test_the_names_that_users_rely_on():
    assert set(NAMES) >= {
        "epe", "epe-hidden", "epe-visible", "flicker", "ie-mean", "ie-rms", "lpips-alex",
        "lpips-squeeze", "lpips-vgg", "psnr", "psnr-div", "psnr-edges", "psnr-off-edges",
        "psnr-y", "ssim", "ssim-3d", "ssim-uniform",
    }  # fmt: skip
    assert METRICS.options("psnr") == {"rounded": True, "epsilon": 0.0}
    with pytest.raises(UnknownComponent, match="unknown metric 'pnsr'; did you mean 'psnr'"):
        METRICS.get("pnsr")


PLUGIN = """
    from vfiblocks.metrics import Metric

    class WorstPixel(Metric):
        better = "lower"
        unit = "levels"

        def measure(self, prediction, truth):
            return 255 * (prediction.image - truth.image).abs().flatten(1).amax(1)

    class Unfinished(Metric):
        better = "lower"
        unit = ""
"""


def test_a_metric_of_another_package_is_one_like_ours(tmp_path, monkeypatch):
    (tmp_path / "harsh_metrics.py").write_text(textwrap.dedent(PLUGIN))
    info = tmp_path / "harsh-1.1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text(
        "[vfiblocks.metrics]\nworst-pixel = harsh_metrics:WorstPixel\n"
        "idle = harsh_metrics:Unfinished\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(METRICS, "_entries", dict(METRICS._entries))
    plugins.rescan()
    try:
        assert METRICS.origin("worst-pixel") == "harsh 1.1"
        metric = METRICS.get("worst-pixel")()
        target = torch.zeros(2, 3, 4, 4)
        image = target.clone()
        image[1, 2, 3, 0] = 0.2
        assert metric(image, target).tolist() == pytest.approx([0.0, 51.0])
        with pytest.raises(PluginError, match=r"metric 'idle' of harsh 1\.1 does not define mea"):
            METRICS.get("idle")
    finally:
        monkeypatch.undo()
        plugins.rescan()
