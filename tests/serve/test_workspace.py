"""Files are their visitor's own, and go away."""

import os
import stat
import time
from pathlib import Path

import pytest

from lift15.serve.workspace import Workspace
from vfiblocks.errors import InputError


def upload(workspace, visitor, name="in.mp4", hashed="ab12"):
    path = workspace.root / hashed / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"content")
    workspace.note_upload(visitor, path)
    return path


def age(path, seconds=4000):
    os.utime(path, (time.time() - seconds,) * 2)


def test_the_folder_is_closed_to_other_users(workspace):
    assert stat.S_IMODE(workspace.root.stat().st_mode) == 0o700


def test_a_visitor_reads_their_own_uploads_and_results_only(workspace):
    path = upload(workspace, "ann")
    made = workspace.new_folder("ann") / "made.mp4"
    made.touch()
    assert workspace.own("ann", [path, made]) == [path, made]
    for other in ("bob", "", "ann "):
        with pytest.raises(InputError, match=r"in\.mp4 is not here any more"):
            workspace.own(other, [path])
        assert not workspace.may_read(other, made)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../etc/passwd", "http://localhost/", "", ".", "a\0b", "~"]
)
def test_nothing_else_is_read(workspace, path):
    upload(workspace, "ann")
    assert not workspace.may_read("ann", path)


def test_dots_and_links_are_followed_to_where_they_lead(workspace):
    path = upload(workspace, "ann")
    made = workspace.new_folder("ann")
    assert workspace.may_read("ann", path.parent / ".." / path.parent.name / path.name)
    assert not workspace.may_read("ann", made / ".." / ".." / ".." / ".." / "x")
    (made / "link.mp4").symlink_to("/etc/passwd")
    assert not workspace.may_read("ann", made / "link.mp4")


def test_an_upload_elsewhere_is_not_believed(workspace, tmp_path):
    (tmp_path / "x.mp4").touch()
    workspace.note_upload("ann", tmp_path / "x.mp4")
    assert not workspace.may_read("ann", tmp_path / "x.mp4")


def test_old_files_are_swept_with_their_folders_and_young_ones_stay(workspace):
    old, young = upload(workspace, "ann", hashed="1"), upload(workspace, "ann", hashed="2")
    age(old)
    assert workspace.sweep() == 1
    assert not old.exists()
    assert young.exists()
    age(old.parent)
    workspace.sweep()
    assert not old.parent.exists()
    assert not workspace.may_read("ann", old)


def test_what_is_worked_on_stays_and_its_time_begins_anew(workspace):
    path, folder = upload(workspace, "ann"), workspace.new_folder("ann")
    (folder / ".made.partial.mp4").touch()
    with workspace.using([path, folder]):
        for each in (path, path.parent, folder / ".made.partial.mp4", folder, folder.parent):
            age(each)
        assert workspace.sweep() == 0
        assert path.exists()
        assert (folder / ".made.partial.mp4").exists()
    assert workspace.sweep() == 1  # the partial file, which nobody works on any more
    assert path.exists()
    assert folder.exists()


def test_a_folder_goes_away_if_filling_it_fails(workspace):
    with workspace.filling("ann") as folder:
        (folder / "made.mp4").touch()
    assert workspace.may_read("ann", folder / "made.mp4")
    failed = []

    def fail():
        with workspace.filling("ann") as place:
            failed.append(place)
            (place / "made.mp4").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert folder.exists()
    assert not failed[0].exists()


def test_sweeping_goes_on_in_the_background():
    with Workspace(minutes=0.01 / 60) as workspace:
        path = upload(workspace, "ann")
        age(path)
        workspace.start_sweeping()
        end = time.monotonic() + 10
        while path.exists() and time.monotonic() < end:
            time.sleep(0.01)
        assert not path.exists()


def test_everything_is_removed_at_the_end():
    with Workspace(minutes=1) as workspace:
        upload(workspace, "ann")
        root = Path(workspace.root)
    assert not root.exists()


def test_no_time_at_all_is_refused():
    with pytest.raises(InputError, match="more than 0 minutes"):
        Workspace(minutes=0)
