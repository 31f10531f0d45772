"""What the readers find in the official layouts: inputs, targets, times, scenes, context."""

import shutil

import pytest

from lift15.evaluation.items import EVEN, HOLE
from lift15.evaluation.protocols import PROTOCOLS, READERS, find_protocol
from lift15.evaluation.protocols.reading import read_benchmark
from vfiblocks.errors import DataError, InputError


def items_of(reader, root, **options):
    return READERS.get(reader)(root, **options).items


def stems(refs):
    return [ref and ref.path.stem for ref in refs]


def frames_of(item):
    """Stems of all frames, in order of time, with the target in brackets."""
    return [*stems(reversed(item.before)), f"[{item.target.path.stem}]", *stems(item.after)]


def test_vimeo_triplets_in_both_downloads(triplets):
    items = items_of("vimeo", triplets, layout="triplet")
    assert [item.name for item in items] == ["00001/0266", "00001/0268", "00003/0001"]
    assert [item.scene for item in items] == ["00001", "00001", "00003"]
    assert frames_of(items[0]) == ["im1", "[im2]", "im3"]
    assert items[0].target.path.parent.name == "0266"
    # The test-only zip
    (triplets / "sequences").rename(triplets / "target")
    assert frames_of(items_of("vimeo", triplets, layout="triplet")[2]) == ["im1", "[im2]", "im3"]


def test_vimeo_septuplets_three_ways(septuplets):
    even, *_ = items_of("vimeo", septuplets, layout="even")
    assert (frames_of(even), even.step, even.time) == (
        ["im1", "im3", "[im4]", "im5", "im7"],
        EVEN,
        0.5,
    )
    hole, *_ = items_of("vimeo", septuplets, layout="hole")
    assert (frames_of(hole), hole.step) == (
        ["im1", "im2", "im3", "[im4]", "im5", "im6", "im7"],
        HOLE,
    )
    ends = items_of("vimeo", septuplets, layout="ends")
    assert len(ends) == 15
    assert [item.target.path.stem for item in ends[:5]] == ["im2", "im3", "im4", "im5", "im6"]
    assert [item.time for item in ends[:5]] == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])
    assert {tuple(stems(item.before + item.after)) for item in ends} == {("im1", "im7")}
    assert len({item.name for item in ends}) == 15


def test_vimeo_keeps_every_so_manieth_clip(septuplets):
    kept = items_of("vimeo", septuplets, layout="even", every=2)
    assert [item.name for item in kept] == ["00001/0266", "00005/0011"]


def test_ucf101_and_its_namesake(ucf, ucf_qvi):
    items = items_of("ucf101", ucf, layout="dvf")
    assert [item.name for item in items] == ["1", "11", "2"]
    assert frames_of(items[0]) == ["frame_00", "[frame_01_gt]", "frame_02"]
    five, *_ = items_of("ucf101", ucf_qvi, layout="qvi")
    assert frames_of(five) == ["frame0", "frame1", "[framet]", "frame2", "frame3"]
    assert five.step == EVEN


@pytest.mark.parametrize(
    ("level", "gap", "reach"), [("easy", 1, 4), ("medium", 2, 2), ("hard", 4, 1), ("extreme", 8, 1)]
)
def test_snu_film_levels_and_what_lies_further_out(snu, level, gap, reach):
    items = items_of("snu-film", snu, level=level)
    first = items[0]  # its target is frame 8
    assert first.scene == "GOPR0384_11_00"
    assert first.name == "GOPRO_test/GOPR0384_11_00/000008.png"
    assert first.target.path.name == "000008.png"
    assert stems(first.before) == [f"{8 - gap * k:06}" for k in range(1, 2 * reach, 2)]
    assert stems(first.after)[:2] == [f"{8 + gap:06}", f"{8 + 3 * gap:06}"]
    second_folder = items[2]
    assert second_folder.target.path.name == "00008.png"  # as many digits as the list has
    assert {item.layout for item in items} == {"even"}


def lines_as(snu, write):
    """Rewrite the hard list, path by path."""
    path = snu / "test-hard.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(" ".join(write(word) for word in line.split()) for line in lines))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.removeprefix("data/SNU-FILM/"),  # joined to the root
        lambda path: "/".join(path.split("/")[-3:]),  # three components
        lambda path: "/home/somebody/SNU-FILM/" + path.removeprefix("data/SNU-FILM/"),
        lambda path: path.replace("/", "\\") + " ",
        lambda path: "./" + path,
    ],
)
def test_snu_film_lists_in_all_forms(snu, write):
    usual = items_of("snu-film", snu, level="hard")
    lines_as(snu, write)
    found = items_of("snu-film", snu, level="hard")
    assert [item.target for item in found] == [item.target for item in usual]
    assert [item.name for item in found] == [item.name for item in usual]


def test_snu_film_lists_opened_from_the_working_folder(snu, tmp_path, monkeypatch):
    """As CAIN does: the lists lie elsewhere, and their paths hold from where one is."""
    work = tmp_path / "CAIN"
    (work / "data").mkdir(parents=True)
    (snu / "eval_modes").mkdir()
    (snu / "test-hard.txt").rename(snu / "eval_modes" / "test-hard.txt")
    shutil.move(snu / "test", tmp_path / "frames")
    (work / "data" / "SNU-FILM").mkdir()
    (tmp_path / "frames").rename(work / "data" / "SNU-FILM" / "test")
    monkeypatch.chdir(work)
    items = items_of("snu-film", snu, level="hard")
    assert len(items) == 4
    assert items[0].target.path.exists()


def test_snu_film_with_four_inputs_leaves_out_what_lacks_them_and_says_so(snu):
    four = READERS.get("snu-film")(snu, level="hard", needs=2)
    # Target 8 has 4 before it and would need -4; target 20 has 8 and 32
    assert [item.target.path.stem for item in four.items] == ["000020", "00020"]
    assert four.notes == ("2 of 4 items without 2 frames on each side are left out",)
    assert not four.missing


def test_davis_windows_of_seven(davis):
    items = items_of("davis", davis)
    assert [item.name for item in items] == [
        "bear/00003",
        "bear/00005",
        "bmx-trees/00003",
        "bmx-trees/00005",
        "bmx-trees/00007",
        "bmx-trees/00009",
    ]
    # Of nine frames, 0 to 8
    expected = ["00000", "00002", "00004", "[00005]", "00006", "00008"]
    assert frames_of(items[1]) == expected
    # The root may be the folder of sequences itself
    inside = items_of("davis", davis / "JPEGImages" / "480p")
    assert [item.name for item in inside] == [item.name for item in items]


def test_a_gap_in_the_numbers_shifts_no_frame(davis):
    """A listing would take the frame after the gap for the one before it."""
    (davis / "JPEGImages" / "480p" / "bmx-trees" / "00007.jpg").unlink()
    found = READERS.get("davis")(davis)
    assert [str(problem) for problem in found.missing] == ["bmx-trees/00007: no 00007.jpg"]
    nine = found.items[-1]
    assert frames_of(nine)[-3:] == ["[00009]", "00010", "00012"]


def test_middlebury_with_and_without_the_frames_further_out(middlebury):
    items = {item.name: item for item in items_of("middlebury", middlebury)}
    assert len(items) == 12
    assert frames_of(items["Beanbags"]) == ["frame10", "[frame10i11]", "frame11"]
    whole = ["frame07", "frame08", "frame09", "frame10", "[frame10i11]"]
    whole += ["frame11", "frame12", "frame13", "frame14"]
    assert frames_of(items["Dimetrodon"]) == whole


def test_xiph_in_one_folder_and_in_eight(xiph):
    items = items_of("xiph", xiph)
    assert len(items) == 8 * 49
    assert [item.name for item in items[:2]] == ["BoxingPractice/002", "BoxingPractice/004"]
    assert stems(items[1].before) == ["BoxingPractice-003", "BoxingPractice-001"]
    assert items[48].target.path.stem.endswith("098")
    assert stems(items[48].after) == ["BoxingPractice-099"]
    for path in list(xiph.glob("Tango-*.png")):
        (xiph / "Tango").mkdir(exist_ok=True)
        path.rename(xiph / "Tango" / path.name.removeprefix("Tango-"))
    again = items_of("xiph", xiph)
    assert [item.name for item in again] == [item.name for item in items]
    assert again[-1].target.path.parts[-2:] == ("Tango", "098.png")


def test_x_test_makes_seven_of_each_scene(x_test):
    items = items_of("x-test", x_test)
    assert len(items) == 14
    assert [item.target.path.stem for item in items[:7]] == [f"{k:04}" for k in range(4, 32, 4)]
    assert [item.time for item in items[:7]] == [k / 8 for k in range(1, 8)]
    assert {tuple(stems(item.before + item.after)) for item in items} == {("0000", "0032")}
    assert items[0].scene == "Type1/TEST01_003_f0433"
    assert [i.name for i in items_of("x-test", x_test.parent)] == [item.name for item in items]
    middle = items_of("x-test", x_test, parts=2)
    assert [item.target.path.stem for item in middle] == ["0016", "0016"]


ROOTS = {
    "vimeo-triplet": "triplets",
    "vimeo-septuplet": "septuplets",
    "ucf101": "ucf",
    "ucf101-qvi": "ucf_qvi",
    "snu-film-hard": "snu",
    "davis": "davis",
    "middlebury": "middlebury",
    "xiph-2k": "xiph",
    "x-test": "x_test",
}


@pytest.mark.parametrize("name", ROOTS)
def test_a_wrong_root_says_what_was_expected_and_what_is_there(name, tmp_path, request):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "beach.jpg").write_bytes(b"x")
    with pytest.raises(DataError) as caught:
        read_benchmark(find_protocol(name), tmp_path / "holiday")
    assert "expected" in str(caught.value)
    assert "the folder holds beach.jpg" in str(caught.value)
    with pytest.raises(DataError, match="there is no such folder"):
        read_benchmark(find_protocol(name), tmp_path / "nowhere")


@pytest.mark.parametrize("name", [name for name in ROOTS if name != "x-test"])
def test_the_folder_around_the_root_is_recognised(name, request):
    root = request.getfixturevalue(ROOTS[name])
    with pytest.raises(DataError) as caught:
        read_benchmark(find_protocol(name), root.parent)
    assert f"did you mean {root}?" in str(caught.value)


@pytest.mark.parametrize("name", ROOTS)
def test_half_a_download_is_refused_with_names_and_numbers(name, request):
    root = request.getfixturevalue(ROOTS[name])
    protocol = find_protocol(name)
    whole = read_benchmark(protocol, root, incomplete=True)
    victims = [whole.items[0], whole.items[-1]]
    victims[0].target.path.unlink()
    victims[1].after[0].path.write_bytes(b"")  # begun and never filled
    with pytest.raises(DataError) as caught:
        read_benchmark(protocol, root)
    message = str(caught.value)
    assert f"no {victims[0].target.path.name}" in message
    lost = read_benchmark(protocol, root, incomplete=True)
    count = len(lost.missing)
    assert {victim.name for victim in victims} <= {problem.item for problem in lost.missing}
    assert all(str(problem) in message for problem in lost.missing[:5])
    assert ("and 1 more" in message) == (count == 6)
    assert f"{count} of {len(whole.items):,} items are bad" in message
    assert f"measure the other {len(lost.items):,} with --incomplete" in message
    assert {item.name for item in lost.items} | {gone.item for gone in lost.missing} == {
        item.name for item in whole.items
    }
    assert lost.fingerprint == whole.fingerprint  # the benchmark is the same one


def test_sets_without_a_list_are_counted(ucf, x_test, davis):
    for name, root, found in (
        ("ucf101", ucf, "3 of 379 clips"),
        ("davis", davis, "2 of 90 sequences"),
        ("x-test", x_test, "2 of 15 scenes"),
    ):
        with pytest.raises(DataError, match=f"only {found} are there"):
            read_benchmark(find_protocol(name), root)


def test_missing_and_empty_list_files(triplets):
    protocol = find_protocol("vimeo-triplet")
    (triplets / "tri_testlist.txt").write_text("\n\n")
    with pytest.raises(DataError, match=r"tri_testlist\.txt: the list file is empty"):
        read_benchmark(protocol, triplets)
    (triplets / "tri_testlist.txt").unlink()
    with pytest.raises(DataError, match=r"tri_testlist\.txt is missing; the folder holds"):
        read_benchmark(protocol, triplets)
    (triplets / "tri_testlist.txt").write_text("00001\n")
    with pytest.raises(DataError, match="names clips such as 00001/0266, got '00001'"):
        read_benchmark(protocol, triplets)
    (triplets / "tri_testlist.txt").write_text("../secret\n")
    with pytest.raises(DataError, match="no path inside"):
        read_benchmark(protocol, triplets)


def test_a_list_without_its_frames(triplets):
    shutil.rmtree(triplets / "sequences")
    with pytest.raises(DataError, match="no folder sequences/ or target/ beside it"):
        read_benchmark(find_protocol("vimeo-triplet"), triplets)


@pytest.mark.parametrize(
    "line",
    ["a/1.png a/2.png", "a/1.png a/2.png a/4.png", "a/x.png a/y.png a/z.png", "3.png 2.png 1.png"],
)
def test_lines_of_snu_film_that_are_none(snu, line):
    (snu / "test-hard.txt").write_text(line)
    with pytest.raises(DataError, match="a line is three paths to numbered frames") as caught:
        read_benchmark(find_protocol("snu-film-hard"), snu)
    assert line in str(caught.value)


def test_readers_refuse_options_they_do_not_know(triplets):
    with pytest.raises(InputError, match="layout is one of triplet, even, hole, ends"):
        READERS.get("vimeo")(triplets, layout="odd")
    protocol = find_protocol("vimeo-triplet")
    wrong = protocol.replace(reader=protocol.reader.replace(colour="red"))
    with pytest.raises(InputError, match="reader 'vimeo' has no option 'colour'; it has layout"):
        read_benchmark(wrong, triplets)


@pytest.mark.parametrize("name", PROTOCOLS.names())
def test_every_protocol_names_a_reader_and_measures_that_exist(name):
    from lift15.evaluation.protocols.pictures import Scorer

    protocol = find_protocol(name)
    assert protocol.name == name
    assert protocol.description
    known = READERS.options(protocol.reader.name)
    assert set(protocol.reader.options) <= set(known)
    assert Scorer(protocol).names == tuple(measure.name for measure in protocol.measures)


def test_fingerprints_tell_protocols_apart_and_predictions_together():
    protocols = [find_protocol(name) for name in PROTOCOLS.names()]
    assert len({protocol.fingerprint for protocol in protocols}) == len(protocols)
    base, ema, flip = (
        find_protocol(f"vimeo-triplet{suffix}") for suffix in ("", "@ema", "@ema-tta")
    )
    assert base.question == ema.question != flip.question
    assert base.replace(description="other words").fingerprint == base.fingerprint
