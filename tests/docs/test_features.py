"""docs/features.md: every claim leads to a page or to a command that exists."""

import re
from pathlib import Path

import pytest
import typer

from lift15.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("## What this project lacks")[0].splitlines()
    if re.match(r"\| (?!feature|---)", line) and line.count("|") == 6
]
COMMANDS = sorted(set(re.findall(r"`(vfi [^`]+)`", PAGE)))


def test_every_row_says_yes_in_part_or_no():
    assert {here for _, here, *_ in ROWS} == {"yes", "in part", "no"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_is_claimed_leads_somewhere(row):
    _, here, how, *_ = row
    assert here == "no" or "](" in how


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_are_there(line):
    words = line.split()[1:]
    command = typer.main.get_command(app).commands[words[0]]
    options = {option for parameter in command.params for option in parameter.opts}
    for word in words[1:]:
        assert not word.startswith("-") or word in options, f"{line}: no option {word}"
