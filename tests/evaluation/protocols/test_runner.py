"""Runs that share, stop, go on, are divided, lack things, or meet what is not theirs."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
import torch

from lift15.evaluation.baselines import Average, Repeat, baselines
from lift15.evaluation.prediction import Predictor, Shown
from lift15.evaluation.protocols import find_protocol
from lift15.evaluation.runner import Run, evaluate
from lift15.evaluation.summary import markdown
from vfiblocks import Window
from vfiblocks.errors import DataError, InputError

TRIPLET = find_protocol("vimeo-triplet")


@dataclass
class Watched(Predictor):
    """The left reference; notes what it was shown, and may be stopped."""

    name: str = "watched"
    reach: tuple[int, int] = (1, 1)
    layout: str = ""
    weights: str = "1"
    stop_at: int = 10**9
    midpoints_only: bool = False
    shown: list[Shown] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)

    def __post_init__(self):
        self.identity = {"spec": "w", "weights": self.weights, "precision": "float32"}

    def refusal(self, time: float) -> str:
        return "only the middle" if self.midpoints_only and time != 0.5 else ""

    def predict(self, shown: Shown, windows: Sequence[Window]) -> list[torch.Tensor]:
        if len(self.shown) >= self.stop_at:
            raise KeyboardInterrupt
        self.shown.append(shown)
        self.windows += windows
        left = shown.frames[:, windows[0].references[0]]
        return [left for _ in windows]


def run(predictors, names, root, tmp_path, **options):
    protocols = [find_protocol(name) if isinstance(name, str) else name for name in names]
    return evaluate(predictors, protocols, root, Run(output=tmp_path / "out", **options))


def lines(tmp_path, path="vimeo-triplet/watched.csv"):
    return (tmp_path / "out" / path).read_text().splitlines()


def test_protocols_that_show_the_same_share_one_prediction(triplets, tmp_path):
    model = Watched()
    names = ["vimeo-triplet", "vimeo-triplet@ema", "vimeo-triplet@cain"]
    summaries = run([model], names, triplets, tmp_path)
    assert len(model.shown) == 3  # one for each clip
    assert [summary.protocol.name for summary in summaries] == names
    run([Watched(name="other")], [*names, "vimeo-triplet@ema-tta"], triplets, tmp_path / "flip")
    turned = Watched(name="third")
    run([turned], [*names, "vimeo-triplet@ema-tta"], triplets, tmp_path / "again")
    assert len(turned.shown) == 3 + 2 * 3  # the flipped one asks twice more


def test_items_of_one_gap_are_one_question(x_test, tmp_path):
    model = Watched()
    run([model], ["x-test"], x_test, tmp_path, incomplete=True)
    assert len(model.shown) == 2
    assert [window.time for window in model.windows[:7]] == [k / 8 for k in range(1, 8)]


def test_an_interrupted_run_goes_on(triplets, tmp_path):
    stopped = Watched(stop_at=1)
    with pytest.raises(KeyboardInterrupt):
        run([stopped], ["vimeo-triplet"], triplets, tmp_path)
    assert len(lines(tmp_path)) == 1 + 1
    again = Watched()
    (summary,) = run([again], ["vimeo-triplet"], triplets, tmp_path)
    assert len(again.shown) == 2
    fresh = Watched()
    (whole,) = run([fresh], ["vimeo-triplet"], triplets, tmp_path / "elsewhere")
    assert (summary.scores, summary.items) == (whole.scores, 3)
    done = Watched(stop_at=0)
    run([done], ["vimeo-triplet"], triplets, tmp_path)  # nothing is left to do


def test_half_a_line_is_cut_off_and_its_item_measured_again(triplets, tmp_path):
    (whole,) = run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
    path = tmp_path / "out" / "vimeo-triplet" / "watched.csv"
    text = path.read_text()
    for keep in (len(text) - 1, len(text) - 20, len(text.splitlines()[0]) - 3, 0):
        path.write_text(text[:keep])
        (summary,) = run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
        assert summary.scores == whole.scores
        assert sorted(path.read_text().splitlines()) == sorted(text.splitlines())


def test_a_new_protocol_joins_without_measuring_the_old_one_again(triplets, tmp_path):
    run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
    before = lines(tmp_path)
    model = Watched()
    run([model], ["vimeo-triplet", "vimeo-triplet@ema"], triplets, tmp_path)
    assert len(model.shown) == 3
    assert lines(tmp_path) == before
    assert len(lines(tmp_path, "vimeo-triplet@ema/watched.csv")) == 4


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shards_make_one_result(triplets, tmp_path, count):
    (whole,) = run([Watched()], ["vimeo-triplet"], triplets, tmp_path / "whole")
    items = []
    for index in range(count):
        model = Watched()
        (summary,) = run([model], ["vimeo-triplet"], triplets, tmp_path, shard=(index, count))
        items.append(len(model.shown))
    assert sum(items) == 3
    assert (summary.items, summary.scores) == (3, whole.scores)
    # Whoever comes without a shard, or with others, finds all of it done
    run([Watched(stop_at=0)], ["vimeo-triplet"], triplets, tmp_path)
    run([Watched(stop_at=0)], ["vimeo-triplet"], triplets, tmp_path, shard=(0, 7))


def test_results_of_another_model_are_refused_with_the_difference(triplets, tmp_path):
    run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
    before = lines(tmp_path)
    with pytest.raises(InputError) as caught:
        run([Watched(weights="2")], ["vimeo-triplet"], triplets, tmp_path)
    message = str(caught.value)
    assert "watched.csv holds results of something else under this name" in message
    assert "weights 1 there, 2 now" in message
    assert "spec" not in message  # the same, and no part of the difference
    assert "--name" in message
    assert lines(tmp_path) == before
    run([Watched(name="retrained", weights="2")], ["vimeo-triplet"], triplets, tmp_path)


def test_results_of_other_data_version_or_options_are_refused(
    triplets, septuplets, tmp_path, monkeypatch
):
    run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
    list_file = triplets / "tri_testlist.txt"
    text = list_file.read_text()
    list_file.write_text("00001/0266\n")
    with pytest.raises(InputError, match=r"data .* there, .* now"):
        run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
    list_file.write_text(text)
    with pytest.raises(InputError, match=r"protocol_hash .* there, .* now"):
        run([Watched()], [TRIPLET.replace(rounded=False)], triplets, tmp_path)
    more = TRIPLET.replace(measures=TRIPLET.measures[:1])
    with pytest.raises(InputError, match="has the scores psnr, ssim-3d, and now psnr are wanted"):
        run([Watched()], [more], triplets, tmp_path)
    monkeypatch.setattr("vfiblocks.__version__", "99.0")
    with pytest.raises(InputError, match=r"version .* there, 99\.0 now"):
        run([Watched()], ["vimeo-triplet"], triplets, tmp_path)


def test_foreign_and_damaged_files_in_the_folder(triplets, tmp_path):
    path = tmp_path / "out" / "vimeo-triplet" / "watched.csv"
    path.parent.mkdir(parents=True)
    path.write_text("name,address\n")
    with pytest.raises(InputError, match="is no file of results"):
        run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
    path.unlink()
    run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
    good = path.read_text().splitlines()
    path.write_text("\n".join([good[0], good[1].replace("0.5", "noon"), *good[2:]]) + "\n")
    with pytest.raises(DataError, match="line 2 is no line of results"):
        run([Watched()], ["vimeo-triplet"], triplets, tmp_path)


def test_missing_context_is_marked_and_told(septuplets, tmp_path):
    model = Watched(reach=(8, 6), layout="hole")
    summaries = run([model], ["vimeo-septuplet", "vimeo-septuplet-hole"], septuplets, tmp_path)
    even, hole = model.shown[0], model.shown[3]
    assert even.frames.shape[1] == hole.frames.shape[1] == 14
    assert even.valid.tolist() == [[False] * 6 + [True] * 4 + [False] * 4]
    assert hole.valid.tolist() == [[False] * 5 + [True] * 6 + [False] * 3]
    assert even.frames[0, 0].abs().max() == 0
    assert model.windows[0].positions[5:9] == (-5.0, -3.0, -1.0, 1.0)
    assert model.windows[3].positions[5:9] == (-3.0, -2.0, -1.0, 1.0)
    assert [summary.layout for summary in summaries] == ["even", "hole"]
    assert "reads 14 frames and was shown 4; the others were marked missing" in summaries[0].notes
    assert "made for the layout 'hole', and this one is 'even'" in summaries[0].notes
    assert not any("made for" in note for note in summaries[1].notes)
    assert lines(tmp_path, "vimeo-septuplet/watched.csv")[1].split(",")[3:5] == ["4", "14"]


def test_a_protocol_of_two_frames_hides_the_others(snu, tmp_path):
    two, long = Watched(reach=(3, 3)), Watched(reach=(3, 3), name="long")
    (summary,) = run([two], ["snu-film-easy"], snu, tmp_path)
    assert two.shown[0].valid.tolist() == [[False, False, True, True, False, False]]
    assert summary.layout == "pair"
    (summary,) = run([long], ["snu-film-easy@long"], snu, tmp_path)
    assert long.shown[0].valid.all()
    assert summary.layout == "even"
    assert not any("marked missing" in note for note in summary.notes)


def test_frames_arrive_in_order_of_time(snu, make_picture, tmp_path):
    model = Watched(reach=(2, 3))
    run([model], [find_protocol("snu-film-medium@long").replace(pad=None)], snu, tmp_path, limit=1)
    (shown,) = model.shown
    expected = [make_picture(0, 8 + offset) for offset in (-6, -2, 2, 6, 10)]
    for frame, rgb in zip(shown.frames[0], expected, strict=True):
        assert torch.equal((frame * 255).round().byte(), torch.from_numpy(rgb).permute(2, 0, 1))


def test_a_model_of_midpoints_is_told_what_it_left_out(septuplets, tmp_path):
    model = Watched(midpoints_only=True)
    (summary,) = run([model], ["vimeo-septuplet-ends"], septuplets, tmp_path)
    assert (summary.items, summary.official) == (3, 15)
    assert "without 12 items it cannot make: only the middle" in summary.notes
    assert math.isfinite(summary.scores["psnr"])
    ends = find_protocol("vimeo-septuplet-ends")
    (septuplets / "sep_testlist.txt").write_text("00001/0266\n")

    class Never(Watched):
        def refusal(self, time: float) -> str:
            return "cannot do this at all"

    with pytest.raises(InputError, match="can make none of the 5 frames: cannot do this at all"):
        run([Never()], [ends], septuplets, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_limit_spreads_over_the_benchmark(davis, tmp_path):
    model = Watched()
    (summary,) = run([model], ["davis"], davis, tmp_path, limit=3, incomplete=True)
    assert (summary.items, summary.official) == (3, 6)
    assert "3 of 6 items, evenly spread" in summary.notes
    scenes = [line.split(",")[1] for line in lines(tmp_path, "davis/watched.csv")[1:]]
    assert scenes == ["bear", "bmx-trees", "bmx-trees"]


def test_what_is_missing_is_told_when_the_rest_is_measured(triplets, tmp_path):
    (triplets / "sequences" / "00001" / "0266" / "im1.png").unlink()
    with pytest.raises(DataError, match=r"1 of 3 items are bad: 00001/0266: no im1\.png"):
        run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
    assert not (tmp_path / "out").exists()
    (summary,) = run([Watched()], ["vimeo-triplet"], triplets, tmp_path, incomplete=True)
    assert (summary.items, summary.official) == (2, 3)
    assert "without 1 items that are missing or bad" in summary.notes
    assert "the official set has 3,782 items, this one 3" in summary.notes


@pytest.mark.parametrize("keep", [0.6, 0.99])
def test_a_picture_that_is_cut_off(triplets, tmp_path, keep):
    path = triplets / "sequences" / "00001" / "0268" / "im2.png"
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(DataError, match=r"0268.im2\.png: the file is cut off"):
        run([Watched()], ["vimeo-triplet"], triplets, tmp_path)
    (summary,) = run([Watched()], ["vimeo-triplet"], triplets, tmp_path, incomplete=True)
    assert summary.items == 2
    assert "1 items cannot be read and are left out" in summary.notes


def test_pictures_that_do_not_fit(triplets, make_picture, save_picture, tmp_path):
    with pytest.raises(DataError, match=r"item 00001/0266: .* cuts 100x100 from the middle of"):
        run([Watched()], [TRIPLET.replace(crop=(100, 100))], triplets, tmp_path)
    with pytest.raises(DataError, match="cannot be shrunk to 100x100"):
        run([Watched()], [TRIPLET.replace(resize=(100, 100))], triplets, tmp_path / "b")
    save_picture(triplets / "sequences" / "00001" / "0266" / "im3.png", make_picture(0, 0, 8, 8))
    with pytest.raises(DataError, match="must have one size, got 8x8 and 24x32"):
        run([Watched()], ["vimeo-triplet"], triplets, tmp_path / "c")


def test_names_come_once_and_are_names_for_files(triplets, tmp_path):
    with pytest.raises(InputError, match="model 'watched' comes twice"):
        run([Watched(), Watched()], ["vimeo-triplet"], triplets, tmp_path)
    with pytest.raises(InputError, match="protocol 'vimeo-triplet' comes twice"):
        run([Watched()], ["vimeo-triplet", "vimeo-triplet"], triplets, tmp_path)
    with pytest.raises(InputError, match=r"filed under the model's name, and '\.\./x' is none"):
        run([Watched(name="../x")], ["vimeo-triplet"], triplets, tmp_path)
    with pytest.raises(InputError, match="at least one model"):
        run([], ["vimeo-triplet"], triplets, tmp_path)
    assert not (tmp_path / "out").exists()


def test_measures_that_pictures_alone_cannot_give(triplets, tmp_path):
    from vfiblocks import Part

    with pytest.raises(InputError, match="metric 'epe' needs motion, true motion"):
        run([Watched()], [TRIPLET.replace(measures=(Part("epe"),))], triplets, tmp_path)
    wrong = TRIPLET.replace(measures=(Part("psnr", colour="y"),))
    with pytest.raises(InputError, match="metric 'psnr' has no option 'colour'"):
        run([Watched()], [wrong], triplets, tmp_path)


def test_baselines_stand_beside_and_classical_wins(triplets, tmp_path):
    summaries = run(baselines(), ["vimeo-triplet", "vimeo-triplet@ema"], triplets, tmp_path)
    psnr = {(s.protocol.name, s.model): s.scores["psnr"] for s in summaries}
    assert list(psnr)[:3] == [("vimeo-triplet", n) for n in ("repeat", "average", "classical")]
    assert psnr["vimeo-triplet", "classical"] > psnr["vimeo-triplet", "average"]
    page = (tmp_path / "out" / "summary.md").read_text()
    assert page == markdown(summaries)
    assert page.splitlines()[0] == "| protocol | layout | model | items | psnr | ssim-3d |"
    stored = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [entry["scores"]["psnr"] for entry in stored] == list(psnr.values())
    assert stored[0]["protocol"] == TRIPLET.plain()
    assert stored[0]["identity"]["protocol_hash"] == TRIPLET.fingerprint


def test_infinite_scores_are_told(triplets, make_picture, save_picture, tmp_path):
    save_picture(triplets / "sequences" / "00003" / "0001" / "im2.png", make_picture(2, 1))
    (summary,) = run([Repeat()], ["vimeo-triplet"], triplets, tmp_path)
    assert summary.scores["psnr"] == math.inf
    (note,) = [note for note in summary.notes if "infinite" in note]
    assert note.startswith("psnr is infinite on 1 items, which are exactly right; ")
    assert summary.plain()["scores"]["psnr"] == "inf"
    json.dumps(summary.plain(), allow_nan=False)


def test_progress_counts_items(x_test, tmp_path):
    seen = []
    run(
        [Average()], ["x-test"], x_test, tmp_path,
        incomplete=True, on_progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == [(7, 14), (14, 14)]


def test_changed_protocols_say_so(triplets, tmp_path):
    (summary,) = run([Watched()], [TRIPLET.replace(crop=(16, 16))], triplets, tmp_path)
    assert any("but changed: crop (16, 16)" in note for note in summary.notes)


def test_a_note_for_several_models_is_said_once(triplets, tmp_path):
    run([Repeat(), Average()], ["vimeo-triplet"], triplets, tmp_path)
    page = (tmp_path / "out" / "summary.md").read_text()
    assert page.count("the official set has 3,782 items") == 1
    assert "- vimeo-triplet, repeat, average: the official set" in page


def test_parquet_holds_the_same_or_is_missed(triplets, tmp_path):
    try:
        import pyarrow.parquet
    except ImportError:
        from vfiblocks.errors import MissingDependency

        with pytest.raises(MissingDependency, match="pip install pyarrow"):
            run([Watched()], ["vimeo-triplet"], triplets, tmp_path, parquet=True)
        assert len(lines(tmp_path)) == 4  # nothing is lost by it
        return
    run([Watched()], ["vimeo-triplet", "vimeo-triplet@ema"], triplets, tmp_path, parquet=True)
    table = pyarrow.parquet.read_table(tmp_path / "out" / "scores.parquet").to_pylist()
    assert len(table) == 6
    assert {row["protocol"] for row in table} == {"vimeo-triplet", "vimeo-triplet@ema"}
    assert {row["item"] for row in table} == {"00001/0266", "00001/0268", "00003/0001"}
