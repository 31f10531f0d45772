"""Carrying an ablation out with stand-ins for training and measuring: order, kills, failures."""

import dataclasses
import json
import os
import signal
import threading

import pytest

from lift15.ablation.collect import collect
from lift15.ablation.folder import AblationFolder
from lift15.ablation.plan import make_ablation
from lift15.ablation.processes import Slot, share_out
from lift15.ablation.results import answer_to
from lift15.ablation.runner import How, begin, carry_out
from lift15.ablation.work import do_run
from vfiblocks.errors import DataError, TrainingError

RUNS = ["two-0", "six-0", "two-1", "six-1"]


@pytest.fixture
def mini(plan_file, stubs, monkeypatch):
    """Begin the ablation, with settings, and carry it out."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # thousands of files; no power cut here

    def go(*settings, retry=False, shard=(0, 1), launch=None, hear=None):
        folder = AblationFolder(stubs.folder)
        plan = make_ablation(plan_file, settings=settings)
        begin(folder, plan, command=["vfi", "ablate", "mini.toml"])
        said = []

        def say(line):
            said.append(line)
            if hear is not None:
                hear(line)

        how = How(retry=retry, shard=shard, launch=launch or stubs.launch, say=say, poll=0.01)
        outcome = carry_out(folder, how)
        return outcome, said

    return go


def test_everything_is_done_once_seed_after_seed(mini, stubs):
    outcome, said = mini()
    assert outcome.finished
    assert [each for each in stubs.done if each in RUNS] == RUNS
    assert stubs.done[0] == "held-out/average"
    assert len(stubs.done) == 1 + 2 * len(RUNS)
    assert "six-1: finished" in said
    outcome, _ = mini()
    assert outcome.finished
    assert len(stubs.done) == 1 + 2 * len(RUNS), "nothing is done twice"


def test_what_is_needed_to_do_it_again_is_written_down(mini, stubs):
    mini()
    facts = json.loads((stubs.folder / "ablation.json").read_text())
    assert facts["sessions"][0]["command"] == ["vfi", "ablate", "mini.toml"]
    assert {"python", "torch", "vfiblocks"} <= facts["versions"].keys()
    two = facts["variants"]["two"]
    assert two["parameters"] > 0
    assert two["macs"].keys() == {"32x32", "256x448"}
    assert "window=hole(3, 1)" in two["changes"]
    assert len(two["spec"]["window"]["positions"]) == 2
    assert facts["evaluations"]["held-out"]["items"] == 6
    assert facts["evaluations"]["held-out"]["protocol"]["crop"] == [32, 32]
    assert {run["state"] for run in facts["runs"].values()} == {"finished"}
    assert facts["seeds"] == [0, 1]
    assert [each["name"] for each in facts["data"]["train"]] == ["generated:train/0"]
    assert len(facts["data"]["validation"][0]["hash"]) == 16


def test_a_failed_run_is_listed_and_the_others_go_on(mini, stubs):
    stubs.broken["two-0"] = TrainingError("the disk is full")
    stubs.broken["six-1"] = ZeroDivisionError("division by zero")
    outcome, said = mini()
    states = {state.name: (state.state, state.reason) for state in outcome.states}
    assert states["two-0"] == ("failed", "the disk is full")
    assert states["six-1"] == ("failed", "ZeroDivisionError: division by zero")
    assert states["two-1"][0] == states["six-0"][0] == "finished"
    assert "two-0: failed, the disk is full" in said
    listed = {(run.variant, run.seed): run.state for run in collect(stubs.folder).runs}
    assert listed["two", 0] == listed["six", 1] == "failed"
    outcome, _ = mini()
    assert outcome.finished, "failures are tried again by the same command"


def test_a_diverged_run_is_a_result_until_it_is_retried(mini, stubs):
    stubs.broken["six-0"] = TrainingError("step 3: the loss is nan, the run has diverged")
    outcome, _ = mini()
    assert [state.state for state in outcome.unfinished] == ["diverged"]
    count = len(stubs.done)
    outcome, _ = mini()
    assert [state.state for state in outcome.unfinished] == ["diverged"]
    assert len(stubs.done) == count
    outcome, _ = mini(retry=True)
    assert outcome.finished


def test_an_interruption_keeps_what_is_done(mini, stubs):
    stubs.broken["two-1"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        mini()
    states = {run.folder: run.state for run in collect(stubs.folder).runs}
    assert list(states.values()) == ["finished", "interrupted", "finished", "waiting"]
    before = list(stubs.done)
    outcome, _ = mini()
    assert outcome.finished
    assert [each for each in stubs.done[len(before) :] if each in RUNS] == ["two-1", "six-1"]


def test_killed_between_training_and_measuring(mini, stubs, monkeypatch):
    kept = stubs.measure

    def killed(exam, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(stubs, "measure", killed)
    with pytest.raises(KeyboardInterrupt):
        mini()
    assert AblationFolder(stubs.folder).state("two", 0).state == "evaluating"
    monkeypatch.setattr(stubs, "measure", kept)
    outcome, _ = mini()
    assert outcome.finished


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (-signal.SIGKILL, "killed by SIGKILL, perhaps for want of memory; see"),
        (-signal.SIGSEGV, "killed by SIGSEGV; see"),
        (1, "ImportError: no module named lightning (see"),
    ],
)
def test_a_process_that_dies_without_a_word_is_a_failure_with_a_reason(mini, stubs, code, said):
    def launch(folder, job, slot):
        ended = stubs.launch(folder, job, slot)
        if job.name != "two-1":
            return ended
        path = folder / "logs" / "two-1.log"
        path.parent.mkdir()
        path.write_text("Traceback\nImportError: no module named lightning\n")
        state = dataclasses.replace(AblationFolder(folder).state("two", 1), state="interrupted")
        AblationFolder(folder).note(state)
        ended.code = code
        return ended

    outcome, _ = mini(launch=launch)
    (bad,) = outcome.unfinished
    assert (bad.name, bad.state) == ("two-1", "failed")
    assert said in bad.reason
    assert "two-1.log" in bad.reason
    assert mini()[0].finished


def test_another_plan_in_the_folder_is_refused(mini, stubs):
    mini()
    for setting, said in (
        ("optimizer.lr=0.5", "holds another ablation: base.optimizer.lr was 0.001, now 0.5"),
        ("variants.two.window={hole=[5,2]}", "variants.two.window.hole was [3, 1], now [5, 2]"),
        ("seeds=[1, 2]", "holds an ablation with seed 0, which the plan no longer has"),
        ("evaluations.held-out.limit=2", "evaluations.held-out.limit was 0, now 2"),
        ("weights=best", "weights was 'last', now 'best'"),
    ):
        with pytest.raises(TrainingError) as caught:
            mini(setting)
        assert said in str(caught.value)
        assert "choose another folder" in str(caught.value)


def test_what_has_not_begun_may_be_added(mini, stubs):
    mini()
    count = len(stubs.done)
    outcome, _ = mini("seeds=[0, 1, 2]")
    assert outcome.finished
    assert [each for each in stubs.done[count:] if each in ("two-2", "six-2")] == ["two-2", "six-2"]
    count = len(stubs.done)
    mini(
        "seeds=[0, 1, 2]", 'evaluations.even={protocol="held-out", options={layout="even"}}',
        "run.device=auto",
    )  # fmt: skip
    added = stubs.done[count:]
    assert added[0] == "even/average"
    assert sum(each.startswith("even/") for each in added) == 7
    assert not any(each.startswith("held-out/two") for each in added)


def test_data_that_are_not_there_are_found_out_at_once(mini, stubs):
    for setting, said in (
        ('data.train=["videos:nowhere"]', "nowhere"),
        ('data.validation=["videos:nowhere"]', "nowhere"),
        ('evaluations.x={protocol="vimeo-triplet", root="nowhere"}', "nowhere: expected"),
    ):
        with pytest.raises(DataError, match=said):
            mini(setting)
    assert not stubs.done


def test_a_folder_of_something_else_is_refused(mini, stubs):
    stubs.folder.mkdir()
    (stubs.folder / "thesis.tex").write_text("")
    with pytest.raises(TrainingError, match="is not empty and no folder of an ablation"):
        mini()


def test_a_run_of_another_plan_in_its_place_is_that_runs_failure(mini, stubs):
    mini()
    run = AblationFolder(stubs.folder).run("two", 0)
    text = (run.path / "plan.toml").read_text()
    (run.path / "plan.toml").write_text(text.replace("lr = 0.001", "lr = 0.01"))
    (stubs.folder / "states" / "two-0.json").unlink()
    outcome, _ = mini()
    (bad,) = outcome.unfinished
    assert bad.state == "failed"
    assert "holds another run: optimizer.lr was 0.01, now 0.001" in bad.reason


def test_a_moved_folder_goes_on(mini, stubs, tmp_path):
    stubs.broken["six-0"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        mini()
    moved = tmp_path / "elsewhere"
    stubs.folder.rename(moved)
    stubs.folder = moved
    outcome, _ = mini()
    assert outcome.finished


def test_shards_share_the_runs(mini, stubs):
    outcome, _ = mini(shard=(0, 2))
    assert [state.name for state in outcome.states if state.state == "finished"] == [
        "two-0",
        "two-1",
    ]
    outcome, _ = mini(shard=(1, 2))
    assert outcome.finished
    assert stubs.done.count("held-out/average") == 1


def test_who_works_on_a_run_works_alone(mini, stubs):
    mini("seeds=[0]")
    folder = AblationFolder(stubs.folder)
    with folder.alone("two-0") as free:
        assert free
        with pytest.raises(TrainingError, match="'two-0' is being worked on by another process"):
            do_run(folder, "two", 0, tools=stubs.tools)


@pytest.mark.parametrize("ends", ["finished", "interrupted"])
def test_what_another_process_works_on_is_waited_for(mini, stubs, ends):
    mini("seeds=[0]")
    folder = AblationFolder(stubs.folder)
    done = folder.state("two", 0)
    folder.note(dataclasses.replace(done, state="interrupted"))
    count, held, told = len(stubs.done), threading.Event(), threading.Event()

    def other():
        with folder.alone("two-0"):
            held.set()
            told.wait(30)
            folder.note(dataclasses.replace(done, state=ends))

    thread = threading.Thread(target=other)
    thread.start()
    held.wait()
    outcome, said = mini("seeds=[0]", hear=lambda line: "another" in line and told.set())
    thread.join()
    assert outcome.finished
    assert said.count("two-0: another process works on it") == 1
    assert ("two-0" in stubs.done[count:]) == (ends == "interrupted")


def test_the_results_are_all_there(mini, stubs):
    mini()
    results = collect(stubs.folder)
    assert [variant.name for variant in results.variants] == ["two", "six"]
    assert results.variants[1].frames == 6
    (evaluation,) = results.evaluations
    assert len(evaluation.items) == 6
    assert {(a.model, a.seed) for a in evaluation.answers} == {
        ("average", None), ("two", 0), ("two", 1), ("six", 0), ("six", 1),
    }  # fmt: skip
    (question,) = results.questions
    assert question.text == "Is 6 frames better than 2 frames?"
    found = answer_to(question, evaluation)
    assert found.verdict == "better"
    assert found.difference == pytest.approx(0.5)
    assert found.paired_seeds
    (run,) = (run for run in results.runs if (run.variant, run.seed) == ("six", 1))
    assert run.curves == {"loss/total": ((1, 0.5), (6, 0.1))}
    assert run.samples == 12
    assert run.data == {"train": "traintrain", "validation": "validationvalidation"}
    assert results.provenance.commands == ("vfi ablate mini.toml",)


def test_nothing_can_be_collected_from_nothing(tmp_path):
    with pytest.raises(TrainingError, match="is no folder of an ablation: it has no plan"):
        collect(tmp_path)


def test_the_machine_is_shared_out():
    assert share_out(0, gpus=[]) == [Slot(0)]
    assert [slot.devices for slot in share_out(0, gpus=["4", "5"])] == ["4", "5"]
    assert [slot.devices for slot in share_out(4, gpus=["0", "1"])] == ["0", "1", "0", "1"]
    assert [slot.devices for slot in share_out(0, gpus=["0", "1", "2"], per_job=2)] == ["0,1"]
    assert {slot.threads for slot in share_out(3, gpus=[], processors=8)} == {2}
    with pytest.raises(TrainingError, match="a run needs 2 GPUs, and there are 1"):
        share_out(0, gpus=["0"], per_job=2)
