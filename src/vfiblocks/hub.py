"""Models on the Hugging Face Hub: the same safetensors file, and a card beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from vfiblocks import checkpoints
from vfiblocks.errors import CheckpointError, MissingDependency
from vfiblocks.interpolator import Interpolator
from vfiblocks.model_card import model_card

FILENAME = "model.safetensors"
SCHEME = "hf://"


def push_to_hub(
    model: Interpolator,
    repo_id: str,
    *,
    facts: Mapping[str, str] | None = None,
    private: bool = False,
    token: str | None = None,
    commit_message: str = "Upload a vfiblocks model",
) -> str:
    """Publish weights, spec and a model card; the repository is made if need be.

    Files of the same names in the repository are replaced, its README.md among them.

    Args:
        model: any assembled model.
        repo_id: "owner/name".
        facts: free text about the weights (training data, license, scores); goes into the file and
            onto the card.
        private: nobody else may see it. An existing public repository is refused then.
        token: with write access; the one of ``hf auth login`` if not given.
        commit_message: for the repository's history.

    Returns:
        The address to give to :func:`vfiblocks.build_model`.

    Raises:
        CheckpointError: if the Hub cannot be reached or refuses.
    """
    api = _hub().HfApi(token=token)
    _check_name(repo_id)
    with tempfile.TemporaryDirectory() as folder:
        checkpoints.save(model, Path(folder, FILENAME), facts=facts)
        card = model_card(model, repo_id, facts=facts)
        Path(folder, "README.md").write_text(card, encoding="utf-8")
        with _told_plainly(f"cannot publish {repo_id}", repo_id):
            api.create_repo(repo_id, private=private, exist_ok=True)
            seen_by_all = private and not api.model_info(repo_id).private
        if seen_by_all:  # create_repo leaves an existing repository as public as it was
            raise CheckpointError(
                f"cannot publish {repo_id}: it was to be private, but that repository exists and "
                "is public; make it private on the Hub first, or choose another name"
            )
        with _told_plainly(f"cannot publish {repo_id}", repo_id):
            api.upload_folder(repo_id=repo_id, folder_path=folder, commit_message=commit_message)
    return f"{SCHEME}{repo_id}"


def load_from_hub(
    repo_id: str,
    *,
    revision: str | None = None,
    filename: str = FILENAME,
    token: str | None = None,
    device: str | torch.device = "cpu",
    overrides: Mapping[str, Any] | None = None,
) -> Interpolator:
    """The model in a repository, with its weights; in ``eval()`` mode.

    Downloaded once, then taken from the local cache. Nothing in the file is executed.

    Args:
        repo_id: "owner/name".
        revision: branch, tag or commit; name a commit for results that are to be repeated.
        filename: a checkpoint written by :func:`vfiblocks.save`.
        token: for private repositories; the one of ``hf auth login`` if not given.
        device: where the weights go.
        overrides: changes to the spec that leave every tensor as it is.

    Raises:
        CheckpointError: if the file cannot be had, or is not one of ours.
    """
    hub = _hub()
    _check_name(repo_id)
    with _told_plainly(f"cannot load {repo_id}", repo_id, revision=revision, filename=filename):
        path = hub.hf_hub_download(repo_id, filename, revision=revision, token=token)
    try:
        return checkpoints.load(path, device=device, overrides=overrides)
    except CheckpointError as error:
        raise CheckpointError(f"{repo_id}: {error}") from error


def load_address(address: str, *, overrides: Mapping[str, Any] | None = None) -> Interpolator:
    """The model behind ``hf://owner/name`` or ``hf://owner/name@revision``.

    Args:
        address: as above.
        overrides: changes to the spec that leave every tensor as it is.

    Raises:
        CheckpointError: as :func:`load_from_hub` does, or for an address of another form.
    """
    repo_id, _, revision = address.removeprefix(SCHEME).partition("@")
    return load_from_hub(repo_id, revision=revision or None, overrides=overrides)


def _check_name(repo_id: str) -> None:
    owner, _, name = repo_id.partition("/")
    if not owner or not name or "/" in name:
        raise CheckpointError(
            f"a model on the Hub is named owner/name, got {repo_id!r}; as an address it is "
            f"{SCHEME}owner/name or {SCHEME}owner/name@revision"
        )


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingDependency(
            "models on the Hub need huggingface_hub; pip install huggingface-hub"
        ) from error
    return huggingface_hub


@contextmanager
def _told_plainly(
    what: str, repo_id: str, *, revision: str | None = None, filename: str | None = None
) -> Iterator[None]:
    """Turn whatever the Hub's client raises into one sentence."""
    from huggingface_hub.errors import EntryNotFoundError

    try:
        yield
    except (
        OSError,
        ValueError,
        RuntimeError,  # what its transfer library hf_xet raises
        EntryNotFoundError,
        *_transport_errors(),
    ) as error:
        reason = _reason(error, repo_id, revision, filename)
        raise CheckpointError(f"{what}: {reason}") from error


def _transport_errors() -> tuple[type[Exception], ...]:
    """The exceptions of the HTTP library below the Hub's client, which went through several.

    Its own error derives from that library's base class.
    """
    from huggingface_hub.errors import HfHubHTTPError

    return tuple(c for c in HfHubHTTPError.__mro__[1:] if c.__module__ != "builtins")


def _reason(error: Exception, repo_id: str, revision: str | None, filename: str | None) -> str:
    from huggingface_hub import errors

    status = _status(error)
    if isinstance(error, errors.HFValidationError):
        return "a repository is named owner/name, of letters, digits, '-', '_' and '.'"
    if isinstance(error, errors.GatedRepoError):
        return f"its owner's terms must be accepted first, at https://huggingface.co/{repo_id}"
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            "the Hub knows no such repository, or does not show it to you; check the name, or log "
            "in with `hf auth login` if it is private"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"it has no revision {revision!r}"
    if status in (401, 403) or isinstance(error, errors.LocalTokenNotFoundError):
        return "the Hub wants a token that may do this; log in with `hf auth login`, or give token="
    if isinstance(error, errors.EntryNotFoundError) and not isinstance(error, FileNotFoundError):
        return f"it has no file {filename!r}"
    if status is not None:
        return f"the Hub answered with status {status}; try again later"
    unreachable = (ConnectionError, TimeoutError, errors.LocalEntryNotFoundError)
    if isinstance(error, (*unreachable, *_transport_errors())):
        cached = " and the local cache does not have it" if filename else ""
        return f"the Hub cannot be reached{cached}; go online once, with HF_HUB_OFFLINE unset"
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _status(error: BaseException | None) -> int | None:
    """The HTTP status behind an error, which may lie some causes deep."""
    while error is not None:
        response = getattr(error, "response", None)
        if response is not None:
            return int(response.status_code)
        error = error.__cause__ or error.__context__
    return None
