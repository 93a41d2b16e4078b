"""The Hugging Face Hub: publish a release in one commit and a tag, and fetch what is published.

The token is found by `huggingface_hub` itself (``HF_TOKEN`` or ``hf auth login``); this project
never touches it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    DatasetInfo,
    HfApi,
    SpaceInfo,
    constants,
    snapshot_download,
)
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is not its own
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import repo_folder_name

from recsys.errors import HubError, ReleaseError
from recsys.release.dataset_card import card_text
from recsys.release.log_redaction import redact_logs, without_secrets
from recsys.release.manifest import MANIFEST, Manifest, read_manifest
from recsys.release.reader import HUB_README, Release, open_release

DATASET = "dataset"
DENIED, CONFLICT = (401, 403), 412
COMMIT = re.compile(r"[0-9a-f]{40}")
TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
KEPT_BY_THE_HUB = {".gitattributes"}


@dataclass(frozen=True)
class PublishedVersion:
    """A published state of an index: its commit, and the tag or other name it goes by."""

    name: str
    commit: str

    def __str__(self) -> str:
        return self.name if self.name == self.commit else f"{self.name} ({self.commit[:7]})"


@dataclass(frozen=True)
class Visibility:
    """Who may see a new dataset repo.

    Attributes:
        public: everybody; else only its owner.
        rights: the publisher holds the rights to a catalogue not marked as redistributable.
    """

    public: bool = False
    rights: bool = False

    def check(self, licence: str) -> None:
        """Raise `ReleaseError` if everybody would see what no licence lets anyone pass on."""
        if self.public and not licence and not self.rights:
            raise ReleaseError(
                "This catalogue is not marked as redistributable, so it must not be published "
                "openly (H&M's data must stay private). Publish it to a private repo; if you hold "
                "the rights, say so with --i-have-the-rights."
            )

    def check_repo(self, repo: str, private: bool, licence: str) -> None:
        """Raise unless a repo that is there is seen by those who may, and by all who are meant to.

        Raises:
            ReleaseError: as `check`.
            HubError: the repo was private before and is to be public.
        """
        Visibility(not private, self.rights).check(licence)
        if self.public and private:
            raise HubError(
                f"{repo} is there already and private: make it public in its settings on the Hub, "
                "or leave --public out."
            )


def publish(folder: Path, repo: str, visibility: Visibility, tag: str = "") -> PublishedVersion:
    """Publish the release in ``folder`` as the dataset ``repo``: one commit, then a tag.

    Readers follow tags, so until the very last step they keep what they have. Files that the repo
    holds already are not sent again.

    Args:
        folder: a release.
        repo: ``namespace/name``; created if it is not there.
        visibility: of a new repo.
        tag: a name for what is published, by default the date and the release's checksum.

    Raises:
        ReleaseError: the folder is no whole release, or may not be published that openly.
        HubError: the Hub cannot be reached or refuses, the tag is taken, or somebody else
            published to the repo at the same time.
    """
    manifest = open_release(folder).manifest
    visibility.check(manifest.license)
    if tag and (not TAG.fullmatch(tag) or COMMIT.fullmatch(tag)):
        raise HubError(f"{tag!r} cannot be a tag: use letters, digits, '.', '_' and '-'.")
    files: dict[str, Path | bytes] = {
        **{path: folder / path for path in (*manifest.files, MANIFEST)},
        HUB_README: card_text(repo, manifest).encode(),
    }
    api = HfApi()
    with hub_errors(repo):
        api.create_repo(repo, repo_type=DATASET, private=not visibility.public, exist_ok=True)
        before = api.dataset_info(repo)
        visibility.check_repo(repo, bool(before.private), manifest.license)
        head = str(before.sha)
        if _tags(api, repo).get(tag, head) != head:
            raise HubError(f"{repo} has a tag {tag} already; choose another --tag.")
        message = f"Release {manifest.version}: {manifest.articles:,} articles"
        commit = replace_files(api, DATASET, before, files, message)
        return PublishedVersion(_tag(api, repo, commit, tag, manifest), commit)


def replace_files(
    api: HfApi,
    kind: str,
    before: DatasetInfo | SpaceInfo,
    files: Mapping[str, Path | bytes],
    message: str,
) -> str:
    """Make a repo hold these files and nothing else, in one commit, and return the commit.

    Args:
        api: the Hub's client.
        kind: ``dataset`` or ``space``.
        before: the repo as it was seen. If it has moved on since, the Hub refuses: nobody is
            overwritten unawares.
        files: what it is to hold; files it has already are not sent again.
        message: of the commit.
    """
    there = {file.rfilename for file in before.siblings or ()}
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        *(CommitOperationAdd(path, content) for path, content in files.items()),
        *(CommitOperationDelete(path) for path in sorted(there - files.keys() - KEPT_BY_THE_HUB)),
    ]
    commit = api.create_commit(
        before.id, operations, commit_message=message, repo_type=kind, parent_commit=before.sha
    )
    return str(commit.oid)


def _tag(api: HfApi, repo: str, commit: str, tag: str, manifest: Manifest) -> str:
    """Tag the commit unless it is tagged already, and return the tag's name."""
    tags = _tags(api, repo)
    if tag in tags and tags[tag] != commit:
        raise HubError(
            f"The release is in {repo}, but the tag {tag} stands on the one before it; publish "
            "again with another --tag (nothing has to be sent twice)."
        )
    named = [name for name, target in tags.items() if target == commit]
    if tag in named or (named and not tag):
        return tag or named[0]
    base = f"{datetime.now(UTC):%Y-%m-%d}-{manifest.version}"
    # The same release may have been published, replaced and published again on one day.
    again = (f"{base}-{number}" for number in range(2, len(tags) + 3))
    name = tag or next(name for name in (base, *again) if name not in tags)
    api.create_tag(repo, tag=name, revision=commit, repo_type=DATASET)
    return name


def _tags(api: HfApi, repo: str) -> dict[str, str]:
    """Return the commit of every tag."""
    refs = api.list_repo_refs(repo, repo_type=DATASET)
    return {ref.name: ref.target_commit for ref in refs.tags}


class IndexRepo:
    """A dataset repo that releases are published to, as the app sees it.

    Args:
        name: ``namespace/name``.
        revision: the tag, branch or commit to follow; by default the newest tag.
    """

    def __init__(self, name: str, revision: str = "") -> None:
        self.name, self.revision = name, revision

    def __str__(self) -> str:
        return self.name

    def newest(self) -> PublishedVersion:
        """Return what is to be served. A full commit needs no question to the Hub.

        Raises:
            HubError: the Hub cannot be reached, or there is no such repo, revision or tag.
        """
        if COMMIT.fullmatch(self.revision):
            return PublishedVersion(self.revision, self.revision)
        api = HfApi()
        with hub_errors(self.name):
            if self.revision:
                commit = api.dataset_info(self.name, revision=self.revision).sha
                return PublishedVersion(self.revision, str(commit))
            named = {commit: name for name, commit in _tags(api, self.name).items()}
            # The newest tag is the one closest to the head: its name need not tell.
            for past in api.list_repo_commits(self.name, repo_type=DATASET) if named else ():
                if past.commit_id in named:
                    return PublishedVersion(named[past.commit_id], past.commit_id)
        raise HubError(f"{self.name} has no tags; publish with build_index.py --push-to.")

    def pull(self, published: PublishedVersion) -> Release:
        """Download, verify and open a release; at once where it is in the cache.

        A snapshot that does not verify is downloaded once more, in case only the copy is damaged.

        Raises:
            HubError: it cannot be downloaded.
            ReleaseError: it is not a whole release that this app can serve.
        """
        try:
            return self._open(published, afresh=False)
        except ReleaseError:
            return self._open(published, afresh=True)

    def manifest(self, published: PublishedVersion) -> Manifest:
        """Download and return the manifest of a release, and nothing else.

        Raises:
            HubError: as `pull`.
            ReleaseError: as `pull`.
        """
        return read_manifest(self._download(published, afresh=False, only=MANIFEST))

    def cached(self) -> list[Path]:
        """Return the snapshots in the cache, whole or not, the one pulled last first."""
        folder = repo_folder_name(repo_id=self.name, repo_type=DATASET)
        manifests = (Path(constants.HF_HUB_CACHE) / folder / "snapshots").glob(f"*/{MANIFEST}")
        newest_first = sorted(manifests, key=lambda path: path.lstat().st_mtime_ns, reverse=True)
        return [path.parent for path in newest_first]

    def _open(self, published: PublishedVersion, afresh: bool) -> Release:
        # A release for another version of the app is refused before its large files are fetched.
        read_manifest(self._download(published, afresh, only=MANIFEST))
        folder = self._download(published, afresh)
        with suppress(OSError):  # a cache that cannot be written to
            os.utime(folder / MANIFEST, follow_symlinks=False)
        return open_release(folder)

    def _download(self, published: PublishedVersion, afresh: bool, only: str | None = None) -> Path:
        # Not `hf_hub_download`, even for one file: that does not list the repo's files, and where
        # the Hub will not list them later on, the client takes what it has for all there is.
        with hub_errors(self.name):
            folder = snapshot_download(
                self.name,
                repo_type=DATASET,
                revision=published.commit,
                allow_patterns=only,
                force_download=afresh,
            )
        return Path(folder)


@contextmanager
def hub_errors(repo: str) -> Iterator[None]:
    """Turn what the Hub's client raises into `HubError`, in one line that says what to do.

    Every use of the client is inside of this; it keeps secrets out of the log, too.
    """
    redact_logs()
    try:
        if "/" not in repo:  # the Hub would create it as the user's own, and not find it again
            raise HFValidationError(repo)
        yield
    except HfHubHTTPError as error:
        raise HubError(_advice(repo, error)) from error
    except HFValidationError as error:
        raise HubError(f"{repo!r} is not the name of a repo: write namespace/name.") from error
    except (OSError, HTTPError, ValueError) as error:
        # A download that fails hides what went wrong behind an error of its own.
        cause = error.__cause__ or error
        if isinstance(cause, HfHubHTTPError):
            raise HubError(_advice(repo, cause)) from error
        raise HubError(f"The Hub cannot be used for {repo}: {_line(cause)}") from error


def _advice(repo: str, error: HfHubHTTPError) -> str:
    status = error.response.status_code
    if status == CONFLICT:
        return f"Somebody else published to {repo} in the meantime. Look at it, then push again."
    if isinstance(error, RevisionNotFoundError):
        return f"{repo} has no such revision: {_line(error)}"
    if isinstance(error, RepositoryNotFoundError) or status in DENIED:
        return (
            f"{repo} is not there, or not for you (HTTP {status}). Log in with `hf auth login` or "
            "set HF_TOKEN to a token that may use it."
        )
    return f"The Hub refused (HTTP {status}) for {repo}: {_line(error)}"


def _line(error: BaseException) -> str:
    """Return the last line of an error."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return without_secrets(lines[-1])[:300]
