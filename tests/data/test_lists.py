"""What a run learnt from can be compared with what another one did."""

import json

from lift15.data import Augmentation, DataPlan, arrange, data_lists
from vfiblocks import Window


def lists(numbers, *, name="numbers:/here", lengths=(9,) * 20, **options) -> dict:
    plan = DataPlan(augmentation=Augmentation.off(), **{"held_out": 0.2, **options})
    return data_lists(arrange(plan, train=[numbers(lengths, name=name)], window=Window.even(1, 1)))


def test_lists_name_every_clip_on_its_side(numbers):
    made = lists(numbers)
    train, kept = (set(made[side]["sources"][0]["clips"]) for side in ("train", "validation"))
    assert train | kept == {f"scene-{i}/{i:03d}" for i in range(20)}
    assert not train & kept
    assert made["validation"]["windows"] == [
        f"{clip}#4" for clip in made["validation"]["sources"][0]["clips"]
    ]
    assert json.loads(json.dumps(made)) == made


def test_hashes_know_the_data_and_not_the_path(numbers):
    here, there = lists(numbers), lists(numbers, name="numbers:/there")
    assert here != there
    for side in ("train", "validation"):
        assert here[side]["hash"] == there[side]["hash"]
        assert here[side]["hash"] != lists(numbers, held_out=0.5)[side]["hash"]
    assert lists(numbers, per_clip=2)["train"]["hash"] == here["train"]["hash"]
    assert lists(numbers, per_clip=2)["validation"]["hash"] != here["validation"]["hash"]


def test_problems_are_listed(numbers):
    made = lists(numbers, lengths=[9] * 19 + [2], held_out=0.0)
    assert made["problems"] == [
        "numbers:/here: 1 of 20 clips are left out: layout even of 2 frames needs 3 frames, the "
        "shortest, 'scene-19/019', has 2"
    ]
    assert made["validation"]["sources"] == []
