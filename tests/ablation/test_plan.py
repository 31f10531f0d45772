"""Plans of ablations: what is in them, what changes them, and what is refused."""

import tomllib

import pytest

from lift15.ablation.evaluating import make_exams
from lift15.ablation.grid import make_arms
from lift15.ablation.plan import make_ablation, read_ablation, shipped
from vfiblocks.errors import TrainingError

GENERATED = {"data": {"train": ["generated:?clips=6"]}}
TEXT = ("context", "attention", "context-map", "layers", "s1")  # LIFT-15 section 9.3


def ablation(name="context", *settings, **options):
    return make_ablation(
        name, **{"preset": "smoke", "training": GENERATED, "settings": settings, **options}
    )


def test_the_five_of_the_text_are_shipped():
    assert set(TEXT) < set(shipped())


@pytest.mark.parametrize("preset", ["short", "cpu"])
@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_plan_can_be_made(name, preset, tmp_path):
    settings = ['model.encoder_from_rife="rife.pkl"'] if name == "encoder-init" else []
    plan = ablation(name, *settings, preset=preset)
    arms = make_arms(plan, tmp_path)
    assert list(arms) == list(plan.variants)
    assert len({arm.plan.fingerprint for arm in arms.values()}) == len(arms)
    assert make_exams(plan, arms).keys() == plan.evaluations.keys()
    assert plan.about
    assert plan.title


def test_a_plan_written_down_is_the_same_plan():
    plan = ablation("small", "seeds=[3, 5]", preset="cpu")
    assert read_ablation(plan.to_toml()) == plan
    assert plan.training().schedule.steps == 2000


def test_settings_reach_the_training_and_the_ablation():
    plan = ablation("context", "optimizer.lr=0.5", "seeds=[4]", "evaluations.held-out.limit=3")
    assert plan.training().optimizer.lr == 0.5
    assert plan.seeds == (4,)
    assert plan.evaluations["held-out"].limit == 3


def test_what_is_told_on_the_command_line_is_evaluated_besides():
    plan = ablation("context", evaluations=["clips:videos", "vimeo-triplet:/data/vimeo"])
    assert list(plan.evaluations) == ["held-out", "clips", "vimeo-triplet"]
    assert plan.evaluations["vimeo-triplet"].root == "/data/vimeo"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["sheedule.steps=1"], "an ablation has no sheedule; did you mean schedule?"),
        (["schedule.stebs=1"], "the plan has no schedule.stebs; did you mean schedule.steps?"),
        (["seeds=[]"], "seeds are whole numbers from 0, each once, got []"),
        (["seeds=[1, 1]"], "seeds are whole numbers from 0, each once, got [1, 1]"),
        (
            ["baseline=fifteeen"],
            "baseline: there is no variant 'fifteeen'; did you mean 'fifteen'?",
        ),
        (["questions.x.candidate=nine"], "question 'x': there is no variant 'nine'"),
        (["questions.x.candidate=three"], "question 'x' compares 'three' with itself"),
        (['evaluations.held-out.controls=["without", "blind"]'], "there is no control 'blind'"),
        (["variants.wide.titel=x"], "the plan has no variants.wide.titel; did you mean"),
        (["variants.classical.title=x"], "'classical' is the name of a baseline"),
    ],
)
def test_what_leads_nowhere_is_refused_in_a_line(settings, said):
    with pytest.raises(TrainingError) as caught:
        ablation("context", *settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("contxt", "no ablation is called 'contxt'; did you mean context?"),
        ("nothing-like-it", "there are attention, beyond-tiny, beyond"),
        ("there/is/none.toml", "cannot read the plan there/is/none.toml: No such file"),
    ],
)
def test_plans_that_are_not_there(name, said):
    with pytest.raises(TrainingError, match=said.replace("?", r"\?")):
        ablation(name)


def test_without_data_there_is_nothing_to_learn_from():
    with pytest.raises(TrainingError, match="give --data KIND:PATH"):
        make_ablation("context")


def test_rife_weights_are_asked_for():
    with pytest.raises(TrainingError, match=r"--set model\.encoder_from_rife="):
        ablation("encoder-init")


def test_a_file_that_is_no_toml_is_named(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text("seeds = [")
    with pytest.raises(TrainingError, match=r"plan\.toml is not TOML"):
        ablation(path)


def test_one_variant_is_no_comparison(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text("[variants.only]\n")
    with pytest.raises(TrainingError, match="compares two variants or more, got 1"):
        ablation(path)


def test_shipped_plans_say_what_they_are():
    assert all(title.endswith(("?", "GPU")) for title in shipped().values())
    assert tomllib.loads(ablation().to_toml())["name"] == "context"
