"""The specs of lift15-pro assemble, keep their budget and start as their two-frame model."""

import pytest
import torch

from lift15.pro import LIFT15_PRO, LIFT15_PRO_TINY, PRO
from vfiblocks import assemble, describe, dry_run


@pytest.mark.parametrize("name", PRO)
def test_every_spec_assembles(name: str):
    assert dry_run(PRO[name]).spec.flow.name == "correlation-cascade"


def test_the_budget_is_kept():
    ledger = describe(LIFT15_PRO, size=(256, 448))
    assert ledger.macs <= 60e9
    assert ledger.parameters <= 10e6


def test_context_starts_at_nothing():
    """With its own weights and no aggregator the model makes the same picture."""
    model = assemble(LIFT15_PRO_TINY).eval()
    alone = assemble(LIFT15_PRO_TINY.override(aggregator=None)).eval()
    weights = model.state_dict()
    alone.load_state_dict({n: weights[n] for n in alone.state_dict() if n in weights}, strict=False)
    frames = torch.rand(1, 14, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(model(frames).image, alone(frames).image)
