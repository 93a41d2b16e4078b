"""The Hugging Face Hub: publish a release in one commit and a tag, and download published ones.

The token is found by `huggingface_hub` itself (``HF_TOKEN`` or ``hf auth login``); this project
never touches it.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
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
    scan_cache_dir,
    snapshot_download,
)
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is not its own
    CacheNotFound,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import repo_folder_name

from recsys.catalog.privacy import FEWEST_SHOPPERS, FEWEST_WHEN_PUBLIC
from recsys.errors import HubError, ReleaseError
from recsys.release.dataset_card import card_text
from recsys.release.files import HUB_README
from recsys.release.log_redaction import redact_logs, without_secrets
from recsys.release.manifest import MANIFEST, Manifest, file_records, read_manifest
from recsys.release.reader import open_release

DATASET = "dataset"
DENIED, CONFLICT = (401, 403), 412
"""HTTP statuses: without permission, and with a parent commit that is not the head any more."""

COMMIT = re.compile(r"[0-9a-f]{40}")
TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
KEPT_BY_THE_HUB = {".gitattributes"}
"""Files that the Hub itself adds to a repo."""

TRIED_TAGS = 5
"""Newest tags of which an app serves the first good one: one bad release, or a few in a row."""


@dataclass(frozen=True)
class PublishedVersion:
    """A published release: its commit, and the tag, branch or commit it was found by."""

    name: str
    commit: str

    def __str__(self) -> str:
        return self.name if self.name == self.commit else f"{self.name} ({self.commit[:7]})"


@dataclass(frozen=True)
class Visibility:
    """Who may see a new repo.

    Attributes:
        public: everybody; otherwise only its owner.
        rights: the publisher holds the rights to a catalogue not marked as redistributable.
    """

    public: bool = False
    rights: bool = False

    def check(self, license_id: str, fewest_shoppers: int) -> None:
        """Raise `ReleaseError` if what must stay private would become public.

        Args:
            license_id: of the catalogue; without one only ``rights`` make it public.
            fewest_shoppers: those of the manifest.
        """
        if self.public and fewest_shoppers < FEWEST_WHEN_PUBLIC:
            raise ReleaseError(
                f"Figures of fewer than {FEWEST_WHEN_PUBLIC} shoppers must not be public, and this "
                f"release has some of {fewest_shoppers}. Build it again with --fewest-shoppers "
                f"{FEWEST_SHOPPERS}, or publish it to a private repo."
            )
        if self.public and not license_id and not self.rights:
            raise ReleaseError(
                "This catalogue is not marked as redistributable, so it must not be public "
                "(H&M's data must stay private). Publish it to a private repo, or add "
                "--i-have-the-rights if you hold the rights."
            )

    def check_repo(self, repo: str, private: bool, manifest: Manifest) -> None:
        """Check the visibility of a repo that exists already.

        Raises:
            ReleaseError: it is public and the release must not be.
            HubError: it is private and should be public.
        """
        Visibility(not private, self.rights).check(manifest.license, manifest.fewest_shoppers)
        if self.public and private:
            raise HubError(
                f"{repo} exists and is private: make it public in its settings on the Hub, "
                "or leave out --public."
            )


def publish(folder: Path, repo: str, visibility: Visibility, tag: str = "") -> PublishedVersion:
    """Publish the release in ``folder`` as the dataset ``repo``: one commit, then a tag.

    Apps follow tags, so until the last step they keep their release. Files that the repo has
    already are not sent again.

    Args:
        folder: a release.
        repo: ``namespace/name``; created if it does not exist.
        visibility: of a new repo.
        tag: for the release, by default the date and the release version.

    Raises:
        ReleaseError: the folder is not a complete release, or must not be public.
        HubError: the Hub cannot be reached or refuses, the tag is taken, or somebody else
            published to the repo at the same time.
    """
    manifest = open_release(folder).manifest
    visibility.check(manifest.license, manifest.fewest_shoppers)
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
        visibility.check_repo(repo, bool(before.private), manifest)
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
    """Replace all files of a repo in one commit, and return the commit.

    Args:
        api: the Hub's client.
        kind: ``dataset`` or ``space``.
        before: the repo as it was read. If it has changed since, the Hub refuses the commit, so
            that nobody's work is overwritten.
        files: the new files by path; files that the repo has already are not sent again.
        message: of the commit.
    """
    present = {file.rfilename for file in before.siblings or ()}
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        *(CommitOperationAdd(path, content) for path, content in files.items()),
        *(CommitOperationDelete(path) for path in sorted(present - files.keys() - KEPT_BY_THE_HUB)),
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
            f"The release is in {repo}, but the tag {tag} belongs to the release before it; "
            "publish again with another --tag (no file will be sent again)."
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
        pinned: the tag, branch or commit to keep to; by default the newest tag.
    """

    def __init__(self, name: str, pinned: str = "") -> None:
        self.name, self.pinned = name, pinned

    def __str__(self) -> str:
        return self.name

    def newest(self) -> PublishedVersion:
        """Return the pinned or the newest version.

        Raises:
            HubError: as `versions`.
        """
        return self.versions()[0]

    def versions(self) -> list[PublishedVersion]:
        """Return the versions to serve: the pinned one, or the `TRIED_TAGS` newest, newest first.

        A pinned full commit takes no request.

        Raises:
            HubError: the Hub cannot be reached, or the repo, tag, branch or commit does not exist.
        """
        if COMMIT.fullmatch(self.pinned):
            return [PublishedVersion(self.pinned, self.pinned)]
        api = HfApi()
        with hub_errors(self.name):
            if self.pinned:
                commit = api.dataset_info(self.name, revision=self.pinned).sha
                return [PublishedVersion(self.pinned, str(commit))]
            named = {commit: name for name, commit in _tags(api, self.name).items()}
            # The newest tag is the one closest to the head, whatever its name.
            past = api.list_repo_commits(self.name, repo_type=DATASET) if named else []
        commits = [each.commit_id for each in past if each.commit_id in named]
        if not commits:
            raise HubError(f"{self.name} has no tags; publish with build_index.py --push-to.")
        return [PublishedVersion(named[commit], commit) for commit in commits[:TRIED_TAGS]]

    def pull(self, published: PublishedVersion) -> Path:
        """Return the folder of a release, downloaded unless it is in the cache.

        If files do not match the manifest, all are downloaded once more: the cache may be damaged.
        Nothing else is verified here.

        Raises:
            HubError: it cannot be downloaded.
            ReleaseError: its manifest cannot be read, or is of another schema.
        """
        # A release of another schema is refused before its large files are downloaded.
        manifest = self.manifest(published)
        folder = self._download(published)
        if not file_records(folder).items() >= manifest.files.items():
            folder = self._download(published, afresh=True)
        with suppress(OSError):  # a read-only cache
            os.utime(folder / MANIFEST, follow_symlinks=False)
        return folder

    def manifest(self, published: PublishedVersion) -> Manifest:
        """Download and return only the manifest of a release.

        Raises:
            HubError: as `pull`.
            ReleaseError: as `pull`.
        """
        try:
            return read_manifest(self._download(published, only=MANIFEST))
        except ReleaseError:
            return read_manifest(self._download(published, afresh=True, only=MANIFEST))

    def cached(self) -> list[Path]:
        """Return the snapshots in the cache, complete or not, the one pulled last first."""
        found = []
        for manifest in self._snapshots.glob(f"*/{MANIFEST}"):
            with suppress(OSError):  # another app has removed it
                found.append((manifest.lstat().st_mtime_ns, manifest.parent))
        return [folder for _, folder in sorted(found, reverse=True)]

    def snapshots(self) -> set[str]:
        """Return the commits that the cache has files of, all or some."""
        return {folder.name for folder in self._snapshots.glob("*")}

    def remove(self, commits: Collection[str]) -> None:
        """Remove snapshots from the cache, with the files that no other snapshot has.

        Files that a process has open stay readable there until it closes them, except on Windows.

        Raises:
            HubError: the cache cannot be read or written.
        """
        try:
            cache = scan_cache_dir(constants.HF_HUB_CACHE)
            found = {
                revision.commit_hash
                for repo in cache.repos
                if (repo.repo_type, repo.repo_id) == (DATASET, self.name)
                for revision in repo.revisions
            }.intersection(commits)
            cache.delete_revisions(*found).execute()
        except (OSError, ValueError, CacheNotFound) as error:
            raise HubError(f"Old snapshots of {self.name} stay: {_line(error)}") from error

    @property
    def _snapshots(self) -> Path:
        folder = repo_folder_name(repo_id=self.name, repo_type=DATASET)
        return Path(constants.HF_HUB_CACHE) / folder / "snapshots"

    def _download(
        self, published: PublishedVersion, afresh: bool = False, only: str | None = None
    ) -> Path:
        # Not `hf_hub_download`, even for one file: it does not list the repo's files, and if the
        # Hub does not list them later either, the client takes the cached files for all files.
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
    """Turn errors of the Hub's client into a `HubError` of one line that says what to do.

    Every use of the client runs inside it; it keeps secrets out of the log, too.
    """
    redact_logs()
    try:
        if "/" not in repo:  # the Hub would create it in the user's namespace, but not find it
            raise HFValidationError(repo)
        yield
    except HfHubHTTPError as error:
        raise HubError(_advice(repo, error)) from error
    except HFValidationError as error:
        raise HubError(f"{repo!r} is not the name of a repo: write namespace/name.") from error
    except (OSError, HTTPError, ValueError) as error:
        # A failed download raises an error of its own, whose cause is the Hub's answer.
        cause = error.__cause__ or error
        if isinstance(cause, HfHubHTTPError):
            raise HubError(_advice(repo, cause)) from error
        raise HubError(f"The Hub cannot be used for {repo}: {_line(cause)}") from error


def _advice(repo: str, error: HfHubHTTPError) -> str:
    status = error.response.status_code
    if status == CONFLICT:
        return f"Somebody else published to {repo} at the same time. Look at it, then push again."
    if isinstance(error, RevisionNotFoundError):
        return f"{repo} has no such tag, branch or commit: {_line(error)}"
    if isinstance(error, RepositoryNotFoundError) or status in DENIED:
        return (
            f"{repo} does not exist, or you may not use it (HTTP {status}). Log in with "
            "`hf auth login` or set HF_TOKEN to a token that may use it."
        )
    return f"The Hub refused (HTTP {status}) for {repo}: {_line(error)}"


def _line(error: BaseException) -> str:
    """Return the last line of an error's message, without secrets."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return without_secrets(lines[-1])[:300]
