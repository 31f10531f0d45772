"""What a terminal is shown, and what a pipe gets."""

import io

import pytest
from rich.console import Console

from lift15.cli import output

ROWS = [("rife", "1,024"), ("[red]odd[/]", "7")]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> dict[str, io.StringIO]:
    files = {"results": io.StringIO(), "notes": io.StringIO()}
    for name, file in files.items():
        console = Console(
            file=file, force_terminal=True, color_system=None, highlight=False, width=80
        )
        monkeypatch.setattr(output, name, console)
    return files


def test_a_terminal_gets_a_table_with_numbers_to_the_right(terminal):
    output.show_table(("model", "parameters"), ROWS, numbers=("parameters",))
    head, first, second = terminal["results"].getvalue().splitlines()
    assert "parameters" in head
    assert first.rstrip().endswith("      1,024")
    assert "[red]odd[/]" in second  # a name is no markup


def test_a_pipe_gets_lines_with_tabs(capsys):
    output.show_table(("model", "parameters"), ROWS, numbers=("parameters",))
    assert capsys.readouterr().out == "model\tparameters\nrife\t1,024\n[red]odd[/]\t7\n"


def test_remarks_and_complaints_are_one_line_on_standard_error(terminal):
    output.complain("no file\n[a]")
    output.tell("wrote [b]")
    lines = terminal["notes"].getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("no file [a]")
    assert lines[1] == "wrote [b]"


def test_a_bar_counts_on_a_terminal(terminal):
    with output.progress("frames") as count:
        count(3, 9)
        count(9, 9)
    assert "frames" in terminal["notes"].getvalue()
    assert "9/9" in terminal["notes"].getvalue()
