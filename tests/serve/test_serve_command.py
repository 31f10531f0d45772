"""``vfi serve`` from the command line: what it refuses, and what it leaves behind."""

import signal
import socket
import sys

import pytest

from lift15.cli.serve import serve
from lift15.serve.server import listen
from vfiblocks.errors import InputError, MissingDependency


def test_without_gradio_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)  # as if it were not installed
    with pytest.raises(MissingDependency, match=r"run: pip install 'vfiblocks\[serve\]'$"):
        serve()


def test_a_limit_that_refuses_everything_is_refused():
    with pytest.raises(InputError, match="the limit of seconds must be above 0, got 0"):
        serve(max_seconds=0)


def test_an_address_that_is_taken_or_none_is_one_line():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot serve on 127.0.0.1, port {port}: "):
            listen("127.0.0.1", port)
    for host, port in (("no.such.host.invalid", 0), ("127.0.0.1", 70_000), ("127.0.0.1", -1)):
        with pytest.raises(InputError, match="choose another --port or --host"):
            listen(host, port)


@pytest.mark.slow  # starts the server
@pytest.mark.parametrize(
    ("host", "number", "code"), [("127.0.0.1", signal.SIGTERM, 0), ("0.0.0.0", signal.SIGINT, 130)]
)
def test_it_says_who_can_visit_and_leaves_nothing_behind(start, tmp_path, host, number, code):
    pytest.importorskip("gradio")
    pytest.importorskip("av")
    server = start("--host", host, folder=tmp_path)
    try:
        line = server.stderr.readline()
        if host == "0.0.0.0":
            assert "there is no password and no encryption" in line
            line = server.stderr.readline()
        assert line.startswith(f"http://{host}:")
        assert line.endswith("/ (Ctrl-C ends it)\n")
        assert [path.name[:10] for path in tmp_path.iterdir()] == ["vfi-serve-"]
        with socket.create_connection(("127.0.0.1", int(line.split(":")[2].split("/")[0]))):
            server.send_signal(number)
            assert server.wait(timeout=60) == code
        assert server.stderr.read() == ""
        assert list(tmp_path.iterdir()) == []
    finally:
        server.kill()
