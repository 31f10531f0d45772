"""Who reads what: every browser is a visitor, and touches its own files alone."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from lift15.serve.workspace import Workspace

COOKIE = "vfi_visitor"
_FILE = re.compile(r"(?:/gradio_api)?/file[=/](.*)", re.DOTALL)
_UPLOAD = "/gradio_api/upload"
# They fetch from elsewhere, or keep what was asked for; the page needs none
_CLOSED = ("/gradio_api/proxy=", "/gradio_api/deep_link", "/gradio_api/component_server")
_LONGEST_REQUEST = 1_000_000  # bytes of JSON; files are uploaded before, on their own

_HEADERS = (
    # Whatever the page wants to load from elsewhere, the browser refuses
    (
        b"content-security-policy",
        b"default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        b"style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; form-action 'self'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Visitors:
    """A layer around the page's application (ASGI) that keeps visitors apart.

    A cookie tells visitors from each other. What one uploads is noted. A request that names a file
    is passed on only if it is the visitor's own, and one that names an address elsewhere never.

    Args:
        app: the application within.
        workspace: knows whose files are whose.
        hosts: names that the page may be asked for by, so that no other site can pose as it; None
            for any.
    """

    def __init__(self, app: App, *, workspace: Workspace, hosts: tuple[str, ...] | None) -> None:
        self._app = app
        self._workspace = workspace
        self._hosts = hosts

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        if self._hosts is not None and _host(headers.get("host", "")) not in self._hosts:
            await _refuse(send, "this page is not served under that name")
            return
        visitor, fresh = visitor_of(headers.get("cookie", ""))
        path = scope["path"]
        named = _FILE.match(path)
        if path.startswith(_CLOSED) or (named and not self._workspace.may_read(visitor, named[1])):
            await _refuse(send, "this file is not yours, or not here any more")
            return
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and path != _UPLOAD:
            body = await _read(receive)
            if body is None or not self._may_send(visitor, body):
                await _refuse(send, "a file is not yours, or not here any more; drop it again")
                return
            receive = _again(body, receive)
        if fresh:  # whoever answers must know the visitor already now
            others = [header for header in scope["headers"] if header[0] != b"cookie"]
            cookie = f"{headers.get('cookie', '')}; {COOKIE}={visitor}".lstrip("; ")
            scope = {**scope, "headers": [*others, (b"cookie", cookie.encode("latin-1"))]}
        answer = _Answer(send, visitor if fresh else None)
        if path != _UPLOAD:
            await self._app(scope, receive, answer)
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        await self._app(scope, receive, hold)
        self._note(visitor, held)
        for message in held:
            await answer(message)

    def _may_send(self, visitor: str, body: bytes) -> bool:
        """Whether all files that a request names are the visitor's."""
        try:
            content = json.loads(body) if body else None
            return all(self._workspace.may_read(visitor, path) for path in _files(content))
        except (ValueError, RecursionError):
            return False

    def _note(self, visitor: str, answer: list[Message]) -> None:
        """Note what was uploaded, before the visitor is told where it is."""
        if any(message.get("status", 200) != 200 for message in answer):
            return
        for path in json.loads(b"".join(message.get("body", b"") for message in answer)):
            self._workspace.note_upload(visitor, path)


def visitor_of(cookies: str) -> tuple[str, bool]:
    """The visitor that a ``Cookie`` header tells, or a new one; and whether it is new.

    >>> visitor_of(f"other=1; {COOKIE}=" + "a" * 43)[1], visitor_of(f"{COOKIE}=../x")[1]
    (False, True)
    """
    try:
        known = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        known = None
    if known is not None and re.fullmatch(r"[\w-]{43}", known.value, re.ASCII):
        return known.value, False
    return secrets.token_urlsafe(32), True


class _Answer:
    """Sends an answer on, with our headers added to it."""

    def __init__(self, send: Send, visitor: str | None) -> None:
        self._send = send
        self._extra = list(_HEADERS)
        if visitor is not None:
            cookie = f"{COOKIE}={visitor}; Path=/; HttpOnly; SameSite=Strict"
            self._extra.append((b"set-cookie", cookie.encode()))

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *self._extra]}
        await self._send(message)


def _files(content: Any) -> Iterator[str]:
    """Every ``path`` in a request, wherever it stands."""
    if isinstance(content, dict):
        if isinstance(content.get("path"), str):
            yield content["path"]
        content = list(content.values())
    if isinstance(content, list):
        for each in content:
            yield from _files(each)


def _host(header: str) -> str:
    """A host without its port.

    >>> _host("localhost:7860"), _host("[::1]:7860")
    ('localhost', '[::1]')
    """
    return re.sub(r":\d+$", "", header).lower()


async def _read(receive: Receive) -> bytes | None:
    """A whole request; None if it is too long, or broken off."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > _LONGEST_REQUEST:
            return None
        if not message.get("more_body", False):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """What gives a request that was read already, and then whatever comes."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return waiting.pop() if waiting else await receive()

    return give


async def _refuse(send: Send, why: str) -> None:
    body = json.dumps({"detail": why}).encode()
    headers = [(b"content-type", b"application/json"), *_HEADERS]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
