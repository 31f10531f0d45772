import sys
from typing import NamedTuple

import pytest


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def vfi(monkeypatch, capsys):
    """Run the command line in this process: exit code, standard output, standard error."""
    from lift15.cli import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["vfi", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return run


@pytest.fixture
def refused(vfi):
    """Run a command that must fail: one line on standard error, nothing else; returns the line."""

    def run(*arguments, code=1):
        outcome = vfi(*arguments)
        assert outcome.code == code, outcome
        assert outcome.out == ""
        lines = outcome.err.strip().splitlines()
        assert len(lines) == 1, outcome.err
        assert lines[0].startswith("vfi: ")
        return lines[0]

    return run
