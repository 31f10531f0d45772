"""Any folder of videos: which windows are taken, and that nothing leaks into them."""

import pytest
import torch

from lift15.evaluation.baselines import Average, Repeat
from lift15.evaluation.protocols import READERS, find_protocol
from lift15.evaluation.protocols.changes import changed, parse_changes
from lift15.evaluation.protocols.reading import read_benchmark
from lift15.evaluation.runner import Run, evaluate
from vfiblocks.errors import DataError, InputError

av = pytest.importorskip("av")
pytest.importorskip("scenedetect")

COUNTS = {"a.mkv": 40, "below/b.mkv": 20, "short.mkv": 9}


def write(path, frames, rate=25):
    from vfiblocks.video import write_video

    path.parent.mkdir(parents=True, exist_ok=True)
    return write_video(path, frames, rate=rate, codec="ffv1")


def moving(make_picture, count, seed=0):
    pictures = [make_picture(seed, k, 48, 64) for k in range(count)]
    return torch.stack([torch.from_numpy(p).permute(2, 0, 1).float() / 255 for p in pictures])


@pytest.fixture(autouse=True)
def _index_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def videos(tmp_path, make_picture):
    root = tmp_path / "videos"
    for seed, (name, count) in enumerate(COUNTS.items()):
        write(root / name, moving(make_picture, count, seed))
    return root


def numbers(refs):
    return [ref and ref.frame for ref in refs]


def test_fifteen_frames_with_a_hole(videos):
    found = READERS.get("clips")(videos, layout="hole", left=8, right=6, windows=6)
    assert {item.scene for item in found.items} == {"a.mkv", "below/b.mkv"}
    targets = [item.target.frame for item in found.items if item.scene == "a.mkv"]
    assert targets == [8, 13, 18, 23, 28, 33]  # the first and the last possible, evenly spread
    assert len([item for item in found.items if item.scene == "below/b.mkv"]) == 6
    first = found.items[0]
    assert numbers(first.before)[:8] == [7, 6, 5, 4, 3, 2, 1, 0]
    assert numbers(first.after)[:6] == [9, 10, 11, 12, 13, 14]
    assert first.layout == "hole"
    assert first.window(8, 6).shifted(8.0).positions == tuple(k for k in range(15) if k != 8)
    assert "1 clips are shorter than the 15 frames that a window spans: short.mkv" in found.notes
    assert not found.missing


def test_the_same_with_even_gaps_spans_twice_as_much(videos):
    found = READERS.get("clips")(videos, layout="even", left=8, right=6, windows=3)
    assert {item.scene for item in found.items} == {"a.mkv"}
    first, *_, last = found.items
    assert numbers(first.before)[:8] == [14, 12, 10, 8, 6, 4, 2, 0]
    assert numbers(first.after)[:6] == [16, 18, 20, 22, 24, 26]
    assert last.target.frame == 28  # 28 + 11 is the last frame
    assert first.layout == "even"
    assert first.window(8, 6).positions[7:9] == (-1.0, 1.0)


def test_two_layouts_with_the_same_targets(videos):
    reader = READERS.get("clips")
    even = reader(videos, layout="even")
    hole = reader(videos, layout="hole", before=15, after=11)
    assert [item.name for item in even.items] == [item.name for item in hole.items]
    assert [item.target for item in even.items] == [item.target for item in hole.items]
    for one, other in zip(even.items, hole.items, strict=True):
        assert (one.before[0], one.after[0]) == (other.before[0], other.after[0])


def test_strides_counts_and_lists(videos, tmp_path):
    reader = READERS.get("clips")
    all_of_them = reader(videos, layout="hole", windows=1000)
    assert len(all_of_them.items) == (40 - 14) + (20 - 14)
    every_fifth = reader(videos, layout="hole", windows=1000, stride=5)
    assert [i.target.frame for i in every_fifth.items[:6]] == [8, 13, 18, 23, 28, 33]
    one = reader(videos, layout="hole", windows=1)
    assert [i.target.frame for i in one.items] == [21, 11]
    (tmp_path / "list.txt").write_text("below/b.mkv\n")
    listed = reader(videos, layout="hole", list=str(tmp_path / "list.txt"))
    assert {item.scene for item in listed.items} == {"below/b.mkv"}
    with pytest.raises(InputError, match="layout is 'hole' or 'even'"):
        reader(videos, layout="odd")
    with pytest.raises(InputError, match="are 1 or more"):
        reader(videos, layout="hole", windows=0)


def test_no_window_lies_across_a_cut_or_a_repeat(tmp_path, make_picture):
    root = tmp_path / "videos"
    beach, street = moving(make_picture, 20), 1 - moving(make_picture, 20, 5)
    write(root / "cut.mkv", torch.cat([beach, street]))
    clip = moving(make_picture, 30)
    write(root / "repeat.mkv", torch.cat([clip[:10], clip[9:]]))
    found = READERS.get("clips")(root, layout="hole", left=3, right=3, windows=1000)
    # Frame numbers here count within the part between two cuts, named by its frames
    spans = {"cut.mkv": set(), "repeat.mkv": set()}
    for item in found.items:
        part = item.name.partition("@")[0].partition("#")[2]
        start = int(part.partition("-")[0])
        refs = [*item.before[:3], *item.after[:3]]
        spans[item.scene].add(frozenset(start + ref.frame for ref in refs))
    assert spans["cut.mkv"]
    assert all(max(span) < 20 or min(span) >= 20 for span in spans["cut.mkv"])
    assert spans["repeat.mkv"]
    assert all(max(span) < 10 or min(span) > 10 for span in spans["repeat.mkv"])


def test_numbers_are_those_of_the_frames_themselves(videos, make_picture, slow, tmp_path):
    protocol = changed(find_protocol("clips"), {"crop": None, "windows": 3})
    summaries = evaluate([Repeat(), Average()], [protocol], videos, Run(output=tmp_path / "out"))
    assert [summary.items for summary in summaries] == [6, 6]
    scenes = {}
    for item in read_benchmark(protocol, videos).items:
        seed = list(COUNTS).index(item.scene)
        frames = [make_picture(seed, item.target.frame + k, 48, 64) / 255.0 for k in (-1, 0)]
        scenes.setdefault(seed, []).append(slow.psnr(*frames))
    expected = sum(sum(values) / len(values) for values in scenes.values()) / len(scenes)
    # Through YUV and back a level changes here and there
    assert summaries[0].scores["psnr"] == pytest.approx(expected, abs=0.1)
    assert summaries[1].scores["psnr"] > summaries[0].scores["psnr"]


def test_small_pictures_are_left_as_they_are_and_large_ones_cut(videos, tmp_path):
    from lift15.evaluation.protocols.pictures import prepared

    protocol = find_protocol("clips")
    benchmark = read_benchmark(protocol, videos)
    item = benchmark.items[0]
    picture, target = benchmark.read([item.before[0], item.target])
    assert picture.shape == (3, 48, 64)
    assert prepared(picture, protocol).shape == (3, 48, 64)
    large = torch.arange(3 * 300 * 440, dtype=torch.int64).reshape(3, 300, 440).byte()
    assert torch.equal(prepared(large, protocol), large[:, 22:278, :])
    assert not torch.equal(picture, target)


def test_videos_that_cannot_be_read(videos, tmp_path):
    (videos / "broken.mp4").write_bytes(b"no video" * 100)
    protocol = find_protocol("clips")
    with pytest.raises(DataError, match=r"1 of 13 items are bad: broken\.mp4"):
        read_benchmark(protocol, videos)
    assert len(read_benchmark(protocol, videos, incomplete=True).items) == 12
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="the folder is empty"):
        read_benchmark(protocol, tmp_path / "empty")
    with pytest.raises(DataError, match=r"nothing to measure; .* shorter than the 107 frames"):
        read_benchmark(changed(protocol, {"left": 100}), videos, incomplete=True)


def test_folders_of_pictures_are_clips_as_well(davis):
    root = davis / "JPEGImages" / "480p"
    options = {"layout": "even", "left": 1, "right": 1, "windows": 2, "source": "frames"}
    found = READERS.get("clips")(root, **options)
    assert [item.name for item in found.items] == [
        "bear@00001", "bear@00007", "bmx-trees@00001", "bmx-trees@00011",
    ]  # fmt: skip
    assert found.read([found.items[0].target])[0].shape == (3, 24, 32)


def test_changes_from_a_command_line():
    protocol = find_protocol("clips")
    new = changed(
        protocol, parse_changes(["layout=even", "left=4", "crop=none"]), measures=["psnr-y"]
    )
    assert new.reader.options == {"layout": "even", "left": 4}
    assert new.crop is None
    assert [measure.name for measure in new.measures][-1] == "psnr-y"
    assert changed(protocol, {}, measures=["psnr"]).measures == protocol.measures
    with pytest.raises(InputError, match="has nothing called 'colour' to change; it has layout"):
        changed(protocol, {"colour": 1})
    with pytest.raises(InputError, match="crop is height x width"):
        changed(protocol, {"crop": 7})
    for wrong in ("windows", "=3"):
        with pytest.raises(InputError, match="KEY=VALUE"):
            parse_changes([wrong])
