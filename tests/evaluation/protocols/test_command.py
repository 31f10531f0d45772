"""``vfi evaluate`` from the command line: tables, resumption, and one line for every mistake."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import NamedTuple

import pytest
import typer

from lift15.cli import evaluate as commands
from lift15.evaluation.protocols import PROTOCOLS, READERS, Protocol, find_protocol
from vfiblocks import Part
from vfiblocks.errors import InputError, VfiError


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def vfi(capsys):
    """Run the commands in this process, with the rule of ``vfi``: mistakes are one line."""
    app = typer.Typer()
    app.command("evaluate")(commands.evaluate)
    app.command("protocols")(commands.protocols)

    def run(*arguments):
        capsys.readouterr()
        code, error = 0, ""
        try:
            app([str(argument) for argument in arguments], standalone_mode=False)
        except VfiError as mistake:
            code, error = 1, str(mistake)
        except typer.Exit as stop:
            code = stop.exit_code
        out, err = capsys.readouterr()
        return Outcome(code, out, err + error)

    return run


def table(outcome):
    assert outcome.code == 0, outcome.err
    head, *rows = [line.split("\t") for line in outcome.out.splitlines()]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_table_with_the_baselines_beside(vfi, triplets, tmp_path):
    outcome = vfi(
        "evaluate", "lift15-tiny", "--allow-untrained", "--device", "cpu", "--root", triplets,
        "--protocol", "vimeo-triplet", "--protocol", "vimeo-triplet@ema", "-o", tmp_path / "out",
    )  # fmt: skip
    rows = table(outcome)
    models = ["repeat", "average", "classical", "lift15-tiny"]
    assert [row["model"] for row in rows] == models * 2
    assert [row["protocol"] for row in rows[::4]] == ["vimeo-triplet", "vimeo-triplet@ema"]
    assert {row["items"] for row in rows} == {"3"}
    assert float(rows[2]["psnr"]) > float(rows[1]["psnr"]) > float(rows[0]["psnr"])
    assert "lift15-tiny: reads 14 frames and was shown 2" in outcome.err
    assert (tmp_path / "out" / "vimeo-triplet@ema" / "lift15-tiny.csv").exists()


def test_classical_is_not_measured_beside_itself(vfi, triplets, tmp_path):
    arguments = ("evaluate", "classical", "--protocol", "vimeo-triplet", "--root", triplets)
    rows = table(vfi(*arguments, "-o", tmp_path / "out"))
    assert [row["model"] for row in rows] == ["repeat", "average", "classical"]
    alone = table(vfi(*arguments, "-o", tmp_path / "alone", "--no-baselines", "--limit", "2"))
    assert [(row["model"], row["items"]) for row in alone] == [("classical", "2 of 3")]


def test_more_measures_and_changed_options(vfi, triplets, tmp_path):
    outcome = vfi(
        "evaluate", "classical", "--protocol", "vimeo-triplet", "--root", triplets,
        "--measure", "ie-rms", "--set", "crop=16x16", "-o", tmp_path / "out", "--no-baselines",
    )  # fmt: skip
    (row,) = table(outcome)
    assert float(row["ie-rms"]) > 0
    assert "changed: measures psnr(), ssim-3d(), ie-rms(); crop (16, 16)" in outcome.err


def test_random_weights_do_not_go_on_where_others_stopped(vfi, triplets, tmp_path):
    arguments = (
        "evaluate", "lift15-tiny", "--allow-untrained", "--device", "cpu", "--no-baselines",
        "--protocol", "vimeo-triplet", "--root", triplets, "-o", tmp_path / "out",
    )  # fmt: skip
    table(vfi(*arguments))
    refused = vfi(*arguments)
    assert refused.code == 1
    assert "holds results of something else under this name: weights" in refused.err
    table(vfi(*arguments, "--name", "again"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--protocol", "vimeo-triplett"), "did you mean 'vimeo-triplet'"),
        (("--protocol", "vimeo-triplet", "--shard", "3/2"), "a shard is i/n"),
        (("--protocol", "vimeo-triplet", "--limit", "0"), "the limit must be 1 or more"),
        (("--protocol", "vimeo-triplet", "--workers", "0"), "workers must be 1 or more"),
        (("--protocol", "vimeo-triplet", "--measure", "beauty"), "unknown metric 'beauty'"),
        (("--protocol", "vimeo-triplet", "--name", "a/b"), "is none for a file"),
        (("--protocol", "vimeo-septuplet"), "the list sep_testlist.txt is missing"),
    ],
)
def test_mistakes_are_one_line(vfi, triplets, tmp_path, arguments, message):
    outcome = vfi("evaluate", "classical", *arguments, "--root", triplets, "-o", tmp_path / "out")
    assert outcome.code == 1
    assert message in outcome.err
    assert "\n" not in outcome.err.strip()
    assert not (tmp_path / "out").exists()


def test_shards_on_the_command_line(vfi, triplets, tmp_path):
    arguments = (
        "evaluate", "classical", "--no-baselines", "--protocol", "vimeo-triplet",
        "--root", triplets, "-o", tmp_path / "out",
    )  # fmt: skip
    (first,) = table(vfi(*arguments, "--shard", "0/2"))
    (second,) = table(vfi(*arguments, "--shard", "1/2"))
    assert (first["items"], second["items"]) == ("2 of 3", "3")
    names = sorted(path.name for path in (tmp_path / "out" / "vimeo-triplet").iterdir())
    assert names == ["classical.0-of-2.csv", "classical.1-of-2.csv"]


def test_the_list_of_protocols(vfi):
    rows = table(vfi("protocols", "snu-film-hard*"))
    assert len(rows) == 9
    frames = {row["protocol"]: row["frames"] for row in rows}
    assert (frames["snu-film-hard"], frames["snu-film-hard@stmfnet"]) == ("2", "4")
    assert frames["snu-film-hard@long"] == "all"
    assert vfi("protocols", "nothing*").err.startswith("no protocol matches 'nothing*'")


def test_protocols_and_readers_of_others(vfi, triplets, tmp_path, monkeypatch):
    monkeypatch.setattr(PROTOCOLS, "_entries", dict(PROTOCOLS._entries))
    monkeypatch.setattr(READERS, "_entries", dict(READERS._entries))

    def backwards(root, *, layout):
        found = READERS.get("vimeo")(root, layout=layout)
        return type(found)(found.items[::-1])

    READERS.add("backwards", backwards, origin="elsewhere 1.0")
    theirs = Protocol(
        name="theirs",
        reader=Part("backwards", layout="triplet"),
        description="of another package",
        measures=(Part("psnr-y"),),
    )
    PROTOCOLS.add("theirs", theirs, origin="elsewhere 1.0")
    PROTOCOLS.add("mistaken", "no protocol", origin="elsewhere 1.0")
    rows = table(
        vfi(
            "evaluate",
            "classical",
            "--protocol",
            "theirs",
            "--root",
            triplets,
            "-o",
            tmp_path / "o",
        )
    )
    assert float(rows[0]["psnr-y"]) > 0
    with pytest.raises(
        InputError, match=r"announced by elsewhere 1\.0, must be a Protocol, got str"
    ):
        find_protocol("mistaken")
    listed = vfi("protocols", "*")
    assert "theirs" in listed.out
    assert "must be a Protocol" in listed.err


SCRIPT = """
    import sys, time
    from pathlib import Path
    from lift15.evaluation.baselines import Average
    from lift15.evaluation.protocols import find_protocol
    from lift15.evaluation.runner import Run, evaluate

    class Slow(Average):
        def predict(self, shown, windows):
            time.sleep(0.02)
            return super().predict(shown, windows)

    protocols = [find_protocol("xiph-2k").replace(resize=None)]
    evaluate([Slow()], protocols, sys.argv[1], Run(output=Path(sys.argv[2])))
"""


@pytest.mark.slow
def test_a_killed_run_loses_nothing_that_was_measured(xiph, tmp_path):
    def start():
        code = textwrap.dedent(SCRIPT)
        return subprocess.Popen([sys.executable, "-c", code, str(xiph), str(tmp_path / "out")])

    path = tmp_path / "out" / "xiph-2k" / "average.csv"
    known = 0
    for _ in range(3):
        process = start()
        give_up = time.monotonic() + 60
        while not path.exists() or len(path.read_bytes().splitlines()) < known + 20:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        now = path.read_bytes()
        assert len(now.splitlines()) >= known + 20
        known = len(now.splitlines())
    assert start().wait() == 0
    lines = path.read_text().splitlines()
    assert len(lines) == len(set(lines)) == 1 + 392


@pytest.mark.gpu
def test_on_a_gpu_as_on_the_cpu(septuplets, tmp_path):
    import torch

    from lift15.evaluation.baselines import baselines
    from lift15.evaluation.prediction import ModelPredictor
    from lift15.evaluation.runner import Run, evaluate
    from vfiblocks import build_model

    model = build_model("lift15-tiny").eval()
    scores = {}
    for device in ("cpu", "cuda"):
        predictor = ModelPredictor(model.to(device), name="tiny")
        assert predictor.device.type == device
        found = evaluate(
            [*baselines(torch.device(device)), predictor],
            [find_protocol("vimeo-septuplet"), find_protocol("vimeo-septuplet-hole")],
            septuplets,
            Run(output=tmp_path / device),
        )
        scores[device] = [summary.scores["psnr"] for summary in found]
    assert scores["cuda"] == pytest.approx(scores["cpu"], abs=0.01)
