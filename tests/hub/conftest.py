"""A Hub that is a folder: what the client would store and fetch, without a network."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import vfiblocks


class FolderHub:
    """Stands in for the module ``huggingface_hub``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.private: dict[str, bool] = {}
        self.calls: list[tuple] = []

    def HfApi(self, token=None):  # noqa: N802 (the client's name)
        self.calls.append(("token", token))
        return self

    def create_repo(self, repo_id, *, private, exist_ok):
        self.private.setdefault(repo_id, private)
        (self.folder / repo_id).mkdir(parents=True, exist_ok=exist_ok)

    def model_info(self, repo_id):
        return SimpleNamespace(private=self.private[repo_id])

    def upload_folder(self, *, repo_id, folder_path, commit_message):
        self.calls.append(("commit", commit_message))
        shutil.copytree(folder_path, self.folder / repo_id, dirs_exist_ok=True)

    def hf_hub_download(self, repo_id, filename, *, revision, token):
        self.calls.append(("download", revision, token))
        return str(self.folder / repo_id / filename)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    stand_in = FolderHub(tmp_path / "hub")
    monkeypatch.setattr("vfiblocks.hub._hub", lambda: stand_in)
    return stand_in


@pytest.fixture(scope="session")
def model():
    return vfiblocks.build_model("lift15-tiny").eval()
