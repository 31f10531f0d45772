"""Variants: what is changed and what stays the same."""

import pytest

from lift15.ablation.grid import fit_frames, make_arms, merged_overrides, read_window, widest
from lift15.ablation.plan import make_ablation
from vfiblocks import Window, build_model
from vfiblocks.errors import TrainingError


@pytest.fixture
def arms(tmp_path):
    def make(text="", *settings, preset="smoke"):
        path = tmp_path / "plan.toml"
        path.write_text(text)
        plan = make_ablation(
            path,
            preset=preset,
            training={"data": {"train": ["generated:?clips=6"]}},
            settings=settings,
        )
        return make_arms(plan, tmp_path / "specs")

    return make


def test_a_window_changes_the_frames_and_nothing_else(arms):
    made = arms("[variants.a]\nwindow={hole=[3,1]}\n[variants.b]\nwindow={hole=[15,8]}")
    few, many = (build_model(arm.plan.model.name) for arm in made.values())
    assert (len(few.window), len(many.window)) == (2, 14)
    assert {n: p.shape for n, p in few.named_parameters()} == {
        n: p.shape for n, p in many.named_parameters()
    }
    assert widest(list(made.values())) == (8, 6)
    assert made["a"].changes == ("window=hole(3, 1)",)
    assert made["b"].changes == ()  # that of lift15-tiny


def test_variants_of_one_seed_start_from_the_same_weights(arms):
    from lift15.training.start import start_model

    made = arms("[variants.a]\nwindow={hole=[3,1]}\n[variants.b]\nwindow={hole=[15,8]}")
    few, many = (start_model(arm.plan.model, seed=3).model for arm in made.values())
    for one, other in zip(few.parameters(), many.parameters(), strict=True):
        assert one.equal(other)


def test_layouts_ask_for_no_more_frames_than_there_are(arms):
    made = arms("[variants.a]\nwindow={hole=[7,3]}\n[variants.b]\n", preset="short")
    layout = made["a"].plan.schedule.phases[1].data["layout"]
    assert layout == {"frames": [2, 4, 6], "shares": [0.25, 0.25, 0.5]}
    assert made["b"].plan.schedule.phases[1].data["layout"]["frames"] == [2, 4, 8, 14]
    assert len(made["a"].notes) == 1
    assert "the window has no more" in made["a"].notes[0]


def test_shares_stay_shares():
    assert fit_frames((2, 8, 14), (0.5, 0.3, 0.2), 6) == ((2, 6), (0.5, 0.5))
    assert fit_frames((), (), 6) == ((), ())


def test_overrides_of_a_variant_keep_those_of_the_base(arms):
    made = arms(
        "[base.model.overrides]\naggregator={gate=true}\n[variants.a]\n"
        "overrides={aggregator={layers=1}}\n[variants.b]\noverrides={aggregator='none'}"
    )
    assert made["a"].spec.aggregator.options["gate"] is True
    assert made["a"].spec.aggregator.options["layers"] == 1
    assert made["b"].spec.aggregator is None
    assert made["b"].changes == ("aggregator=none",)


def test_rates_are_factors_in_every_phase(arms):
    made = arms("[variants.a]\nrates={aggregator=0.1}\n[variants.b]\n", preset="text")
    phases = made["a"].plan.schedule.phases
    assert [dict(phase.rates) for phase in phases] == [
        {"aggregator": 0.1},
        {"encoder": 0.1, "aggregator": 0.1},
        {"aggregator": 0.1},
    ]


def test_seeds_change_the_seed_alone(arms):
    arm = arms("[variants.a]\n[variants.b]\nmodel='lift15-no-context'")["a"]
    assert arm.seeded(7).run.seed == 7
    assert arm.seeded(arm.plan.run.seed) == arm.plan


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ("window={hole=[2,1]}", "variant 'b': window: "),
        ("window={holes=[7,3]}", "window is given as {hole = [length, target]}"),
        ("overrides={agregator={layers=1}}", "model.overrides speaks of stages"),
        ("overrides={aggregator={layer=1}}", "variant 'b': "),
        ("model='lift16'", "variant 'b': "),
        ("settings=['optimizer.rate=1']", "variant 'b': the plan has no optimizer.rate"),
    ],
)
def test_what_cannot_be_made_is_named(arms, variant, said):
    with pytest.raises(TrainingError) as caught:
        arms(f"[variants.a]\n[variants.b]\n{variant}")
    assert said in str(caught.value)


def test_options_for_an_empty_stage():
    with pytest.raises(TrainingError, match="options for aggregator, which is left empty"):
        merged_overrides({"aggregator": "none"}, {"aggregator": {"layers": 2}})


def test_windows_of_any_positions():
    assert read_window({"positions": [-2, -1, 1], "target": 0}) == Window((-2, -1, 1), 0)
