"""``vfi ablate`` from outside: plans, dry runs, what is said of runs, and exit codes."""

import json

import pytest

PLAN = """
title = "Whether it works"
preset = "smoke"
seeds = [0, 1]
strips = 0
[base.data]
train = ["generated:?clips=8&height=32&width=32"]
validation = ["generated:?clips=6&height=32&width=32&split=validation"]
[variants.two]
title = "2 frames"
window = { hole = [3, 1] }
[variants.six]
title = "6 frames"
window = { hole = [7, 3] }
[cost]
rounds = 0
"""


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "mini.toml"
    path.write_text(PLAN)
    return path


def test_alone_it_lists_the_plans(vfi):
    outcome = vfi("ablate")
    names = [line.split("\t")[0] for line in outcome.out.splitlines()]
    assert {"context", "attention", "context-map", "layers", "s1", "small"} < set(names)


def test_options_without_a_plan(refused):
    assert "name a plan for --data" in refused("ablate", "--data", "generated:")


def test_a_dry_run_keeps_nothing(vfi, plan, tmp_path):
    outcome = vfi("ablate", plan, "--dry-run", "--no-measure", "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    head, *rows = (line.split("\t") for line in outcome.out.splitlines())
    first = dict(zip(head, rows[0], strict=True))
    assert first["variant"] == "two"
    assert first["frames"] == "2"
    assert int(first["parameters"].replace(",", "")) > 100_000
    assert first["MACs at 32x32"].endswith("MMAC")
    assert first["MACs at 256x448"].endswith("GMAC")
    assert (first["steps"], first["time per run"]) == ("6", "not measured")
    assert "4 runs: 2 variants, seeds 0, 1; 1 at a time" in outcome.err
    assert not (tmp_path / "out").exists()


def test_a_dry_run_measures_two_steps(vfi, plan):
    outcome = vfi("ablate", plan, "--dry-run", "--set", "run.device=cpu")
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[1].endswith(" s")
    assert "training takes about" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["contex"], "no ablation is called 'contex'; did you mean context?"),
        (["context"], "there is nothing to learn from: give --data KIND:PATH"),
        (["small", "--set", "variant.x=1"], "an ablation has no variant; did you mean variants?"),
        (["small", "--preset", "tiny"], "no preset is called 'tiny'"),
        (["small", "--eval", "clips"], "an evaluation is given as PROTOCOL:PATH"),
        (["small", "--shard", "3/2"], "a shard is i/n"),
        (["small", "--eval", "climps:x", "--dry-run"], "evaluation 'climps': "),
        (["small", "--eval", "vimeo-triplet:nowhere", "--dry-run"], "nowhere: expected"),
    ],
)
def test_mistakes_are_one_line(refused, arguments, said):
    assert said in refused("ablate", *arguments)


def test_a_folder_that_is_no_ablation(refused, tmp_path):
    assert "is no folder of an ablation: it has no plan.toml" in refused("ablate", tmp_path)


@pytest.fixture
def outcome(monkeypatch):
    """Have the work itself done by a function of the test: called with folder and how."""

    def put(work):
        import lift15.ablation.runner

        monkeypatch.setattr(lift15.ablation.runner, "carry_out", work)

    return put


def test_failures_are_named_and_change_the_exit_code(vfi, plan, tmp_path, outcome):
    from lift15.ablation.folder import RunState
    from lift15.ablation.runner import Outcome

    def work(folder, how):
        folder.note(RunState("two", 0, "diverged", "step 3: the loss is nan"))
        folder.note(RunState("six", 0, "failed", "the disk is full"))
        states = [folder.state(name, seed) for seed in (0, 1) for name in ("two", "six")]
        return Outcome(tuple(states))

    outcome(work)
    found = vfi("ablate", plan, "--out", tmp_path / "out")
    assert found.code == 2
    assert "two\t0\tdiverged\t0 of 0\tstep 3: the loss is nan" in found.out
    assert "six\t0\tfailed\t0 of 0\tthe disk is full" in found.out
    assert "six\t1\twaiting" in found.out
    assert "2 of 4 runs have no result: two-0, six-0; their logs are in" in found.err
    assert (tmp_path / "out" / "report" / "index.html").exists()
    facts = json.loads((tmp_path / "out" / "ablation.json").read_text())
    assert facts["sessions"][0]["command"][1:3] == ["ablate", str(plan)]


def test_ctrl_c_says_how_to_go_on(vfi, plan, tmp_path, outcome):
    def work(folder, how):
        raise KeyboardInterrupt

    outcome(work)
    found = vfi("ablate", plan, "--out", tmp_path / "out")
    assert found.code == 130
    assert "run the same command to go on" in found.err


def test_a_folder_goes_on_by_its_own_plan(vfi, refused, plan, tmp_path, outcome):
    from lift15.ablation.runner import Outcome

    seen = []

    def work(folder, how):
        seen.append((folder.plan(), how))
        folder.results("held-out").mkdir(parents=True, exist_ok=True)
        return Outcome(())

    outcome(work)
    out = tmp_path / "out"
    vfi("ablate", plan, "--out", out)
    assert vfi("ablate", out, "--set", "seeds=[0, 1, 2]", "--jobs", 3, "--retry").code == 0
    assert seen[1][0].seeds == (0, 1, 2)
    assert (seen[1][1].jobs, seen[1][1].retry) == (3, True)
    assert "leave out --data" in refused("ablate", out, "--data", "generated:")
    said = refused("ablate", out, "--set", "optimizer.lr=0.5")
    assert "holds another ablation: base.optimizer.lr was 0.001, now 0.5" in said
