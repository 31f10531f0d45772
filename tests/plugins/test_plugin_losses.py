"""A loss of another package is a part like any other."""

import pytest
import torch

from vfiblocks import LOSSES, build_model
from vfiblocks.doctor import diagnose
from vfiblocks.errors import InputError, PluginError

CODE = """
    from vfiblocks.losses import Loss

    class WorstPixel(Loss):
        def __init__(self, *, share: float = 1.0):
            super().__init__()
            self.share = share

        def measure(self, result, truth):
            return self.share * (result.image - truth.image).abs().max()

    class Unfinished(Loss):
        pass
"""


def test_it_is_listed_made_with_options_and_checked_like_ours(site):
    site.install("harsh-1.1", "[vfiblocks.losses]\nworst-pixel = harsh:WorstPixel", harsh=CODE)
    assert "worst-pixel" in LOSSES.names()
    assert LOSSES.origin("worst-pixel") == "harsh 1.1"
    assert LOSSES.options("worst-pixel") == {"share": 1.0}
    found = diagnose()
    assert found.plugins["harsh 1.1"] == {"vfiblocks.losses": ("worst-pixel",)}
    assert found.healthy

    loss = LOSSES.get("worst-pixel")(share=0.5)
    result = build_model("classical")(torch.full((1, 2, 3, 32, 48), 0.5))
    target = torch.full((1, 3, 32, 48), 0.5)
    target[0, 1, 2, 3] = 1.0
    assert float(loss(result, target)) == pytest.approx(0.25)
    with pytest.raises(InputError, match="WorstPixel wants the target as"):
        loss(result, target[0])


def test_one_that_measures_nothing_is_refused(site):
    site.install("harsh-1.1", "[vfiblocks.losses]\nidle = harsh:Unfinished", harsh=CODE)
    with pytest.raises(PluginError, match=r"loss 'idle' of harsh 1\.1 does not define measure, wh"):
        LOSSES.get("idle")
