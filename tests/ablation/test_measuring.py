"""What variants are measured on, what is noted besides, and what controls show a model."""

import math

import pytest
import torch

from lift15.ablation.alphas import Listening, mean_alphas, read_alphas
from lift15.ablation.controls import Controlled, find_donors
from lift15.ablation.facts import note_facts, read_facts
from lift15.ablation.held_out import held_out, held_out_protocol
from lift15.ablation.measured import BENT, FAST, HIDDEN
from lift15.data import DataPlan, photo_scene
from lift15.data.sources import open_source_by_text
from lift15.evaluation.answering import answer, load
from lift15.evaluation.items import Question
from lift15.evaluation.prediction import ModelPredictor, Predictor, Shown
from lift15.evaluation.protocols import find_protocol
from lift15.evaluation.protocols.changes import changed
from lift15.evaluation.protocols.reading import read_benchmark
from vfiblocks import Window, build_model
from vfiblocks.errors import DataError, InputError
from vfiblocks.video import write_video

TEXT = "generated:?clips=5&height=32&width=48&split=validation"
DATA = DataPlan(train=("generated:?clips=9",), validation=(TEXT,), validation_crop=(16, 32))


@pytest.fixture
def protocol():
    return held_out_protocol(DATA, name="held-out", layout="hole", reach=(8, 6))


class Recorder(Predictor):
    """Makes grey, and keeps what it was shown."""

    name = "recorder"
    identity = {"spec": "", "weights": "", "precision": ""}  # noqa: RUF012

    def __init__(self, reach):
        self.reach, self.seen = reach, []

    def predict(self, shown, windows):
        self.seen.append(shown)
        return [torch.full_like(shown.frames[:, 0], 0.5) for _ in windows]


def show(predictor, item, protocol, benchmark):
    loaded = load(Question((item,)), [predictor], protocol, benchmark)
    return answer([item], predictor, protocol, loaded)


def test_variants_of_all_widths_are_asked_for_the_same_frames(protocol):
    benchmark = read_benchmark(protocol, "")
    source = open_source_by_text(TEXT)
    for clip, item in enumerate(benchmark.items):
        shown = {}
        for reach in ((1, 1), (3, 3), (8, 6)):
            predictor = Recorder(reach)
            show(predictor, item, protocol, benchmark)
            shown[reach] = predictor.seen[0]
            assert shown[reach].valid.all()
        assert shown[3, 3].frames[0, 2:4].equal(shown[1, 1].frames[0])
        assert shown[8, 6].frames[0, 5:11].equal(shown[3, 3].frames[0])
        target = item.target.frame
        truth = source.read(clip, [target - 1, target + 1])[:, :, 8:24, 8:40] / 255.0
        assert shown[1, 1].frames[0].equal(truth)


def test_windows_are_those_that_training_validates_on(protocol):
    from lift15.data import open_data

    data = open_data(DATA, window=Window.hole(15, 8))
    names = [window.name.partition("/0/")[2] for window in data.validation]
    ours = [item.name.replace("@000", "#") for item in read_benchmark(protocol, "").items]
    assert [name.replace("#0", "#") for name in ours] == names


def test_even_windows_take_every_second_frame():
    protocol = held_out_protocol(DATA, name="x", layout="even", reach=(2, 2))
    item = read_benchmark(protocol, "").items[0]
    target = item.target.frame
    assert [ref.frame for ref in item.frames(2, 2)] == [target + k for k in (-3, -1, 1, 3)]
    assert item.window(2, 2) == Window.even(2, 2)


def test_a_share_of_the_scenes_is_kept_where_nothing_else_is_given():
    text = "generated:?clips=30&height=32&width=32"
    benchmark = held_out(None, train=(text,), share=0.2)
    assert 1 <= len(benchmark.items) <= 15
    with pytest.raises(InputError, match="layout is 'hole' or 'even', got 'odd'"):
        held_out(None, train=(text,), layout="odd")


def test_sources_of_the_same_names_stay_apart():
    benchmark = held_out(None, validation=(TEXT, TEXT.replace("clips=5", "clips=3")))
    assert len({item.name for item in benchmark.items}) == 8
    assert len({str(ref.path) for item in benchmark.items for ref in item.before}) == 8


def test_facts_are_those_of_the_source(protocol, tmp_path):
    benchmark = read_benchmark(protocol, "")
    path = tmp_path / "items.csv"
    found = note_facts(path, benchmark.items, benchmark, protocol)
    source = open_source_by_text(TEXT)
    for clip, (facts, item) in enumerate(zip(found, benchmark.items, strict=True)):
        assert facts.tags == source.tags(clip)
        assert facts.measured == "true"
        target = item.target.frame
        flow, visible = source.motion(clip, target, (target - 1, target + 1))
        moved = (flow[1] - flow[0])[:, 8:24, 8:40].norm(dim=0)
        assert facts.displacement == pytest.approx(float(moved.median()), rel=1e-4)
        assert facts.hidden == pytest.approx(
            float((~visible[:, :, 8:24, 8:40]).any(dim=0).float().mean()), rel=1e-4
        )
        assert facts.displacement <= facts.fastest
    assert read_facts(path)[2].displacement == pytest.approx(found[2].displacement, rel=1e-5)


def test_facts_go_on_after_a_kill(protocol, tmp_path):
    benchmark = read_benchmark(protocol, "")
    path = tmp_path / "items.csv"
    note_facts(path, benchmark.items[:3], benchmark, protocol)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])  # in the middle of a line
    again = note_facts(path, benchmark.items, benchmark, protocol)
    assert path.read_bytes().startswith(whole)
    assert [facts.name for facts in again] == [item.name for item in benchmark.items]
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="holds no facts about items"):
        read_facts(path)


def test_motion_of_videos_is_measured(tmp_path):
    scene = photo_scene(9, height=64, width=96)
    write_video(tmp_path / "scene.mp4", scene, rate=24)
    protocol = changed(find_protocol("clips"), {"left": 2, "right": 2, "windows": 1})
    benchmark = read_benchmark(protocol, tmp_path)
    (facts,) = note_facts(tmp_path / "items.csv", benchmark.items, benchmark, protocol)
    assert facts.measured == "DIS"
    assert facts.displacement > 0.5
    assert facts.tags == ()


def test_facts_without_motion(protocol, tmp_path):
    benchmark = read_benchmark(protocol, "")
    (facts,) = note_facts(
        tmp_path / "items.csv", benchmark.items[:1], benchmark, protocol, motion=False
    )
    assert facts.measured == ""
    assert math.isnan(facts.displacement)


def test_alphas_are_the_weights_of_the_model(tmp_path):
    model = build_model("lift15-tiny").eval()
    path = tmp_path / "alphas.csv"
    listening = Listening(ModelPredictor(model, name="tiny"), model, path)
    frames = torch.rand(2, 1, 14, 3, 32, 32)
    valid = torch.ones(1, 14, dtype=torch.bool)
    valid[0, :3] = False
    expected = []
    for each in frames:
        listening.predict(Shown(each, valid), [Window.hole(15, 8).shifted(-8.0)])
        expected.append(model(each, None, valid).context.weights[0, 3:])
    ranks, means, deviations = mean_alphas(read_alphas(path))
    assert ranks == (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6)
    assert means == pytest.approx(torch.stack(expected).mean(dim=0).tolist(), rel=1e-4)
    assert deviations == pytest.approx(
        torch.stack(expected).std(dim=0, correction=0).tolist(), rel=1e-2, abs=1e-6
    )


def test_alphas_of_one_window_count_once(tmp_path):
    model = build_model("lift15-tiny").eval()
    path = tmp_path / "alphas.csv"
    shown = Shown(torch.rand(1, 14, 3, 32, 32), torch.ones(1, 14, dtype=torch.bool))
    window = Window.hole(15, 8).shifted(-8.0)
    for _ in range(2):  # killed in between: a new process
        listening = Listening(ModelPredictor(model, name="tiny"), model, path)
        listening.predict(shown, [window])
        with path.open("a") as file:
            file.write("cut off")
    assert len(read_alphas(path)) == 1


def controlled(control, shown, reach=(3, 3), donors=()):
    predictor = Recorder(reach)
    Controlled(predictor, control, donors=donors).predict(shown, [Window.even(*reach)])
    return predictor.seen[0]


@pytest.fixture
def shown():
    valid = torch.tensor([[False, True, True, True, True, True]])
    return Shown(torch.rand(1, 6, 3, 8, 8), valid)


@pytest.mark.parametrize("control", ["without", "repeated", "shuffled", "foreign"])
def test_controls_never_touch_the_references(control, shown):
    before = shown.frames.clone()
    donors = [torch.rand(6, 3, 16, 8), torch.rand(6, 3, 8, 8)]
    seen = controlled(control, shown, donors=donors)
    assert seen.frames[:, 2:4].equal(before[:, 2:4])
    assert seen.valid[0, 2:4].all()
    assert shown.frames.equal(before), "what others are shown stays what it is"
    assert not seen.valid[0, 0], "what does not exist is not made up"


def test_controls_do_what_they_say(shown):
    frames = shown.frames
    assert controlled("without", shown).valid[0].tolist() == [0, 0, 1, 1, 0, 0]
    repeated = controlled("repeated", shown).frames
    assert repeated[:, 1].equal(frames[:, 2])
    assert repeated[:, 4].equal(repeated[:, 5])
    assert repeated[:, 5].equal(frames[:, 3])
    shuffled = controlled("shuffled", shown).frames
    places = [1, 4, 5]
    for place in places:
        assert not shuffled[:, place].equal(frames[:, place]), "none stays in its place"
        assert any(shuffled[:, place].equal(frames[:, other]) for other in places)
    assert controlled("shuffled", shown).frames.equal(shuffled), "the same order every time"
    own = frames[0] + 0.0
    donors = [own, torch.rand(6, 3, 16, 8)]
    foreign = controlled("foreign", shown, donors=donors).frames
    assert not foreign[:, 4].equal(frames[:, 4]), "a clip is not its own donor"
    other = Shown(torch.rand_like(frames), shown.valid)
    assert controlled("foreign", other, donors=donors).frames[:, 4].equal(frames[:, 4])


def test_donors_are_of_two_scenes(protocol):
    benchmark = read_benchmark(protocol, "")
    one, other = find_donors(Recorder((8, 6)), protocol, benchmark)
    assert one.shape == other.shape == (14, 3, 16, 32)
    assert not one.equal(other)


def test_subsets_are_tags_and_quarters(results):
    subsets = results.evaluation("held-out").subsets()
    assert {"occlusion", "repetition", "lighting", FAST, BENT, HIDDEN} <= subsets.keys()
    items = {item.name: item for item in results.evaluation("held-out").items}
    fastest = sorted(items, key=lambda name: -items[name].fastest)[:10]
    assert set(subsets[FAST]) == set(fastest)
    with pytest.raises(InputError, match="has no subset 'fog'; it has plain"):
        results.evaluation("held-out").scores("three", "psnr", subset="fog")
