import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vfiblocks import METRICS
from vfiblocks.errors import InputError
from vfiblocks.metrics import edge_mask, psnr

shares = st.floats(0.02, 0.98)


@given(seed=st.integers(0, 2**32 - 1), share=shares)
def test_it_holds_its_share_of_the_pixels(seed: int, share: float):
    picture = torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(seed))
    counted = edge_mask(picture, share=share).sum(dim=(-3, -2, -1))
    assert ((counted - share * 600).abs() <= 1.01).all()


def test_the_gradient_is_scikit_images_sobel(pictures):
    filters = pytest.importorskip("skimage.filters")
    color = pytest.importorskip("skimage.color")
    target = pictures(3, 30, 40)[1].float()
    y = color.rgb2yuv(target.movedim(0, -1).numpy())[..., 0]
    steep = torch.from_numpy(filters.sobel(y))
    found = edge_mask(target, share=0.25)[0]
    inside = (slice(1, -1), slice(1, -1))  # they treat borders otherwise
    found, steep = found[inside], steep[inside]
    assert steep[found].min() >= steep[~found].max() - 1e-6


def test_dark_pictures_have_edges_and_flat_ones_none(pictures):
    target = pictures(1, 3, 30, 40)[1].float()
    assert torch.equal(edge_mask(target), edge_mask(target / 8))
    assert not edge_mask(torch.full((3, 30, 40), 0.7)).any()
    flat = torch.full((1, 3, 30, 40), 0.7)
    assert METRICS.get("psnr-edges")()(flat + 0.1, flat).isnan()


def test_the_two_metrics_share_the_picture_out():
    """A blurred step costs at its edge; a shift in brightness costs everywhere alike."""
    target = torch.zeros(1, 3, 16, 40)
    target[..., 20:] = 0.8
    blurred = target.clone()
    blurred[..., 19:21] = 0.4
    edges, rest = METRICS.get("psnr-edges")(share=0.05), METRICS.get("psnr-off-edges")(share=0.05)
    assert edges(blurred, target) == pytest.approx(float(psnr(torch.tensor(0.4).expand(1, 1, 1),
        torch.zeros(1, 1, 1))), abs=1e-3)  # fmt: skip
    assert rest(blurred, target) == float("inf")
    shifted = METRICS.get("psnr-edges")(rounded=False)(target + 0.1, target)
    assert float(shifted) == pytest.approx(20, abs=1e-3)
    whole = psnr(blurred, target)
    assert edges(blurred, target) < whole < rest(blurred, target)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_shares_outside_are_refused(share):
    with pytest.raises(InputError, match=r"share of the pixels in \(0, 1\), got"):
        edge_mask(torch.rand(3, 8, 8), share=share)
    with pytest.raises(InputError, match=r"PsnrEdges wants a share"):
        METRICS.get("psnr-edges")(share=share)
