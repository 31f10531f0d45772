"""``vfi serve``: the page where videos and pictures are dropped."""

from __future__ import annotations

from typing import Annotated

import typer

from lift15.cli.output import tell
from lift15.serve.limits import Limits

_DEFAULT = Limits()


def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(help="Offer this model too: a name or a checkpoint; may be repeated."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to serve on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve on; 0 takes a free one.")] = 7860,
    device: Annotated[str, typer.Option(help="cpu, cuda, ...; auto takes a GPU.")] = "auto",
    at_once: Annotated[
        int, typer.Option(min=1, help="Requests worked on at a time; others wait in line.")
    ] = 1,
    keep_minutes: Annotated[
        float, typer.Option(help="Files are removed when nobody used them for so long.")
    ] = 60.0,
    max_megabytes: Annotated[
        float, typer.Option(help="Refuse files with more; likewise below.")
    ] = _DEFAULT.megabytes,
    max_seconds: Annotated[float, typer.Option(help="Of a video.")] = _DEFAULT.seconds,
    max_frames: Annotated[int, typer.Option(help="Of a made video.")] = _DEFAULT.frames,
    max_megapixels: Annotated[
        float, typer.Option(help="Of a frame or picture; 2.1 is 1920x1080.")
    ] = _DEFAULT.megapixels,
    max_pictures: Annotated[
        int, typer.Option(help="Dropped together, and moments between two.")
    ] = _DEFAULT.pictures,
    max_minutes: Annotated[
        float, typer.Option(help="That one request may be worked on.")
    ] = _DEFAULT.minutes,
) -> None:
    """Show a page in the browser: drop a video or pictures, see what is made between.

    Only this machine can visit it unless --host says otherwise. Nothing is sent anywhere, nothing
    is loaded from elsewhere, and all files are removed when the server ends.
    """
    # Late, so that the other commands start without Gradio
    from lift15.serve.jobs import Jobs
    from lift15.serve.models import Models
    from lift15.serve.server import address_of, build_app, check_gradio, listen, run, ways
    from lift15.serve.workspace import Workspace

    limits = Limits(
        megabytes=max_megabytes,
        seconds=max_seconds,
        frames=max_frames,
        megapixels=max_megapixels,
        pictures=max_pictures,
        minutes=max_minutes,
    )
    check_gradio()
    private, names = ways(host)
    models = Models(model or (), device=device)
    opened = listen(host, port)
    if not private:
        tell(
            f"anybody who reaches this machine on {host} can use the page: there is no password "
            "and no encryption; put a proxy that has both before it"
        )
    jobs = Jobs(minutes=limits.minutes)
    with opened, Workspace(minutes=keep_minutes) as workspace:
        workspace.start_sweeping()
        app = build_app(models, workspace, jobs, limits=limits, at_once=at_once, hosts=names)
        run(app, opened, jobs, on_start=lambda: tell(f"{address_of(opened)} (Ctrl-C ends it)"))
