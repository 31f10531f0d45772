"""The layer around the page, without the page: who may send and read what."""

import asyncio
import json

import pytest

from lift15.serve.visitors import COOKIE, Visitors

ANN, BOB = "a" * 43, "b" * 43


@pytest.fixture
def ask(workspace):
    """Send a request through the layer; status, headers and body of the answer."""
    seen = []

    async def within(scope, receive, send):
        """Answers with what it was asked; an upload with the path that it was sent."""
        message = await receive()
        headers = dict(scope["headers"])
        seen.append((scope["path"], headers.get(b"cookie"), message.get("body", b"")))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": message.get("body", b"")})

    layer = Visitors(within, workspace=workspace, hosts=("127.0.0.1", "localhost", "[::1]"))

    def run(method, path, body=b"", *, visitor=None, host="127.0.0.1:7860"):
        headers = [(b"host", host.encode())]
        if visitor:
            headers.append((b"cookie", f"other=1; {COOKIE}={visitor}".encode()))
        scope = {"type": "http", "method": method, "path": path, "headers": headers}
        parts = [body[:5], body[5:]]  # as it comes through a network
        answer = []

        async def receive():
            more = len(parts) > 1
            return {"type": "http.request", "body": parts.pop(0), "more_body": more}

        async def once():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            answer.append(message)

        asyncio.run(layer(scope, once if path.endswith("upload") else receive, send))
        start, *rest = answer
        content = b"".join(message["body"] for message in rest)
        return start["status"], dict(start["headers"]), content

    run.seen = seen
    return run


@pytest.fixture
def uploaded(ask, workspace):
    path = workspace.root / "12" / "in.mp4"
    path.parent.mkdir()
    path.touch()
    assert (
        ask("POST", "/gradio_api/upload", json.dumps([str(path)]).encode(), visitor=ANN)[0] == 200
    )
    return str(path)


def join(path):
    return json.dumps({"data": [{"video": {"path": path}}, "2x"], "fn_index": 1}).encode()


def test_a_new_visitor_gets_a_cookie_that_scripts_and_other_sites_do_not_see(ask):
    status, headers, _ = ask("GET", "/")
    cookie = headers[b"set-cookie"].decode()
    assert status == 200
    assert cookie.startswith(f"{COOKIE}=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert ask.seen[0][1].decode() == cookie.partition(";")[0]  # who answers knows it as well
    assert b"set-cookie" not in ask("GET", "/", visitor=ANN)[1]


def test_browsers_are_told_to_load_nothing_from_elsewhere(ask):
    policy = ask("GET", "/")[1][b"content-security-policy"].decode()
    assert policy.startswith("default-src 'self'")
    assert "http" not in policy


def test_an_upload_belongs_to_its_visitor(ask, uploaded):
    assert ask("POST", "/gradio_api/queue/join", join(uploaded), visitor=ANN)[0] == 200
    assert ask.seen[-1][2] == join(uploaded)
    assert ask("GET", f"/gradio_api/file={uploaded}", visitor=ANN)[0] == 200
    for other in (BOB, None):
        assert ask("POST", "/gradio_api/queue/join", join(uploaded), visitor=other)[0] == 403
        assert ask("GET", f"/gradio_api/file={uploaded}", visitor=other)[0] == 403


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../../etc/passwd", "http://127.0.0.1:22/", "file:///etc/passwd", "a\0b"],
)
def test_nothing_else_is_read_or_fetched(ask, uploaded, path):
    count = len(ask.seen)
    assert ask("POST", "/gradio_api/queue/join", join(path), visitor=ANN)[0] == 403
    assert ask("POST", "/gradio_api/run/predict", join(path), visitor=ANN)[0] == 403
    for route in ("/gradio_api/file=", "/gradio_api/file/", "/file="):
        assert ask("GET", route + path, visitor=ANN)[0] == 403
    assert len(ask.seen) == count


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=https://x.hf.space/",
        "/gradio_api/deep_link",
        "/gradio_api/component_server",
    ],
)
def test_what_the_page_does_not_need_is_closed(ask, path):
    assert ask("GET", path, visitor=ANN)[0] == 403


def test_requests_that_cannot_be_looked_through_are_refused(ask):
    deep = b"[" * 100_000 + b"]" * 100_000
    for body in (b"path=/etc/passwd", deep, b" " * 1_000_001):
        assert ask("POST", "/gradio_api/queue/join", body, visitor=ANN)[0] == 403
    assert ask("POST", "/gradio_api/reset", b"", visitor=ANN)[0] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:7860", 200),
        ("LOCALHOST", 200),
        ("[::1]:7860", 200),
        ("evil.example:7860", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
    ],
)
def test_no_other_name_may_lead_to_the_page(ask, host, status):
    assert ask("GET", "/", host=host)[0] == status
