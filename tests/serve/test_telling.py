"""What goes wrong is one sentence, which tells nothing of the server."""

from pathlib import Path

from lift15.serve.jobs import Stopped
from lift15.serve.telling import OURS, gallery, refusal, result, sentence
from vfiblocks.errors import VideoError

ROOT = Path("/tmp/vfi-serve-abc")


def test_paths_of_the_server_are_shortened_to_names():
    error = VideoError(f"{ROOT}/9f86d0/in 1.mp4: differs from {ROOT}/results/ab/cd/out.mp4\n twice")
    assert sentence(error, ROOT) == "in 1.mp4: differs from out.mp4 twice"


def test_a_bug_is_told_in_the_log_and_not_on_the_page(capsys):
    assert sentence(KeyError("/secret"), ROOT) == OURS
    assert "KeyError: '/secret'" in capsys.readouterr().err


def test_what_visitors_name_is_never_markup():
    evil = "<img src=x onerror=alert(1)>"
    for shown in (
        refusal(VideoError(evil), ROOT),
        result(evil),
        gallery([(f"/tmp/{evil}'\".png", evil)]),
    ):
        assert "<img src=x" not in shown
        assert "onerror=alert(1)>" not in shown.replace("&gt;", "")


def test_being_stopped_looks_otherwise_than_being_refused():
    assert 'class="told stopped"' in refusal(Stopped("cancelled"), ROOT)
    assert 'class="told refused"' in refusal(VideoError("no"), ROOT)
