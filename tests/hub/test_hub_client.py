"""The real client against a server on this machine: every answer becomes one clear sentence.

In processes of their own, because the client reads its environment when it is imported.
"""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading

import pytest

from vfiblocks import save

pytestmark = pytest.mark.slow  # four processes that import torch

ANSWERS = {  # repository -> status and headers, as the Hub sends them
    "me/unknown": (404, {"X-Error-Code": "RepoNotFound"}),
    "me/hidden": (401, {"X-Error-Code": "RepoNotFound"}),
    "me/gated": (403, {"X-Error-Code": "GatedRepo"}),
    "me/no-revision": (404, {"X-Error-Code": "RevisionNotFound"}),
    "me/no-file": (404, {"X-Error-Code": "EntryNotFound"}),
    "me/bad-token": (401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
    "me/forbidden": (403, {}),
}
SENTENCES = {
    "me/unknown": "the Hub knows no such repository, or does not show it to you; check the name",
    "me/hidden": "the Hub knows no such repository, or does not show it to you; check the name",
    "me/gated": "its owner's terms must be accepted first, at https://huggingface.co/me/gated",
    "me/no-revision": "it has no revision 'v9'",
    "me/no-file": "it has no file 'model.safetensors'",
    "me/bad-token": "the Hub wants a token that may do this; log in with `hf auth login`",
    "me/forbidden": "the Hub wants a token that may do this; log in with `hf auth login`",
    "me/white space": "a repository is named owner/name, of letters, digits, '-', '_' and '.'",
}
LOAD = """
import json, sys
from vfiblocks.errors import CheckpointError
from vfiblocks.hub import load_from_hub

said = {}
for repo_id in json.load(sys.stdin):
    try:
        model = load_from_hub(repo_id, revision="v9", token="hf_wrong")
        said[repo_id] = model.spec.fingerprint
    except CheckpointError as error:
        said[repo_id] = str(error)
print(json.dumps(said))
"""
PUSH = """
import json, sys
from vfiblocks import build_model
from vfiblocks.errors import CheckpointError
from vfiblocks.hub import push_to_hub

try:
    push_to_hub(build_model("rife"), json.load(sys.stdin), token="hf_wrong")
except CheckpointError as error:
    print(json.dumps(str(error)))
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory, model):
    return save(model, tmp_path_factory.mktemp("weights") / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def server(weights):
    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            repo_id = next((name for name in ANSWERS if f"/{name}/" in self.path), None)
            status, headers = ANSWERS[repo_id] if repo_id else (200, {})
            if self.command == "POST":  # nobody may create a repository here
                status, headers = ANSWERS["me/bad-token"]
            body = weights if status == 200 else b"{}"
            if status == 200:
                headers = {"ETag": hashlib.sha256(body).hexdigest(), "X-Repo-Commit": "0" * 40}
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_HEAD  # noqa: N815

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def ask(server, tmp_path_factory):
    """Run one of the programs above against the server, or offline; one cache for all."""
    home = str(tmp_path_factory.mktemp("home"))

    def run(code, given, **environment):
        inherited = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        process = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(given),
            env={**inherited, "HF_ENDPOINT": server, "HF_HOME": home, **environment},
            capture_output=True,
            text=True,
        )
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    return run


@pytest.fixture(scope="module")
def online(ask):
    return ask(LOAD, ["me/tiny", *SENTENCES])


@pytest.fixture(scope="module")
def offline(ask, online):  # after the online run, whose cache it finds
    return ask(LOAD, ["me/tiny", "me/other"], HF_HUB_OFFLINE="1")


def test_a_model_is_downloaded_and_loaded(online, model):
    assert online["me/tiny"] == model.spec.fingerprint


@pytest.mark.parametrize("repo_id", SENTENCES)
def test_an_answer_of_the_hub_becomes_one_sentence(online, repo_id):
    said = online[repo_id]
    assert said.startswith(f"cannot load {repo_id}: {SENTENCES[repo_id]}")
    assert "\n" not in said
    assert "127.0.0.1" not in said  # no address of a request, no traceback


def test_offline_the_cache_serves_what_it_has(offline, model):
    assert offline["me/tiny"] == model.spec.fingerprint


def test_offline_the_rest_is_one_sentence(offline):
    assert offline["me/other"] == (
        "cannot load me/other: the Hub cannot be reached and the local cache does not have it; go "
        "online once, with HF_HUB_OFFLINE unset"
    )


def test_pushing_with_a_token_that_may_not(ask):
    assert ask(PUSH, "me/tiny").startswith("cannot publish me/tiny: the Hub wants a token that may")


def test_pushing_offline(ask):
    assert ask(PUSH, "me/tiny", HF_HUB_OFFLINE="1") == (
        "cannot publish me/tiny: the Hub cannot be reached; go online once, with HF_HUB_OFFLINE "
        "unset"
    )
