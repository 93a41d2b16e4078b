"""The repositories of the loopback Hub, in memory."""

import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

TOKEN = "hf_loopbackTOKENxxxxxxxx"  # noqa: S105 (valid for this server only)
LFS_ENDINGS = (".parquet", ".npy", ".usearch", ".safetensors", ".png", ".jpg")
REGULAR_BYTES = 1_000_000

Files = dict[str, bytes]


@dataclass(frozen=True)
class Commit:
    """All files of a repository as of one commit."""

    id: str
    title: str
    date: str
    files: Files


@dataclass
class Repo:
    """A repository with one branch, main; `variables`, `secrets` and `sdk` are those of a Space."""

    name: str
    private: bool
    sdk: str | None = None
    commits: list[Commit] = field(default_factory=list)  # oldest first
    tags: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    stored: Files = field(default_factory=dict, repr=False)  # LFS content by its SHA-256

    def at(self, revision: str = "main") -> Commit:
        """The commit that the branch, a tag or a commit id names; KeyError if there is none."""
        id_ = ({"main": self.commits[-1].id} | self.tags).get(revision, revision)
        return {commit.id: commit for commit in self.commits}[id_]

    def files(self, revision: str = "main") -> Files:
        """The files of a branch, tag or commit; KeyError if there is none."""
        return dict(self.at(revision).files)

    def add(self, files: Files, title: str) -> Commit:
        """A new commit of exactly these files."""
        made = Commit(secrets.token_hex(20), title, now(), dict(files))
        self.commits.append(made)
        self.stored |= {sha256(data): data for path, data in files.items() if is_lfs(path, data)}
        return made


class Site:
    """The repositories of a Hub and the address they are served at."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.endpoint = f"http://127.0.0.1:{port}"
        self.signature = secrets.token_hex(16)
        self.repos: dict[tuple[str, str], Repo] = {}
        self.lock = threading.RLock()

    def repo(self, name: str, kind: str = "dataset") -> Repo:
        """A repository; KeyError if absent."""
        return self.repos[kind, name]

    def create(self, name: str, kind: str, private: bool, sdk: str | None = None) -> Repo:
        """A new repository with the first commit that the Hub makes."""
        made = self.repos[kind, name] = Repo(name, private, sdk)
        made.add({".gitattributes": b"*.parquet filter=lfs\n"}, "initial commit")
        return made

    def commit(self, name: str, files: Files, tag: str | None = None, kind: str = "dataset") -> str:
        """Commit exactly these files without a client; return the commit's id."""
        with self.lock:
            repo = self.repos.get((kind, name)) or self.create(name, kind, private=True)
            made = repo.add(files, "Made by a test")
            if tag is not None:
                repo.tags[tag] = made.id
            return made.id


def now() -> str:
    """The time as the Hub writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sha256(data: bytes) -> str:
    """The id of content stored as LFS."""
    return hashlib.sha256(data).hexdigest()


def git_oid(data: bytes) -> str:
    """Git's id of a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def is_lfs(path: str, start: bytes, size: int = 0) -> bool:
    """Whether a file is stored as LFS: by size, ending, or a zero byte (git's test of binary)."""
    big = max(size, len(start)) > REGULAR_BYTES
    return big or path.endswith(LFS_ENDINGS) or b"\0" in start[:512]
