"""Files are opened for what they hold, never for what they point at."""

import shutil

import pytest

from lift15.serve.kinds import picture_kind, video_kind
from vfiblocks.errors import InputError
from vfiblocks.video import open_source

pytest.importorskip("av")


def test_what_a_header_tells(clip, with_sound, pictures):
    kind = video_kind(clip)
    assert (kind.width, kind.height, kind.sound, kind.fits_mp4) == (64, 48, (), True)
    assert video_kind(with_sound("aac")).fits_mp4
    assert not video_kind(with_sound("pcm_s16le")).fits_mp4
    assert picture_kind(pictures[0]).width == 64


def test_a_list_of_other_files_is_no_video(clip):
    """FFmpeg itself would read the file that is named, which its visitor need not own."""
    playlist = clip.with_name("list.mp4")
    playlist.write_text(f"ffconcat version 1.0\nfile '{clip.name}'\n")
    with open_source(playlist) as opened:
        assert opened.info.width == 64  # so there is something to refuse
    with pytest.raises(InputError, match=r"^list\.mp4 is damaged, or not a video"):
        video_kind(playlist)


@pytest.mark.parametrize("content", [b"", b"text\n" * 100, b"#EXTM3U\n#EXTINF:1,\nclip.mp4\n"])
def test_what_is_no_video(tmp_path, content):
    (tmp_path / "in.mp4").write_bytes(content)
    with pytest.raises(InputError, match=r"^in\.mp4 is damaged, or not a video"):
        video_kind(tmp_path / "in.mp4")


def test_pictures_are_no_videos_and_the_other_way_round(clip, pictures):
    with pytest.raises(InputError, match="not a video"):
        video_kind(pictures[0])
    shutil.copy(clip, clip.with_name("clip.png"))
    with pytest.raises(InputError, match="not a picture"):
        picture_kind(clip.with_name("clip.png"))
    with pytest.raises(InputError, match=r"clip\.mp4 is not read as a picture: BMP, EXR"):
        picture_kind(clip)


def test_a_name_is_only_a_name(clip):
    odd = clip.with_name("https:%03d|'x'.mp4")
    shutil.copy(clip, odd)
    assert video_kind(odd).width == 64
