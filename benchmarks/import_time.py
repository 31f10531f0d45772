"""What importing costs: `python benchmarks/import_time.py` prints medians of fresh processes.

Time of the processor, not of the clock: it is what other work on the machine disturbs least. Files
are in the cache of the system from the second process on, so the first is not counted.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys

import torch

STATEMENTS = ("pass", "import torch", "import vfiblocks", "import lift15.cli")
ROUNDS = 9


def seconds(statement: str) -> float:
    """User and system time of a new Python that runs one statement."""
    child = subprocess.Popen([sys.executable, "-c", statement])
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{statement!r} failed")
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the table."""
    rounds = [[seconds(statement) for statement in STATEMENTS] for _ in range(ROUNDS + 1)][1:]
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    # Within a round, so that a slow moment of the machine touches both alike.
    added = [statistics.median(b - a for a, b in (r[i : i + 2] for r in rounds)) for i in range(3)]
    print(f"Python {platform.python_version()}, torch {torch.__version__}, {ROUNDS} rounds\n")
    print("| | processor, s | more than the line above, s |\n|---|---|---|")
    print(f"| `{STATEMENTS[0]}` | {medians[0]:.2f} | |")
    for statement, whole, more in zip(STATEMENTS[1:], medians[1:], added, strict=True):
        print(f"| `{statement}` | {whole:.2f} | {more:.2f} |")


if __name__ == "__main__":
    main()
