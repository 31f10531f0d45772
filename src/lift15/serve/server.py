"""The server of the page: one process, one address, everything removed when it ends."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from lift15.serve.jobs import Jobs
from lift15.serve.limits import Limits
from lift15.serve.models import Models
from lift15.serve.visitors import Visitors
from lift15.serve.workspace import Workspace
from vfiblocks.errors import InputError, MissingDependency

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")
_PATIENCE = 3  # seconds that open connections are given at the end


def check_gradio() -> None:
    """Complain before any model is loaded if the page cannot be shown.

    Raises:
        MissingDependency: Gradio is not installed.
    """
    if importlib.util.find_spec("gradio") is None:
        raise MissingDependency(
            "the web page needs Gradio, which is not installed; run: pip install 'vfiblocks[serve]'"
        )


def build_app(
    models: Models,
    workspace: Workspace,
    jobs: Jobs,
    *,
    limits: Limits,
    at_once: int = 1,
    hosts: tuple[str, ...] | None = _OWN_NAMES,
) -> Any:
    """The page as an ASGI application, which any server of such can run.

    Args:
        models: to choose from.
        workspace: for uploads and results.
        jobs: what is being worked on.
        limits: what is refused.
        at_once: requests worked on at a time; the others wait in line.
        hosts: names that the page may be asked for by; None for any.

    Raises:
        MissingDependency: Gradio is not installed.
    """
    check_gradio()
    # Read when Gradio is imported: where it puts uploads, and that nobody is told that it runs
    os.environ["GRADIO_TEMP_DIR"] = str(workspace.root)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import fastapi
    import gradio as gr

    from lift15.serve.page import CSS, build_page, theme

    page = build_page(models, workspace, jobs, limits=limits, at_once=at_once)
    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=limits.bytes,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(),
        css=CSS,
    )
    return Visitors(app, workspace=workspace, hosts=hosts)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
        InputError: the address is taken, not ours, or no address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen()
    except (OSError, OverflowError) as error:
        opened.close()
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"cannot serve on {host}, port {port}: {why}; choose another --port or --host"
        ) from error
    return opened


def address_of(opened: socket.socket) -> str:
    """Where a browser finds the page."""
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def run(app: Any, opened: socket.socket, jobs: Jobs, *, on_start: Callable[[], None]) -> None:
    """Serve until the process is interrupted or told to end; running work is stopped then.

    Args:
        app: from :func:`build_app`.
        opened: from :func:`listen`; closed at the end.
        jobs: what is stopped.
        on_start: called when the page can be visited.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            on_start()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            jobs.close()
            super().handle_exit(sig, frame)

    # uvicorn raises the signal anew when it has ended; as an exit it lets us clean up
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        config = uvicorn.Config(
            app, log_level="warning", lifespan="on", timeout_graceful_shutdown=_PATIENCE
        )
        Server(config).run(sockets=[opened])
    finally:
        signal.signal(signal.SIGTERM, before)
        opened.close()


def ways(host: str) -> tuple[bool, tuple[str, ...] | None]:
    """Whether only this machine can reach the page, and the names it may be asked for by.

    >>> ways("127.0.0.1")
    (True, ('127.0.0.1', 'localhost', '[::1]'))
    >>> ways("0.0.0.0")
    (False, None)
    """
    return (True, _OWN_NAMES) if host in LOOPBACK else (False, None)
