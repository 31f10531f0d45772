"""Zips and folders as the authors hand them out: one file is read, the rest is not looked at."""

import hashlib
import io
import zipfile

import pytest
import torch

from lift15.rife import sources
from lift15.rife.sources import read_source
from vfiblocks.errors import CheckpointError


def saved(number):
    buffer = io.BytesIO()
    torch.save({"a": torch.full((2,), float(number))}, buffer)
    return buffer.getvalue()


WEIGHTS = saved(1)


@pytest.fixture
def pack(tmp_path):
    """Make a zip of named contents."""

    def make(files, *, name="RIFE.zip", compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", compression) as archive:
            for member, content in files.items():
                archive.writestr(member, content)
        return path

    return make


def test_the_weights_of_a_zip_are_read_and_its_code_is_not(pack, tmp_path, monkeypatch):
    marker = tmp_path / "ran"
    monkeypatch.chdir(tmp_path)
    code = f"open({str(marker)!r}, 'w').close()\n"
    names = ("train_log/RIFE_HDv3.py", "train_log/__init__.py", "flownet.py", "torch.py")
    path = pack({**dict.fromkeys(names, code), "train_log/flownet.pkl": WEIGHTS})
    source = read_source(path)
    assert torch.equal(source.tensors["a"], torch.ones(2))
    assert (source.file, source.member) == ("RIFE.zip", "train_log/flownet.pkl")
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(tmp_path.iterdir()) == [path]


def test_copies_of_file_attributes_are_passed_over(pack):
    path = pack({"__MACOSX/train_log/._flownet.pkl": b"\x00\x05", "train_log/flownet.pkl": WEIGHTS})
    assert read_source(path).member == "train_log/flownet.pkl"


def test_a_torch_file_is_a_zip_and_not_an_archive(tmp_path):
    path = tmp_path / "flownet.zip"
    path.write_bytes(WEIGHTS)
    assert read_source(path).member is None


def test_of_several_files_one_is_chosen(pack):
    path = pack({"a/flownet.pkl": saved(1), "b/flownet.pkl": saved(2), "b/unet.pth": saved(3)})
    with pytest.raises(CheckpointError, match=r"several .*a/flownet\.pkl, b/flownet\.pkl, b/unet"):
        read_source(path)
    assert read_source(path, member="b/flownet.pkl").tensors["a"][0] == 2
    assert read_source(path, member="unet.pth").tensors["a"][0] == 3
    with pytest.raises(CheckpointError, match=r"has several flownet\.pkl"):
        read_source(path, member="flownet.pkl")
    with pytest.raises(CheckpointError, match=r"has no other\.pkl"):
        read_source(path, member="other.pkl")


def test_a_zip_without_weights(pack):
    with pytest.raises(CheckpointError, match=r"holds no file that ends in \.pkl, \.pth"):
        read_source(pack({"README.md": "hello"}))


def test_a_member_of_absurd_size(pack, monkeypatch):
    monkeypatch.setattr(sources, "LIMIT", 1000)
    path = pack({"flownet.pkl": bytes(100_000)})
    assert path.stat().st_size < 1000
    with pytest.raises(CheckpointError, match="would unpack to 100,000 bytes, more than the 1,000"):
        read_source(path)


def test_a_zip_cut_short_or_damaged(pack):
    path = pack({"flownet.pkl": WEIGHTS}, compression=zipfile.ZIP_STORED)
    whole = bytearray(path.read_bytes())
    whole[200] ^= 1
    for content in (whole, whole[:-30], whole[:100]):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"damaged.*; download it again"):
            read_source(path)


def test_unusual_packing(pack):
    path = pack({"flownet.pkl": WEIGHTS}, compression=zipfile.ZIP_BZIP2)
    with pytest.raises(CheckpointError, match="is packed by an unusual method"):
        read_source(path)


def test_names_that_cannot_be_read(pack):
    path = pack({"fløwnet.pkl": WEIGHTS})
    path.write_bytes(path.read_bytes().replace("ø".encode(), b"\xff\xff"))
    with pytest.raises(CheckpointError, match="is cut short or damaged"):
        read_source(path)


def test_an_encrypted_member(pack):
    path = pack({"flownet.pkl": WEIGHTS}, compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(b"flownet.pkl") - 30 if flags == 6 else content.rindex(header)
        content[at + flags] |= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is encrypted; unpack it yourself"):
        read_source(path)


@pytest.mark.parametrize("inside", ["", "train_log"])
def test_a_folder(tmp_path, inside):
    folder = tmp_path / inside
    folder.mkdir(exist_ok=True)
    (folder / "flownet.pkl").write_bytes(WEIGHTS)
    (folder / "RIFE_HDv3.py").write_text("raise SystemExit")
    source = read_source(tmp_path)
    assert (source.file, source.member) == ("flownet.pkl", None)
    assert source.sha256 == hashlib.sha256(WEIGHTS).hexdigest()
    (folder / "other.pkl").write_bytes(saved(2))
    with pytest.raises(CheckpointError, match="choose one with --member"):
        read_source(tmp_path)
    assert read_source(tmp_path, member="other.pkl").tensors["a"][0] == 2


def test_what_is_not_there(tmp_path):
    with pytest.raises(CheckpointError, match="no file"):
        read_source(tmp_path / "flownet.pkl")
    with pytest.raises(CheckpointError, match="holds no file that ends in"):
        read_source(tmp_path)


def test_a_single_file_has_no_members(tmp_path):
    (tmp_path / "flownet.pkl").write_bytes(WEIGHTS)
    with pytest.raises(CheckpointError, match=r"is one file, so there is no unet\.pkl"):
        read_source(tmp_path / "flownet.pkl", member="unet.pkl")
