"""The tab where pictures are made between pictures."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import gradio as gr

from lift15.serve.desk import Desk, owner_of, reporter, tab_of
from lift15.serve.kinds import PICTURE_SUFFIXES
from lift15.serve.pictures import MadePictures, make_pictures, read_moments
from lift15.serve.telling import gallery, result
from vfiblocks.errors import InputError
from vfiblocks.video.folder_source import natural_key

BEFORE, AFTER, AVERAGE = "before", "after", "their average"


def build_picture_tab(desk: Desk) -> None:
    """Put the tab's components and events where the page is being built."""
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            dropped = gr.Gallery(
                label="Two pictures or more, ordered by name",
                type="filepath",
                interactive=True,
                file_types=list(PICTURE_SUFFIXES),
                sources=["upload"],
                columns=2,
                height=240,
                object_fit="contain",
                buttons=[],
                elem_id="pictures-source",
            )
            pair = gr.Dropdown([], label="Between", visible=False)
            with gr.Row():
                model = gr.Dropdown(
                    desk.models.names, value=desk.models.default, label="Model", min_width=140
                )
                wish = gr.Textbox(
                    "0.5",
                    label="Moments, 0 to 1",
                    placeholder="0.25, 0.5, 0.75",
                    max_lines=1,
                    min_width=140,
                )
            with gr.Row():
                make = gr.Button(
                    "Make pictures",
                    variant="primary",
                    scale=2,
                    min_width=120,
                    elem_id="pictures-make",
                )
                cancel = gr.Button("Cancel", scale=1, min_width=80, elem_id="pictures-cancel")
        with gr.Column(min_width=300):
            slider = gr.ImageSlider(
                show_label=False,
                interactive=False,
                type="filepath",
                slider_position=50,
                max_height=420,
                buttons=["fullscreen"],
                elem_id="pictures-result",
            )
            with gr.Row(visible=False) as choosing:
                against = gr.Radio(
                    [BEFORE, AFTER, AVERAGE],
                    value=BEFORE,
                    label="Compare with (at the left)",
                    min_width=160,
                )
                moment = gr.Radio([], label="Moment", min_width=120)
            told = gr.HTML(elem_id="pictures-told")
            saved = gr.DownloadButton("Save the picture", visible=False)
    seen = gr.HTML(visible=False, elem_id="pictures-seen")
    shelf = gr.State(None)

    def arrange(items: list[tuple[str, str | None]] | None) -> tuple[Any, Any]:
        files = sorted((Path(path) for path, _ in items or ()), key=natural_key)
        choices = [(f"{a.name} and {b.name}", i) for i, (a, b) in enumerate(pairwise(files))]
        middle = max(0, len(choices) - 1) // 2
        there = gr.update(choices=choices, value=middle, visible=len(choices) > 1)
        return [(str(file), file.name) for file in files], there

    def work(
        items: list[tuple[str, str | None]] | None,
        between: int | None,
        name: str,
        text: str,
        against_what: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  # Gradio finds it here
    ) -> dict[Any, Any]:
        try:
            paths = [path for path, _ in items or ()]
            made = interpolate(desk, paths, between or 0, name, text, request, progress)
        except Exception as error:
            hidden = gr.update(visible=False)
            return {
                slider: None,
                choosing: hidden,
                told: desk.refused(error),
                saved: hidden,
                seen: hidden,
                shelf: None,
            }
        kept = on_shelf(made)
        middle = (len(made.made) - 1) // 2
        moments = [(f"{each.moment:g}", index) for index, each in enumerate(made.made)]
        return {
            choosing: gr.update(visible=True),
            moment: gr.update(choices=moments, value=middle, visible=len(moments) > 1),
            told: result(f"made with {name} at {', '.join(label for label, _ in moments)}"),
            shelf: kept,
            **dict(zip((slider, saved, seen), show(kept, middle, against_what), strict=True)),
        }

    dropped.upload(arrange, dropped, [dropped, pair], api_visibility="private")
    event = make.click(
        work,
        [dropped, pair, model, wish, against],
        [slider, choosing, moment, told, saved, seen, shelf],
        api_name="pictures",
        show_progress_on=slider,
        **{**desk.line, "api_visibility": "undocumented"},
    )
    cancel.click(desk.cancel, None, told, queue=False, cancels=[event], api_visibility="private")
    for chosen in (against, moment):
        chosen.input(
            show,
            [shelf, moment, against],
            [slider, saved, seen],
            api_visibility="private",
            show_progress="hidden",
        )


def interpolate(
    desk: Desk,
    paths: list[str],
    between: int,
    name: str,
    text: str,
    request: gr.Request,
    progress: gr.Progress,
) -> MadePictures:
    """Make the pictures that a tab asks for.

    Raises:
        VfiError: they cannot be made, or it was stopped.
    """
    if not paths:
        raise InputError("there are no pictures yet; drop two at the left")
    visitor = owner_of(request)
    files = desk.workspace.own(visitor, paths)
    with (
        desk.workspace.using(files),
        desk.workspace.filling(visitor) as folder,
        desk.jobs.running(tab_of(request)) as job,
    ):
        return make_pictures(
            files,
            folder,
            model=desk.models.get(name),
            moments=read_moments(text),
            pair=between,
            limits=desk.limits,
            job=job,
            on_progress=reporter(progress, "pictures"),
        )


def on_shelf(made: MadePictures) -> list[dict[str, Any]]:
    """What is kept to be looked at, one entry per moment."""
    return [
        {
            "made": str(each.path),
            BEFORE: str(made.before),
            AFTER: str(made.after),
            AVERAGE: str(average),
            "seen": [(str(path), caption) for path, caption in each.seen],
        }
        for each, average in zip(made.made, made.averages, strict=True)
    ]


def show(shelf: list[dict[str, Any]] | None, index: int | None, against: str) -> tuple[Any, ...]:
    """The slider, the picture to save, and what the model saw."""
    if not shelf:
        return gr.update(value=None), gr.update(visible=False), gr.update(visible=False)
    each = shelf[index or 0]
    return (
        gr.update(value=(each[against], each["made"])),
        gr.update(value=each["made"], visible=True),
        gr.update(value=gallery(each["seen"]), visible=True),
    )
