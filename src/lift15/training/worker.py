"""One of several training processes on a machine: ``python -m lift15.training.worker FOLDER``."""

from __future__ import annotations

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
        start, feed = prepare(plan)
        train_here(run, plan, start, feed, say=tell)
    except VfiError as error:
        complain(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
