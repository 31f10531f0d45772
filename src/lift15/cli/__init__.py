"""The ``vfi`` command."""

from __future__ import annotations

import sys

import typer

from lift15.cli import (
    ablate,
    catalogue,
    compare,
    demo,
    doctor,
    evaluate,
    export,
    interpolate,
    join,
    new_plugin,
    serve,
    train,
    weights,
)
from lift15.cli.output import complain, tell_of_renames
from vfiblocks.errors import VfiError

app = typer.Typer(
    name="vfi",
    help="Video frame interpolation from interchangeable parts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("interpolate")(interpolate.interpolate)
app.command("join")(join.join)
app.command("demo")(demo.demo)
app.command("evaluate")(evaluate.evaluate)
app.command("protocols")(evaluate.protocols)
app.command("compare")(compare.compare)
app.command("models")(catalogue.models)
app.command("components")(catalogue.components)
app.command("describe")(catalogue.describe)
app.command("export")(export.export)
app.command("serve")(serve.serve)
app.command("doctor")(doctor.doctor)
app.command("new-plugin")(new_plugin.new_plugin)
app.command("train")(train.train)
app.command("ablate")(ablate.ablate)
app.add_typer(weights.weights, name="weights")


def main() -> None:
    """Run the command line; a mistake of the user's is one line and exit code 1.

    Anything that is not a :class:`VfiError` is a bug of ours and keeps its traceback.
    """
    tell_of_renames()
    try:
        app()
    except VfiError as error:
        complain(str(error))
        sys.exit(1)


__all__ = ["app", "main"]
