"""Sources written as text, and paths whose kind is plain to see."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lift15.data.sources import (
    SOURCES,
    Frames,
    Videos,
    VimeoSeptuplet,
    guess_kind,
    open_source_by_text,
    parse_data,
)
from vfiblocks.errors import DataError, UnknownComponent

Writer = Callable[..., Path]

KINDS = {
    "adobe240", "davis", "frames", "generated", "gopro", "reds", "videos", "vimeo-septuplet",
    "vimeo-triplet", "x-train",
}  # fmt: skip


def test_all_kinds_are_registered():
    assert set(SOURCES.names()) >= KINDS


@pytest.mark.parametrize("kind", sorted(KINDS - {"generated"}))
def test_every_kind_of_files_wants_a_folder_that_is_there(kind: str, tmp_path: Path):
    with pytest.raises(DataError, match=rf"'{kind}' reads from a folder; write {kind}:PATH"):
        open_source_by_text(kind)
    with pytest.raises(DataError, match=rf"{kind}:.*nowhere: there is no such folder"):
        open_source_by_text(f"{kind}:{tmp_path}/nowhere")
    with pytest.raises(DataError, match=rf"{kind}:.*: the folder is empty"):
        open_source_by_text(f"{kind}:{tmp_path}")


@pytest.mark.parametrize("kind", sorted(KINDS - {"generated"}))
def test_every_kind_can_skip_shrink_and_keep(kind: str):
    options = SOURCES.options(kind)
    assert options["skip_bad"] is False
    assert [options[name] for name in ("max_side", "scale", "cache", "cache_dir")] == [
        0,
        1.0,
        0,
        "",
    ]


def test_options_get_the_types_of_the_kind():
    text = "videos:/a b/c:d?cuts=no&cut_threshold=3&cache=1.5G&max_side=512&match=*.mp4"
    assert parse_data(text) == (
        "videos",
        "/a b/c:d",
        {
            "cuts": False,
            "cut_threshold": 3.0,
            "cache": 1_500_000_000,
            "max_side": 512,
            "match": "*.mp4",
        },
    )
    assert parse_data("generated") == ("generated", "", {})
    assert parse_data("generated?clips=2k") == ("generated", "", {"clips": 2000})
    assert parse_data("generated:?subset=none&max_motion=4").options == {
        "subset": None,
        "max_motion": 4.0,
    }


@given(st.text(alphabet="ab&=?%+# ", min_size=1, max_size=8))
def test_any_value_can_be_written(value: str):
    from urllib.parse import quote

    parsed = parse_data(f"frames:/data?scene={quote(value, safe='')}")
    assert parsed == ("frames", "/data", {"scene": value})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("videos:x?stride=2", r"'videos' has no option 'stride'; it has cuts=1, cut_threshold=2.5"),
        ("videos:x?cuts=maybe", r"option cuts of 'videos' is 1 or 0 \(yes or no\), got 'maybe'"),
        ("videos:x?cache=2T", r"option cache of 'videos' is a whole number, with k, M or G after"),
        ("videos:x?max_side=", r"option max_side of 'videos' is a whole number"),
        ("videos:x?scale=half", r"option scale of 'videos' is a number, got 'half'"),
        ("videos:x?cuts=1&cuts=0", r"is given 'cuts' twice"),
        ("videos:x?cuts=1&scale", r"needs option=value, got 'scale'"),
        ("generated?weights=1", r"option weights of 'generated' is not to be written as text"),
        ("/no/such/path", r"/no/such/path: there is no such file or folder"),
        ("", r"no data were named; write KIND:PATH with one of adobe240, "),
    ],
)
def test_mistakes_get_one_clear_line(text: str, complaint: str):
    with pytest.raises(DataError, match=complaint) as caught:
        parse_data(text)
    assert "\n" not in str(caught.value)


def test_unknown_kinds_list_what_exists():
    with pytest.raises(UnknownComponent, match=r"did you mean 'videos'\? available: adobe240, "):
        parse_data("video:/data")
    with pytest.raises(UnknownComponent, match=r"'vimeo' is neither a path nor a kind of data; k"):
        parse_data("vimeo")


def test_a_bare_path_is_taken_for_what_it_is(vimeo: Callable[..., Path], tmp_path: Path):
    root = vimeo("sep", train=["00001/0001"])
    source = open_source_by_text(str(root))
    assert isinstance(source, VimeoSeptuplet)
    assert source.notes == (f"{root} was taken for vimeo-septuplet",)
    assert open_source_by_text(f"vimeo-septuplet:{root}").notes == ()
    asked = open_source_by_text(f"{root}?max_side=12")
    assert asked.read(0, [0]).shape[-1] == 12


def test_skip_bad_reaches_the_kind(vimeo: Callable[..., Path]):
    root = vimeo("sep", train=["00001/0001", "00001/0002"])
    (root / "sequences/00001/0002/im3.png").unlink()
    with pytest.raises(DataError, match=r"1 of 2 items is bad"):
        open_source_by_text(str(root))
    assert len(open_source_by_text(str(root), skip_bad=True).problems) == 1
    with pytest.raises(DataError, match=r"1 of 2 items is bad"):
        open_source_by_text(f"{root}?skip_bad=0", skip_bad=True)
    assert open_source_by_text("generated?clips=3", skip_bad=True).clips[2].length > 3


LAYOUTS: dict[str, list[str]] = {
    "vimeo-septuplet": ["sep_testlist.txt"],
    "vimeo-triplet": ["tri_trainlist.txt", "sequences/00001/0001/im1.png"],
    "davis": ["JPEGImages/480p/bear/00000.jpg"],
    "reds": ["train/train_sharp/000/00000000.png"],
    "gopro": ["train/GOPR0372_07_00/000047.png"],
    "x-train": ["train/002/occ008.320/0000.png"],
    "frames": ["a/b/1.png", "notes.txt", ".hidden/a.mp4"],
    "videos": ["a/b/1.mkv", "a/notes.txt"],
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_kinds_are_recognised(kind: str, tmp_path: Path):
    lay_out(tmp_path, LAYOUTS[kind])
    assert guess_kind(tmp_path) == kind


def lay_out(root: Path, files: list[str]) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_doubt_is_an_error(tmp_path: Path):
    lay_out(tmp_path / "both", ["a.mp4", "frames/1.png"])
    with pytest.raises(DataError, match=r"looks like frames and like videos; say which: frames:"):
        guess_kind(tmp_path / "both")
    lay_out(tmp_path / "vimeo", ["sep_trainlist.txt", "tri_trainlist.txt"])
    with pytest.raises(DataError, match=r"looks like vimeo-septuplet and like vimeo-triplet"):
        guess_kind(tmp_path / "vimeo")
    lay_out(tmp_path / "neither", ["notes.txt"])
    with pytest.raises(DataError, match=r"not clear what kind of data .* holds notes.txt\); write"):
        guess_kind(tmp_path / "neither")
    with pytest.raises(DataError, match=r"is a file whose name is not that of a video"):
        guess_kind(tmp_path / "neither" / "notes.txt")
    (tmp_path / "void").mkdir()
    with pytest.raises(DataError, match=r"void: the folder is empty"):
        guess_kind(tmp_path / "void")


def test_a_single_video_file(tmp_path: Path, write_video: Writer, drifting: Callable[..., Any]):
    path = write_video(tmp_path / "a.mp4", drifting(4))
    assert isinstance(open_source_by_text(str(path)), Videos)
    other = path.rename(tmp_path / "b.bin")
    assert isinstance(open_source_by_text(f"videos:{other}"), Videos)


def test_a_kind_of_another_package(monkeypatch: pytest.MonkeyPatch):
    """Nothing of what is written for text is tied to our own classes."""

    def plain(root: str, *, gain: "float | None" = None, name: str = "x") -> Any:
        return root, gain, name

    monkeypatch.setattr(SOURCES, "_entries", dict(SOURCES._entries))
    SOURCES.add("plain", plain, origin="here")  # type: ignore[arg-type]
    assert parse_data("plain:/x?gain=2&name=none") == ("plain", "/x", {"gain": 2.0, "name": "none"})
    assert parse_data("plain:/x?gain=none").options == {"gain": None}


def test_a_home_folder_is_found(
    vimeo: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    vimeo("tri", train=["00001/0001"])
    monkeypatch.setenv("HOME", str(tmp_path))  # no shell does it behind a colon
    assert parse_data("vimeo-triplet:~/vimeo").root == str(tmp_path / "vimeo")
    assert parse_data("~/vimeo") == ("vimeo-triplet", str(tmp_path / "vimeo"), {})


def test_frames_is_a_kind_and_a_folder_of_that_name_is_a_path(
    tmp_path: Path, write_pictures: Writer, monkeypatch: pytest.MonkeyPatch
):
    write_pictures(tmp_path / "frames" / "a", ["1.png", "2.png", "3.png"])
    monkeypatch.chdir(tmp_path)
    assert parse_data("frames") == ("frames", "", {})
    assert isinstance(open_source_by_text("./frames"), Frames)
