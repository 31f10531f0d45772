"""Which parameters share a rate, are decayed, stand still."""

import pytest
from torch import nn

from lift15.training.groups import Groups, covers, is_decayed, named_parameters
from lift15.training.objective import build_objective
from lift15.training.phases import Schedule
from lift15.training.plan import OptimizerPlan, Phase, SchedulePlan
from vfiblocks import build_model, list_models
from vfiblocks.errors import TrainingError


def groups_of(model, *phases, filled=()):
    schedule = Schedule(SchedulePlan(steps=10 * len(phases), phases=phases))
    return Groups(dict(model.named_parameters()), schedule, filled=filled)


@pytest.fixture(scope="module")
def tiny():
    return build_model("lift15-tiny")


def test_every_parameter_is_in_one_group(tiny):
    groups = groups_of(tiny, Phase(rates={"encoder": 0.1, "s1": 1.0, "flow.coarse": 0.5}))
    names = [name for group in groups.all for name in group.names]
    assert sorted(names) == sorted(name for name, _ in tiny.named_parameters())


def test_s1_is_apart_from_the_rest_of_the_encoder(tiny):
    groups = groups_of(
        tiny, Phase(rates={"encoder": 0.1, "s1": 2.0}), Phase(rates={"encoder": 0.3})
    )
    assert {g.key for g in groups.all} == {"", "encoder", "s1"}
    s1 = {name for g in groups.all if g.key == "s1" for name in g.names}
    assert s1 == {n for n, _ in tiny.named_parameters() if n.startswith("encoder.levels.1.")}
    assert groups.rate("s1", 0) == 2.0
    assert groups.rate("s1", 10) == 0.3  # what its wider word says, where its own is not said
    assert groups.rate("encoder", 10) == 0.3
    assert groups.rate("", 10) == 1.0


def test_only_what_was_filled_stands_still(tiny):
    filled = {"encoder.levels.2.1.0.weight", "flow.coarse.2.weight"}
    groups = groups_of(tiny, Phase(freeze=("encoder",)), Phase(), filled=filled)
    assert groups.frozen(9) == {"encoder.levels.2.1.0.weight"}
    assert groups.frozen(10) == frozenset()
    assert groups_of(tiny, Phase(freeze=("encoder",))).frozen(0) == frozenset()


def test_norms_biases_slopes_and_gates_are_not_decayed():
    model = build_model("lift15-tiny", aggregator={"gate": True})
    rife = build_model("rife")
    for module in [*model.modules(), *rife.modules()]:
        plain = isinstance(module, nn.GroupNorm | nn.LayerNorm | nn.PReLU)
        for name, parameter in module.named_parameters(recurse=False):
            if plain or name == "bias":
                assert not is_decayed(name, parameter), f"{name} of {module}"
            elif isinstance(module, nn.Conv2d) and parameter.squeeze().ndim > 1:
                assert is_decayed(name, parameter)
    assert not is_decayed("aggregator.gate", model.aggregator.gate)
    options = groups_of(model, Phase()).options(
        dict(model.named_parameters()), OptimizerPlan(weight_decay=0.1, lr=2.0)
    )
    assert sorted(group["weight_decay"] for group in options) == [0.0, 0.1]
    assert {group["lr"] for group in options} == {2.0}


def test_words_that_mean_nothing_are_refused(tiny):
    with pytest.raises(TrainingError, match=r"'encodr'.*did you mean 'encoder'"):
        groups_of(tiny, Phase(rates={"encodr": 0.1}))
    with pytest.raises(TrainingError, match=r"'encoder\.lev'"):
        groups_of(tiny, Phase(freeze=("encoder.lev",)))


@pytest.mark.parametrize("name", ["classical", "rife-4.0", "rife"])
def test_a_stage_that_a_model_lacks_is_no_mistake(name):
    assert name in list_models()
    groups_of(build_model(name), Phase(rates={"encoder": 0.1, "s1": 1.0, "aggregator": 0.5}))


def test_words_end_at_dots():
    assert covers("encoder.levels.1", "encoder.levels.1.0.0.weight")
    assert not covers("encoder.levels.1", "encoder.levels.16.0.0.weight")
    assert not covers("s1", "encoder.levels.16.0.0.weight")


def test_what_an_objective_trains_is_trained():
    model = build_model("rife", flow={"channels": (8, 8, 8)})
    objective = build_objective({"rife": {"teacher_channels": 8}}, model)
    named = named_parameters(model, objective)
    assert any(name.startswith("objective.") for name in named)
    groups = Groups(
        named, Schedule(SchedulePlan(steps=1, phases=(Phase(rates={"objective": 2.0}),)))
    )
    assert groups.rate("objective", 0) == 2.0
