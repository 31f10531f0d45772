"""One piece of an ablation in a process of its own: ``python -m lift15.ablation.worker``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from lift15.ablation.folder import AblationFolder
from lift15.ablation.processes import COMMAND
from lift15.ablation.work import do_baselines, do_run
from lift15.cli.output import complain, tell
from vfiblocks.errors import VfiError

FAILED, INTERRUPTED = 1, 130


def main(arguments: list[str]) -> int:
    """Do what is asked: FOLDER and ``run VARIANT SEED``, ``baselines``, ``costs`` or ``pictures``.

    Returns:
        The exit code: 0 when done, 130 when interrupted, 1 when it failed.
    """
    _end_with_parent()
    folder, what, *rest = arguments
    ablation = AblationFolder(folder)
    command = json.loads(os.environ.get(COMMAND, "[]"))
    try:
        if what == "run":
            variant, seed = rest
            state = do_run(ablation, variant, int(seed), command=command, say=tell)
            if state.state in ("failed", "diverged"):
                complain(state.reason)
                return FAILED
            return 0 if state.state == "finished" else INTERRUPTED
        if what == "baselines":
            do_baselines(ablation, say=tell)
        elif what == "costs":
            from lift15.ablation.cost import do_costs

            do_costs(ablation, say=tell)
        else:
            from lift15.ablation.pictures import do_pictures

            do_pictures(ablation, say=tell)
    except VfiError as error:
        complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _end_with_parent() -> None:
    """Stop as by Ctrl-C when the process that started this one is gone, however it died.

    It holds the other end of standard input and never writes; when it dies, reading ends.
    """
    if COMMAND not in os.environ:
        return  # started by hand

    def wait() -> None:
        while os.read(0, 1):  # not through sys.stdin, whose lock would be held at the end
            pass
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
