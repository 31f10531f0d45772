"""The page: a heading, two tabs, and how it looks."""

from __future__ import annotations

import gradio as gr

from lift15.serve.desk import Desk
from lift15.serve.jobs import Jobs
from lift15.serve.limits import Limits
from lift15.serve.models import Models
from lift15.serve.picture_tab import build_picture_tab
from lift15.serve.video_tab import build_video_tab
from lift15.serve.workspace import Workspace

_WAITING = 32  # in line; whoever comes then is told so

_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")
_MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")

CSS = """
/* Cutting would load a program from elsewhere */
#video-source button[aria-label^="Trim"], #video-source button[aria-label^="Reset"],
#video-source button[aria-label^="Undo"] { display: none; }
/* Pictures as high as they are, below their label */
#pictures-source .grid-wrap { padding-top: 2.2rem; }
#pictures-source .thumbnail-lg { aspect-ratio: auto; }
.seen { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(46%, 300px), 1fr)); }
.seen figure, .seen a, .seen img { margin: 0 !important; padding: 0 !important; display: block; }
.seen img { width: 100% !important; max-width: none !important;
  border: 1px solid var(--border-color-primary); }
.seen figcaption { font-size: 0.85rem; color: var(--body-text-color-subdued); padding: 0.2rem 0; }
.gradio-container { max-width: 1200px !important; margin: 0 auto !important; }
#heading h1 { margin: 0; font-size: 1.6rem; }
#heading p { margin: 0.2rem 0; color: var(--body-text-color-subdued); }
.told { padding: 0.6rem 0.8rem; border-radius: 6px; border-left: 4px solid; font-size: 0.95rem; }
.told.made { border-color: #0f9d8a; background: rgba(15, 157, 138, 0.12); }
.told.stopped { border-color: #888; background: rgba(136, 136, 136, 0.14); }
.told.refused { border-color: #d9480f; background: rgba(217, 72, 15, 0.12); }
"""


def build_page(
    models: Models, workspace: Workspace, jobs: Jobs, *, limits: Limits, at_once: int
) -> gr.Blocks:
    """Everything that is seen; arguments as for :func:`lift15.serve.server.build_app`."""
    desk = Desk(models, workspace, jobs, limits, at_once)
    kept = f"{workspace.seconds / 60:g} min"
    with gr.Blocks(title="vfiblocks", analytics_enabled=False) as page:
        gr.Markdown(
            "# vfiblocks\n"
            "Make the frames between the frames of a video, or between pictures.\n\n"
            f"Up to {limits}. Files stay on the server that shows this page and are removed "
            f"after {kept}.",
            elem_id="heading",
        )
        with gr.Tab("Video"):
            build_video_tab(desk)
        with gr.Tab("Pictures"):
            build_picture_tab(desk)
        page.unload(desk.leave)
    page.queue(max_size=_WAITING, default_concurrency_limit=None, api_open=False)
    return page


def theme() -> gr.themes.Base:
    """Fonts of the visitor's own machine: none is fetched from anywhere."""
    return gr.themes.Default(
        primary_hue="teal", neutral_hue="slate", font=list(_SANS), font_mono=list(_MONO)
    )
