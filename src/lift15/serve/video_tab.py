"""The tab where a video gets more frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from lift15.serve.desk import Desk, owner_of, reporter, tab_of
from lift15.serve.kinds import video_kind
from lift15.serve.pairs import COUNT
from lift15.serve.telling import result
from lift15.serve.videos import FACTORS, FPS, MadeVideo, Rate, make_video
from vfiblocks.errors import InputError
from vfiblocks.video import open_source


def build_video_tab(desk: Desk) -> None:
    """Put the tab's components and events where the page is being built."""
    with gr.Row(equal_height=False):
        with gr.Column(min_width=300):
            source = gr.Video(
                label="Video", sources=["upload"], height=300, elem_id="video-source", buttons=[]
            )
            with gr.Row():
                model = gr.Dropdown(
                    desk.models.names,
                    value=desk.models.default,
                    label="Model",
                    scale=2,
                    min_width=140,
                )
                rate = gr.Radio(
                    [*FACTORS, FPS], value=FACTORS[0], label="Rate", scale=3, min_width=240
                )
            fps = gr.Textbox("60", label="Frames per second", visible=False, max_lines=1)
            with gr.Row():
                make = gr.Button(
                    "Make frames", variant="primary", scale=2, min_width=120, elem_id="video-make"
                )
                cancel = gr.Button("Cancel", scale=1, min_width=80, elem_id="video-cancel")
        with gr.Column(min_width=300):
            video = gr.Video(
                label="Result", interactive=False, height=300, elem_id="video-result", buttons=[]
            )
            told = gr.HTML(elem_id="video-told")
            saved = gr.DownloadButton("Save the video", visible=False)
    with gr.Column(visible=False) as comparing:
        pair = gr.ImageSlider(
            show_label=False,
            interactive=False,
            type="filepath",
            slider_position=50,
            max_height=560,
            buttons=["fullscreen"],
            elem_id="video-pair",
        )
        moment = gr.Slider(1, COUNT, 1, step=1, buttons=[], elem_id="video-moment")
    pairs = gr.State([])

    def look(path: str | None, request: gr.Request) -> str:
        if path is None:
            return ""
        try:
            (file,) = desk.workspace.own(owner_of(request), [path])
            return result(describe(desk, file))
        except Exception as error:
            return desk.refused(error)

    def work(
        path: str | None,
        name: str,
        choice: str,
        wish: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008  # Gradio finds it here
    ) -> dict[Any, Any]:
        try:
            made = convert(desk, path, name, Rate.read(choice, wish), request, progress)
        except Exception as error:
            return {
                video: None,
                told: desk.refused(error),
                saved: gr.update(visible=False),
                comparing: gr.update(visible=False),
                pairs: [],
            }
        shown = [(str(each.original), str(each.made), each.time) for each in made.pairs]
        middle = (len(shown) + 1) // 2
        return {
            video: str(made.path) if made.plays else None,
            told: result(*lines(made)),
            saved: gr.update(value=str(made.path), visible=True),
            comparing: gr.update(visible=bool(shown)),
            pairs: shown,
            **dict(zip((pair, moment), show(shown, middle), strict=True)),
        }

    source.change(look, source, told, api_visibility="private", show_progress="hidden")
    rate.change(
        lambda choice: gr.update(visible=choice == FPS),
        rate,
        fps,
        api_visibility="private",
        show_progress="hidden",
    )
    outputs: Any = [video, told, saved, comparing, pairs, moment, pair]
    event = make.click(
        work,
        [source, model, rate, fps],
        outputs,
        api_name="video",
        show_progress_on=video,
        **{**desk.line, "api_visibility": "undocumented"},
    )
    cancel.click(desk.cancel, None, told, queue=False, cancels=[event], api_visibility="private")
    moment.input(
        show, [pairs, moment], [pair, moment], api_visibility="private", show_progress="hidden"
    )


def convert(
    desk: Desk,
    path: str | None,
    name: str,
    rate: Rate,
    request: gr.Request,
    progress: gr.Progress,
) -> MadeVideo:
    """Make the video that a tab asks for.

    Raises:
        VfiError: it cannot be made, or was stopped.
    """
    if path is None:
        raise InputError("there is no video yet; drop one at the left")
    visitor = owner_of(request)
    files = desk.workspace.own(visitor, [path])
    with (
        desk.workspace.using(files),
        desk.workspace.filling(visitor) as folder,
        desk.jobs.running(tab_of(request)) as job,
    ):
        return make_video(
            files[0],
            folder,
            model=desk.models.get(name),
            rate=rate,
            limits=desk.limits,
            job=job,
            on_progress=reporter(progress, "frames"),
        )


def describe(desk: Desk, file: Path) -> str:
    """What a video is, in a line.

    Raises:
        VfiError: it is none, or beyond a limit.
    """
    desk.limits.check_file(file)
    kind = video_kind(file)
    desk.limits.check_size(kind.width, kind.height, file.name)
    with open_source(file) as source:
        info = source.info
    parts = [f"{info.width}x{info.height}", f"{float(info.rate):.4g} frames/s"]
    if info.duration is not None:
        desk.limits.check_length(float(info.duration))
        parts.append(f"{float(info.duration):.1f} s")
    parts.append(f"sound: {', '.join(kind.sound)}" if kind.sound else "no sound")
    return f"{file.name}: {', '.join(parts)}"


def lines(made: MadeVideo) -> list[str]:
    """What is told about a video that was made."""
    report = made.report
    told = [
        f"{report.frames_in} frames in, {report.frames_out} out, {float(report.rate):.4g} frames/s"
    ]
    if not made.plays:
        told.append("MP4 cannot hold this sound: the video is Matroska, to be saved and not shown")
    return [*told, *report.notes]


def show(pairs: list[tuple[str, str, float]], number: float) -> tuple[Any, Any]:
    """The pair of that number, 1 for the first, and the slider that chooses it."""
    if not pairs:
        return gr.update(value=None), gr.update(value=1)
    number = min(max(int(number), 1), len(pairs))
    original, made, time = pairs[number - 1]
    label = f"Left: an original frame. Right: the frame made after it, at {time:.2f} s"
    return (
        gr.update(value=(original, made)),
        gr.update(label=label, maximum=max(len(pairs), 2), value=number),
    )
