"""The way of a newcomer, from a clone to a video and to a plugin, as it went.

    python -m benchmarks.newcomer https://github.com/OWNER/vfiblocks > docs/newcomer.md

Every command is run in a new folder, with nothing installed; what it printed and how long it took
is written down as it came. The page stops at the first command that fails, and so does the program.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

PARTS = {
    "From a clone to a video": (
        "git clone --quiet {repository} vfiblocks",
        'python3 -m venv .venv && .venv/bin/pip install --quiet "./vfiblocks[video]"',
        ".venv/bin/vfi demo",
        ".venv/bin/vfi interpolate demo/interpolated.mp4 -o twice.mp4",
    ),
    "From nothing to a plugin that passes its tests": (
        ".venv/bin/vfi new-plugin soft-edges",
        '.venv/bin/pip install --quiet -e "./vfiblocks-soft-edges[test]"',
        ".venv/bin/python -m pytest -q vfiblocks-soft-edges",
        ".venv/bin/vfi describe ifnet-soft-edges",
    ),
}
LINES = 25
"""Of output that are shown of one command, from its end."""


def main() -> int:
    """Run the commands and print the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("repository", help="what to clone")
    parser.add_argument("--shown", default="", help="how the page names it; as given unless said")
    asked = parser.parse_args()
    print("# A newcomer's way\n")
    print(
        f"Run by `python -m benchmarks.newcomer` on {datetime.now(UTC):%Y-%m-%d}, on "
        f"{os.cpu_count()} cores with Python {platform.python_version()}. Times are of the whole "
        "command; an installation is mostly its download. Other work on the machine: a load of "
        f"{os.getloadavg()[0]:.1f} when it began.\n"
    )
    # What is set for this program's own environment is not there for a newcomer
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    variables = {key: value for key, value in os.environ.items() if key not in hidden}
    # Of a clone that is no branch, and of the places where pip looks, a page need not tell
    variables |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "advice.detachedHead"}
    variables |= {"GIT_CONFIG_VALUE_0": "false"}
    with tempfile.TemporaryDirectory() as folder:
        for title, commands in PARTS.items():
            print(f"## {title}\n")
            total = 0.0
            for command in commands:
                begun = time.perf_counter()
                done = subprocess.run(
                    command.format(repository=asked.repository),
                    shell=True,
                    cwd=folder,
                    env=variables,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                )
                took = time.perf_counter() - begun
                total += took
                shown = command.format(repository=asked.shown or asked.repository)
                print(f"```text\n$ {shown}")
                for line in _tail(done.stdout, Path(folder)):
                    print(line)
                print(f"```\n\n{took:.0f} s\n", flush=True)
                if done.returncode:
                    print(f"Failed with exit code {done.returncode}.")
                    return 1
            print(f"Together {total:.0f} s.\n")
    return 0


def _tail(output: str, folder: Path) -> list[str]:
    """The last lines, without the name of the folder and without bars drawn over themselves."""
    lines = [line.rpartition("\r")[2].rstrip() for line in output.splitlines()]
    lines = [line.replace(f"{folder}/", "") for line in lines if line]
    lines = [line for line in lines if not line.startswith("WARNING: Location")]
    return ["...", *lines[-LINES:]] if len(lines) > LINES else lines


if __name__ == "__main__":
    sys.exit(main())
