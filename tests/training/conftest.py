from collections.abc import Sequence

import pytest

GENERATED = "generated:?clips=6&height=32&width=32"


@pytest.fixture
def smoke():
    """A plan that is carried out in half a second; settings as on the command line."""
    from lift15.training.plan import make_plan

    def make(*settings: str, data: Sequence[str] = (GENERATED,)):
        sources = {"data": {"train": list(data)}}
        plain = (
            "run.pictures=0",
            "run.tensorboard=false",
            "run.validate_every=0",
            "run.save_every=1000",
        )
        return make_plan("smoke", tables=[sources], settings=[*plain, *settings])

    return make
