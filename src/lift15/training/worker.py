"""One of several training processes on a machine: ``python -m lift15.training.worker FOLDER``."""

from __future__ import annotations

import os
import sys

from lift15.cli.output import complain, tell
from lift15.training.fit import prepare, train_here
from lift15.training.run_folder import RunFolder
from vfiblocks.errors import VfiError


def main(folder: str) -> int:
    """Carry out the plan of a run that has begun; the exit code of the process."""
    try:
        run = RunFolder(folder)
        plan = run.plan()
        say = tell if os.environ.get("RANK", "0") == "0" else _nothing
        module, feed = prepare(plan, say=_nothing)
        train_here(run, module, feed, say=say)
    except VfiError as error:
        complain(str(error))
        return 1
    return 0


def _nothing(message: str) -> None:
    """What has been said before, or by the first process."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
