"""What every part of the page needs at hand."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lift15.serve.jobs import Jobs
from lift15.serve.limits import Limits
from lift15.serve.models import Models
from lift15.serve.telling import refusal
from lift15.serve.visitors import visitor_of
from lift15.serve.workspace import Workspace

LINE = "models"
"""Name of the line in which everybody waits whose request runs a model."""


@dataclass(frozen=True)
class Desk:
    """Models, files and rules, shared by the tabs of the page.

    Args:
        models: to choose from.
        workspace: for uploads and results.
        jobs: what is being worked on.
        limits: what is refused.
        at_once: requests worked on at a time.
    """

    models: Models
    workspace: Workspace
    jobs: Jobs
    limits: Limits
    at_once: int

    @property
    def line(self) -> dict[str, Any]:
        """How an event waits: one line for all visitors, one request of a tab at a time."""
        return {
            "concurrency_limit": self.at_once,
            "concurrency_id": LINE,
            "trigger_mode": "once",
            "api_visibility": "private",
        }

    def refused(self, error: Exception) -> str:
        """What an error tells, as HTML."""
        return refusal(error, self.workspace.root)

    def cancel(self, request: gr.Request) -> str:
        """Stop what the asking tab of a browser has running."""
        self.jobs.cancel(tab_of(request))
        return '<div class="told stopped" role="status">cancelled; nothing was kept</div>'

    def leave(self, request: gr.Request) -> None:
        """A tab was closed: nobody waits for its work any more."""
        self.jobs.cancel(tab_of(request))


def owner_of(request: gr.Request) -> str:
    """The visitor who asks."""
    return visitor_of(request.headers.get("cookie") or "")[0]


def tab_of(request: gr.Request) -> str:
    """The tab of a browser that asks."""
    return request.session_hash or ""


def reporter(progress: gr.Progress, what: str) -> Callable[[int, int | None], None]:
    """A callback that moves the bar on the page, from whatever thread it is called."""
    here = contextvars.copy_context()  # tells Gradio whose bar it is

    def count(done: int, total: int | None) -> None:
        if total is None:
            here.run(progress, None, desc=f"{done} {what}")
        else:
            here.run(progress, min(done / total, 1.0), desc=f"{done} of {total} {what}")

    return count
