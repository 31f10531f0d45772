"""Our metrics against the libraries that define them; a Markdown table of the largest differences.

    python benchmarks/metric_parity.py                              # print
    python benchmarks/metric_parity.py --write docs/metrics.md      # and put it between its marks

Parts of photographs that come with scikit-image, against copies that are noisy, blurred, shifted,
darkened and wrong altogether. The reference gets float64 where it takes it; ours gets float64 and
float32. LPIPS gets random backbones: what is compared is our road to the package and not its
weights, which are not downloaded here. $VFI_RIFE_REPO adds the official code of RIFE.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import lpips
import numpy as np
import skimage
import torch
import torchvision
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.functional import image as torchmetrics

from vfiblocks import METRICS
from vfiblocks.metrics import psnr, psnr_y, ssim, ssim_3d, ssim_uniform

Measure = Callable[[Tensor, Tensor], float | Tensor]
MARK = re.compile(r"(<!-- parity -->\n).*?(<!-- end -->)", re.DOTALL)


class Parity(NamedTuple):
    """Two roads to one number.

    Attributes:
        metric: ours.
        reference: what it is compared with.
        ours: takes prediction and target (3, H, W).
        theirs: the same.
        single: whether the reference itself works in float32.
    """

    metric: str
    reference: str
    ours: Measure
    theirs: Measure
    single: bool = False


def main() -> None:
    """Compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path, help="page to put the table into")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        table = "\n".join(lines(list(pairs()), [*plain(), *official(), *learned(Path(folder))]))
    print(table)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        if not MARK.search(page):
            sys.exit(f"{options.write} has no '<!-- parity -->' ... '<!-- end -->'")
        page = MARK.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)
        temporary = options.write.with_name(f".{options.write.name}.partial")
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(options.write)


def pairs() -> Iterator[tuple[Tensor, Tensor]]:
    """Predictions that are wrong in their own ways, and the truth, (3, H, W) float64."""
    generator = torch.Generator().manual_seed(0)
    for name in ("astronaut", "coffee", "chelsea"):
        photograph = getattr(skimage.data, name)()
        target = torch.from_numpy(photograph[100:228, 100:292]).movedim(-1, 0).double() / 255
        noise = torch.randn(target.shape, generator=generator, dtype=torch.float64)
        for image in (
            target + 0.005 * noise,
            target + 0.1 * noise,
            F.avg_pool2d(target[None], 5, stride=1, padding=2)[0],
            target.roll((1, 2), dims=(1, 2)),
            0.713 * target,  # not 0.7: halves of levels would be rounded this way and that
            target.flip(-1),
        ):
            yield image.clamp(0, 1), target


def plain() -> Iterator[Parity]:
    """What needs no weights."""
    sk = f"scikit-image {version('scikit-image')}"
    tm = f"torchmetrics {version('torchmetrics')}"
    measure = skimage.metrics.structural_similarity

    def flat(x: Tensor) -> np.ndarray:
        return x.movedim(0, -1).numpy()

    def levels(x: Tensor) -> np.ndarray:
        return flat((x * 255).round().byte())

    def rife_y(a: Tensor, b: Tensor) -> float:
        y = (255 * skimage.color.rgb2yuv(levels(x) / 255)[..., 0] for x in (a, b))
        return float(20 * np.log10(255 / np.sqrt(np.mean(np.subtract(*y) ** 2))))

    yield Parity(
        "`psnr(rounded=False)`",
        f"`peak_signal_noise_ratio`, {sk}",
        lambda a, b: psnr(a, b, rounded=False),
        lambda a, b: skimage.metrics.peak_signal_noise_ratio(b.numpy(), a.numpy(), data_range=1),
    )
    yield Parity(
        "`psnr()`",
        f"the same of 8-bit pictures, {sk}",
        psnr,
        lambda a, b: skimage.metrics.peak_signal_noise_ratio(levels(b), levels(a)),
    )
    yield Parity(
        "`psnr(rounded=False)`",
        f"`peak_signal_noise_ratio`, {tm}",
        lambda a, b: psnr(a, b, rounded=False),
        lambda a, b: torchmetrics.peak_signal_noise_ratio(a, b, data_range=1.0),
    )
    yield Parity("`psnr_y()`", f"RIFE's formula for HD with `rgb2yuv`, {sk}", psnr_y, rife_y)
    yield Parity(
        "`ssim(rounded=False)`",
        f"`structural_similarity(gaussian_weights=True, use_sample_covariance=False)`, {sk}",
        lambda a, b: ssim(a, b, rounded=False),
        lambda a, b: measure(
            flat(b),
            flat(a),
            channel_axis=-1,
            data_range=1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        ),
    )
    yield Parity(
        '`ssim(rounded=False, border="mirror")`',
        f"`structural_similarity_index_measure`, {tm}",
        lambda a, b: ssim(a, b, rounded=False, border="mirror"),
        lambda a, b: torchmetrics.structural_similarity_index_measure(
            a[None], b[None], data_range=1.0
        ),
    )
    yield Parity(
        "`ssim_uniform(rounded=False)`",
        f"`structural_similarity`, {sk}",
        lambda a, b: ssim_uniform(a, b, rounded=False),
        lambda a, b: measure(flat(b), flat(a), channel_axis=-1, data_range=1),
    )
    yield Parity(
        "`ssim_uniform()`",
        f"the same of 8-bit pictures, {sk}",
        ssim_uniform,
        lambda a, b: measure(levels(b), levels(a), channel_axis=-1),
    )
    yield Parity(
        "`ssim_3d(rounded=False)`",
        "one `conv3d` over (colour, row, column), in this script",
        lambda a, b: ssim_3d(a, b, rounded=False),
        direct_ssim_3d,
    )


def direct_ssim_3d(image: Tensor, target: Tensor) -> float:
    """The definition, without a thought for time."""
    taps = torch.exp(-((torch.arange(11.0, dtype=torch.float64) - 5) ** 2) / (2 * 1.5**2))
    taps = taps / taps.sum()
    window = torch.einsum("i,j,k->ijk", taps, taps, taps)[None, None]

    def mean(x: Tensor) -> Tensor:
        return F.conv3d(F.pad(x[None, None], (5,) * 6, mode="replicate"), window)

    a, b = mean(image), mean(target)
    spread = mean(image**2) - a**2 + mean(target**2) - b**2
    both = mean(image * target) - a * b
    index = (2 * a * b + 1e-4) * (2 * both + 9e-4) / ((a**2 + b**2 + 1e-4) * (spread + 9e-4))
    return float(index.mean())


def official() -> Iterator[Parity]:
    """RIFE's own code, if there is a checkout of it."""
    folder = os.environ.get("VFI_RIFE_REPO")
    if folder:
        sys.path.insert(0, folder)
        theirs = importlib.import_module("model.pytorch_msssim").ssim_matlab

        def run(a: Tensor, b: Tensor, dtype: torch.dtype) -> float:
            torch.set_default_dtype(dtype)  # it makes its window in the default
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # it copies tensors as torch warns of
                    return float(theirs(a.to(dtype)[None], b.to(dtype)[None]))
            finally:
                torch.set_default_dtype(torch.float32)

        for dtype, how in ((torch.float64, "run in float64"), (torch.float32, "as it is, float32")):
            yield Parity(
                "`ssim_3d(rounded=False)`",
                f"`ssim_matlab`, the official code of RIFE, {how}",
                lambda a, b: ssim_3d(a, b, rounded=False),
                lambda a, b, dtype=dtype: run(a, b, dtype),
            )


def learned(folder: Path) -> Iterator[Parity]:
    """LPIPS, with the same random backbone on both sides."""
    makers = {
        "alex": torchvision.models.alexnet,
        "squeeze": torchvision.models.squeezenet1_1,
        "vgg": torchvision.models.vgg16,
    }
    for name, maker in makers.items():
        torch.manual_seed(0)
        weights = maker(weights=None).features.state_dict(prefix="features.")
        torch.save(weights, folder / f"{name}.pth")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torchvision's, about how the package asks
            theirs = lpips.LPIPS(net=name, pnet_rand=True, verbose=False)
        for key, parameter in theirs.net.named_parameters():
            parameter.data.copy_(weights["features." + key.split(".", 1)[1]])
        ours = METRICS.get(f"lpips-{name}")(backbone=folder / f"{name}.pth", rounded=False)
        yield Parity(
            f"`lpips-{name}`",
            f'`LPIPS(net="{name}")`, lpips {version("lpips")}, random backbone',
            lambda a, b, ours=ours: ours(a[None], b[None]),
            lambda a, b, theirs=theirs: theirs(a[None].float(), b[None].float(), normalize=True),
            single=True,
        )


def lines(pictures: list[tuple[Tensor, Tensor]], parities: list[Parity]) -> Iterator[str]:
    """The table."""
    shapes = {tuple(target.shape[-2:]) for _, target in pictures}
    sizes = ", ".join(f"{height}x{width}" for height, width in sorted(shapes))
    yield (
        f"Largest difference over {len(pictures)} pairs of pictures ({sizes}), torch "
        f"{torch.__version__} on the CPU:"
    )
    yield ""
    yield "| ours | reference | values | in float64 | in float32 |"
    yield "|---|---|---|---|---|"
    for parity in parities:
        with torch.no_grad():
            wanted = [float(parity.theirs(a, b)) for a, b in pictures]
            found = [float(parity.ours(a, b)) for a, b in pictures]
            single = [float(parity.ours(a.float(), b.float())) for a, b in pictures]
        double = "" if parity.single else f"{largest(found, wanted):.1e}"
        yield (
            f"| {parity.metric} | {parity.reference} | {min(wanted):.3f} to {max(wanted):.3f} | "
            f"{double} | {largest(single, wanted):.1e} |"
        )


def largest(found: list[float], wanted: list[float]) -> float:
    """The largest difference."""
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True))


if __name__ == "__main__":
    main()
