"""A loopback Hugging Face Hub: what the real clients need of the Hub, served from memory."""

import base64
import contextlib
import hashlib
import json
import math
import re
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

TOKEN = "hf_loopbackTOKENxxxxxxxx"  # noqa: S105 (opens nothing but this server)
USER = "tester"
LFS_ENDINGS = (".parquet", ".npy", ".usearch", ".safetensors", ".png", ".jpg")
REGULAR_BYTES = 1_000_000

Files = dict[str, bytes]


@dataclass
class Request:
    """A request as received, and how much of an answer's body it was sent."""

    method: str
    path: str  # with the query
    headers: dict[str, str]  # lower-case names
    size: int  # bytes of its body
    sent: int = 0


@dataclass(frozen=True)
class Answer:
    """What is sent back: at most `keep` bytes of the body; nothing at all when `cut`."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    keep: int | None = None
    cut: bool = False


class Fault:
    """What goes wrong with a request, given how to answer it: with this one nothing."""

    needs_body: ClassVar[bool] = False  # it waits for a GET that is answered with a body

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        return proceed()


@dataclass(frozen=True)
class Status(Fault):
    """An error status instead of an answer. Clients retry 408, 429 and 5xx for about 20 s."""

    code: int
    error_code: str | None = None
    message: str = "made to fail"

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        return refusal(self.code, self.message, self.error_code)


@dataclass(frozen=True)
class Cut(Fault):
    """The connection closed without an answer: before the request is handled, or after."""

    handled: bool = False

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        if self.handled:
            proceed()
        return Answer(cut=True)


@dataclass(frozen=True)
class Slow(Fault):
    """The true answer, late."""

    seconds: float

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        time.sleep(self.seconds)
        return proceed()


@dataclass(frozen=True)
class Hold(Fault):
    """The true answer once `event` is set: held before the request is handled, or after."""

    event: threading.Event
    reached: threading.Event
    handled: bool = False

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed() if self.handled else None
        self.reached.set()
        self.event.wait(60)
        return answer or proceed()


@dataclass(frozen=True)
class Truncated(Fault):
    """The headers of the whole body, a part of it, and the connection closed."""

    keep: float = 0.5
    needs_body: ClassVar[bool] = True

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        return replace(answer, keep=int(len(answer.body) * self.keep))


@dataclass(frozen=True)
class Flipped(Fault):
    """A body of the same length with its middle byte changed."""

    needs_body: ClassVar[bool] = True

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        body = bytearray(answer.body)
        body[len(body) // 2] ^= 1
        return replace(answer, body=bytes(body))


@dataclass
class Plan:
    """A fault, the requests it is for, and for how many more of them."""

    pattern: str
    fault: Fault
    left: float


@dataclass(frozen=True)
class Commit:
    """All files of a repository as of one commit."""

    id: str
    parent: str | None
    title: str
    date: str
    files: Files


@dataclass
class Repo:
    """A repository of the Hub; `variables`, `secrets` and `sdk` are those of a Space."""

    name: str
    kind: str
    private: bool
    sdk: str | None = None
    commits: list[Commit] = field(default_factory=list)  # oldest first
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    stored: Files = field(default_factory=dict, repr=False)  # LFS content by its SHA-256

    def at(self, revision: str = "main") -> Commit:
        """The commit of a branch, tag or commit id; KeyError if there is none."""
        wanted = (self.branches | self.tags).get(revision, revision)
        return {commit.id: commit for commit in self.commits}[wanted]

    def files(self, revision: str = "main") -> Files:
        """The files of a revision; KeyError if there is none."""
        return dict(self.at(revision).files)

    def add(self, files: Files, title: str, branch: str = "main") -> Commit:
        """A new commit of exactly these files."""
        made = Commit(secrets.token_hex(20), self.branches.get(branch), title, now(), dict(files))
        self.commits.append(made)
        self.branches[branch] = made.id
        self.stored |= {sha256(data): data for path, data in files.items() if is_lfs(path, data)}
        return made

    def history(self, commit: Commit) -> list[Commit]:
        """A commit and those before it, newest first."""
        found = [commit]
        while found[-1].parent:
            found.append(self.at(found[-1].parent))
        return found


class LoopbackHub:
    """A Hub on this machine. Its content outlives `stop` and `start`."""

    def __init__(self, port: int = 0) -> None:
        with socket.create_server(("127.0.0.1", port)) as probe:
            self.port: int = probe.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.signature = secrets.token_hex(16)
        self.requests: list[Request] = []
        self.repos: dict[tuple[str, str], Repo] = {}
        self._plans: list[Plan] = []
        self._lock = threading.RLock()
        self._server: _Server | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables for a process that is to use this Hub."""
        switches = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        return {"HF_ENDPOINT": self.endpoint, "HF_TOKEN": TOKEN} | switches

    def start(self) -> None:
        """Listen, on the same port each time."""
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close the listening socket and cut the open connections."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_connections()
            self._server = None

    def reset(self) -> None:
        """Forget repositories, faults and requests."""
        with self._lock:
            for forgotten in (self.repos, self._plans, self.requests):
                forgotten.clear()

    def fail(self, pattern: str, fault: Fault, times: int | None = None) -> None:
        """Give the next `times` requests (None: all) whose "METHOD path" has `pattern` a fault."""
        self._plans.append(Plan(pattern, fault, math.inf if times is None else times))

    def clear(self) -> None:
        """No faults any more."""
        self._plans.clear()

    def repo(self, name: str, kind: str = "dataset") -> Repo:
        """A repository; KeyError if absent."""
        return self.repos[kind, name]

    def create(self, name: str, kind: str, private: bool, sdk: str | None = None) -> Repo:
        """A new repository with its first commit, as the Hub makes it."""
        made = self.repos[kind, name] = Repo(name, kind, private, sdk)
        made.add({".gitattributes": b"*.parquet filter=lfs\n"}, "initial commit")
        return made

    def commit(self, name: str, files: Files, tag: str | None = None, kind: str = "dataset") -> str:
        """The id of a commit of exactly these files on main, made without a client."""
        with self._lock:
            repo = self.repos.get((kind, name)) or self.create(name, kind, private=True)
            made = repo.add(files, "Put there by a test")
            if tag is not None:
                repo.tags[tag] = made.id
            return made.id

    def answer(self, request: Request, body: bytes) -> Answer:
        """Note a request and answer it, with the faults asked for."""
        self.requests.append(request)
        answer = self._fault(request, False)(lambda: self._handle(request, body))
        if request.method == "GET" and answer.body:
            return self._fault(request, True)(lambda: answer)
        return answer

    def _fault(self, request: Request, needs_body: bool) -> Fault:
        line = f"{request.method} {request.path}"
        with self._lock:
            for plan in self._plans:
                fits = plan.fault.needs_body == needs_body and re.search(plan.pattern, line)
                if fits and plan.left > 0:
                    plan.left -= 1
                    return plan.fault
        return Fault()

    def _handle(self, request: Request, body: bytes) -> Answer:
        line = f"{request.method} {urlsplit(request.path).path}"
        for pattern, handle in ROUTES:
            if match := re.fullmatch(pattern, line):
                fields = {name: unquote(text or "") for name, text in match.groupdict().items()}
                try:
                    with self._lock:
                        return handle(Call(self, request, body, fields))
                except RefusedError as refused:
                    return refused.answer
        return refusal(404, "Not found")


class _Server(ThreadingHTTPServer):
    """The sockets of a hub that listens."""

    request_queue_size = 64

    def __init__(self, hub: LoopbackHub) -> None:
        self.hub = hub
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", hub.port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and remember it."""
        connection, address = super().get_request()
        self.connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """End a connection and forget it."""
        self.connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        """End all that are open."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):  # its client was quicker
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors of this file only: clients that are killed or cut off are meant."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, has the hub answer them, sends the answers."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else an answer may wait 40 ms for an acknowledgement

    def serve(self) -> None:
        """Answer one request."""
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, len(body))
        whole = len(body) == size  # else the client is gone
        answer = self.server.hub.answer(request, body) if whole else Answer(cut=True)
        if answer.cut:
            self.close_connection = True
        else:
            self._send(request, answer)

    do_HEAD = do_GET = do_POST = do_PUT = do_DELETE = serve  # noqa: N815 (the names it calls)

    def _send(self, request: Request, answer: Answer) -> None:
        body = b"" if request.method == "HEAD" else answer.body[: answer.keep]
        request.sent = len(body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection |= answer.keep is not None

    def log_message(self, *_: Any) -> None:
        """Say nothing: `hub.requests` has them all."""


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, *refused: Any) -> None:
        self.answer = refusal(*refused)


@dataclass(frozen=True)
class Call:
    """A request as the functions below see it; `fields` are the named parts of its path."""

    hub: LoopbackHub
    request: Request
    body: bytes
    fields: dict[str, str]

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def query(self) -> dict[str, str]:
        """What follows the path."""
        return dict(parse_qsl(urlsplit(self.request.path).query))

    @property
    def named(self) -> tuple[str, str]:
        """The kind and the name of the repository meant, which may not exist."""
        if "name" in self.fields:
            return self.fields["kind"].removesuffix("s") or "model", self.fields["name"]
        asked = self.json
        return asked.get("type", "model"), f"{asked['organization'] or USER}/{asked['name']}"

    def repo(self, token: bool = False) -> Repo:
        """The repository meant; the token is needed if it is private, or if one says so."""
        repo = self.hub.repos.get(self.named)
        if token or (repo and repo.private):
            self.check_token()
        if repo is None:
            raise RefusedError(404, "Repository not found", "RepoNotFound")
        return repo

    def commit(self, revision: str = "") -> Commit:
        """The commit of a revision, by default of the one in the path."""
        try:
            return self.repo().at(revision or self.fields.get("rev") or "main")
        except KeyError:
            raise RefusedError(404, "Invalid rev id", "RevisionNotFound") from None

    def check_token(self) -> None:
        """Refuse a caller without the token."""
        sent = self.request.headers.get("authorization")
        if sent is None:
            # Over https the client takes any 401 for this error; over http it needs to be told.
            raise RefusedError(401, "Invalid username or password.", "RepoNotFound")
        if sent != f"Bearer {TOKEN}":
            raise RefusedError(401, "Invalid credentials in Authorization header")

    def check_signature(self) -> None:
        """Refuse a caller without a signed address."""
        if self.query.get("X-Signature") != self.hub.signature:
            raise RefusedError(403, "The address is not signed.")


API = r"/api/(?P<kind>models|datasets|spaces)/(?P<name>[^/]+/[^/]+)"
GIT = r"/(?:(?P<kind>datasets|spaces)/)?(?P<name>[^/]+/[^/]+?)"
LFS = GIT + r"\.git/info/lfs/objects"
REV = r"/(?P<rev>[^/]+)"
FILE = f"{GIT}/resolve{REV}/(?P<path>.+)"
ROUTES: list[tuple[str, Callable[[Call], Answer]]] = []


def route(pattern: str) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Have a function answer the requests whose "METHOD path" is `pattern`."""

    def register(handle: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        ROUTES.append((pattern, handle))
        return handle

    return register


def reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    kind = {"Content-Type": "application/json"}
    return Answer(status, json.dumps(value).encode(), kind | (headers or {}))


def refusal(status: int, message: str, code: str | None = None) -> Answer:
    """An error, said the way from which the client makes its exceptions."""
    headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return reply({"error": message}, status, headers)


def now() -> str:
    """The time as the Hub writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sha256(data: bytes) -> str:
    """The name of content stored as LFS."""
    return hashlib.sha256(data).hexdigest()


def git_oid(data: bytes) -> str:
    """The name that git gives to a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def is_lfs(path: str, start: bytes, size: int = 0) -> bool:
    """Whether a file is stored as LFS; like git this takes a zero byte as a sign of binary."""
    big = max(size, len(start)) > REGULAR_BYTES
    return big or path.endswith(LFS_ENDINGS) or b"\0" in start[:512]


def under(files: Files, path: str) -> Files:
    """The file at a path, or the files of the folder there."""
    return {name: data for name, data in files.items() if f"{name}/".startswith(f"{path}/")}


def paths(files: Files) -> list[str]:
    """The paths of all files and folders."""
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents} - {"."}
    return sorted(folders | set(files))


def blob(path: str, data: bytes) -> dict[str, Any]:
    """A file's size and names, as listings have them."""
    lfs = {"oid": sha256(data), "sha256": sha256(data), "size": len(data), "pointerSize": 134}
    facts = {"size": len(data), "oid": git_oid(data), "blobId": git_oid(data)}
    return facts | ({"lfs": lfs} if is_lfs(path, data) else {})


def entry(repo: Repo, commit: Commit, path: str, expand: bool) -> dict[str, Any]:
    """A file or folder as listings have it; expanded, with the commit that last changed it."""
    item: dict[str, Any] = {"type": "directory", "path": path, "size": 0, "oid": git_oid(b"")}
    if path in commit.files:
        item |= {"type": "file"} | blob(path, commit.files[path])
    if expand:
        wanted = under(commit.files, path)
        *_, last = takewhile(lambda old: under(old.files, path) == wanted, repo.history(commit))
        item["lastCommit"] = {"id": last.id, "title": last.title, "date": last.date}
    return item


def content(call: Call, data: bytes, headers: dict[str, str]) -> Answer:
    """A file's bytes, or the range of them that is asked for."""
    span = re.fullmatch(r"bytes=(\d*)-(\d*)", call.request.headers.get("range", ""))
    if span is None:
        return Answer(200, data, headers)
    first, last = span.groups()
    start = int(first) if first else len(data) - int(last)
    end = min(int(last) + 1, len(data)) if first and last else len(data)
    if start >= end:
        return Answer(416, headers={"Content-Range": f"bytes */{len(data)}"})
    span_header = {"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}
    return Answer(206, data[start:end], headers | span_header)


@route("GET /api/whoami-v2")
def whoami(call: Call) -> Answer:
    """Whose token it is."""
    call.check_token()
    auth = {"type": "access_token", "accessToken": {"displayName": "test", "role": "write"}}
    return reply({"type": "user", "name": USER, "orgs": [], "auth": auth})


@route("POST /api/validate-yaml")
def validate_yaml(call: Call) -> Answer:
    """No objection to a README."""
    return reply({"errors": [], "warnings": []})


@route("POST /api/repos/create")
def create_repo(call: Call) -> Answer:
    """A new repository."""
    call.check_token()
    kind, name = call.named
    url = {"url": f"{call.hub.endpoint}/{'' if kind == 'model' else kind + 's/'}{name}"}
    if call.named in call.hub.repos:
        return reply(url | {"error": "You already created this repo"}, 409)
    private = call.json.get("visibility", "public") != "public"
    call.hub.create(name, kind, private, call.json.get("sdk"))
    return reply(url)


@route("DELETE /api/repos/delete")
def delete_repo(call: Call) -> Answer:
    """A repository no more."""
    call.repo(token=True)
    del call.hub.repos[call.named]
    return reply({})


@route(f"PUT {API}/settings")
def update_settings(call: Call) -> Answer:
    """A repository made public or private."""
    repo = call.repo(token=True)
    if "visibility" in call.json:
        repo.private = call.json["visibility"] != "public"
    return reply({})


@route(f"GET {API}(/revision{REV})?")
def describe(call: Call) -> Answer:
    """A repository as of a revision."""
    repo, commit = call.repo(), call.commit()
    with_blobs = call.query.get("blobs") == "true"
    siblings = [
        {"rfilename": path} | (blob(path, data) if with_blobs else {})
        for path, data in sorted(commit.files.items())
    ]
    facts = {"id": repo.name, "sha": commit.id, "private": repo.private, "sdk": repo.sdk}
    dates = {"lastModified": commit.date, "createdAt": repo.commits[0].date}
    return reply(
        {"gated": False, "disabled": False, "tags": [], "siblings": siblings} | facts | dates
    )


@route(f"GET {API}/refs")
def refs(call: Call) -> Answer:
    """The branches and tags."""

    def listed(names: dict[str, str], space: str) -> list[dict[str, str]]:
        return [
            {"name": name, "ref": f"refs/{space}/{name}", "targetCommit": target}
            for name, target in names.items()
        ]

    repo = call.repo()
    found = {"branches": listed(repo.branches, "heads"), "tags": listed(repo.tags, "tags")}
    return reply(found | {"converts": [], "pullRequests": []})


@route(f"GET {API}/commits{REV}")
def commits(call: Call) -> Answer:
    """The commits of a revision, newest first."""
    rest = {"message": "", "authors": [{"user": USER}]}
    past = call.repo().history(call.commit())
    return reply([{"id": old.id, "title": old.title, "date": old.date} | rest for old in past])


@route(f"GET {API}/tree{REV}(/(?P<path>.+))?")
def tree(call: Call) -> Answer:
    """The files and folders of a folder."""
    commit, start = call.commit(), f"{call.fields['path']}/".lstrip("/")
    inside = [path for path in paths(commit.files) if path.startswith(start)]
    if start and not inside:
        return refusal(404, "Entry not found", "EntryNotFound")
    if call.query.get("recursive") != "true":
        inside = [path for path in inside if "/" not in path.removeprefix(start)]
    expand = call.query.get("expand") == "true"
    return reply([entry(call.repo(), commit, path, expand) for path in inside])


@route(f"POST {API}/paths-info{REV}")
def paths_info(call: Call) -> Answer:
    """The files and folders at some paths, asked for in JSON or as a form."""
    commit = call.commit()
    if "json" in call.request.headers["content-type"]:
        wanted, expand = call.json["paths"], call.json.get("expand", False)
    else:
        form = parse_qs(call.body.decode())
        wanted, expand = form["paths"], form["expand"] == ["true"]
    found = [path for path in wanted if path in paths(commit.files)]
    return reply([entry(call.repo(), commit, path, expand) for path in found])


@route(f"POST {API}/preupload{REV}")
def preupload(call: Call) -> Answer:
    """How files are to be sent, and what is in their places now."""
    call.repo(token=True)
    present = call.commit().files
    answers = []
    for file in call.json["files"]:
        path = file["path"]
        lfs = is_lfs(path, base64.b64decode(file["sample"]), file["size"])
        name = sha256 if lfs else git_oid
        oid = name(present[path]) if path in present else None
        mode = {"uploadMode": "lfs" if lfs else "regular", "shouldIgnore": False}
        answers.append({"path": path, "oid": oid} | mode)
    return reply({"files": answers})


@route(f"POST {LFS}/batch")
def lfs_batch(call: Call) -> Answer:
    """Where to put the objects that are not stored yet."""
    stored = call.repo(token=True).stored
    here = call.hub.endpoint + call.request.path.removesuffix("/batch")
    objects = [{"oid": wanted["oid"], "size": wanted["size"]} for wanted in call.json["objects"]]
    for item in objects:
        if item["oid"] not in stored:
            href = f"{here}/{item['oid']}?X-Signature={call.hub.signature}"
            upload = {"href": href, "header": {}}
            item["actions"] = {"upload": upload, "verify": {"href": f"{here}/verify"}}
    return reply({"transfer": "basic", "objects": objects})


@route(f"PUT {LFS}/(?P<oid>[0-9a-f]+)")
def lfs_put(call: Call) -> Answer:
    """An object stored, if it is what its name says."""
    call.check_signature()
    if sha256(call.body) != call.fields["oid"]:
        return refusal(400, "The content has another SHA-256")
    call.hub.repos[call.named].stored[call.fields["oid"]] = call.body
    return reply({})


@route(f"POST {LFS}/verify")
def lfs_verify(call: Call) -> Answer:
    """Whether an object has arrived whole."""
    data = call.repo(token=True).stored.get(call.json["oid"])
    arrived = data is not None and len(data) == call.json["size"]
    return reply({}) if arrived else refusal(404, "The object is not there")


@route(f"POST {API}/commit{REV}")
def commit(call: Call) -> Answer:
    """A new commit on a branch."""
    repo, head, branch = call.repo(token=True), call.commit(), call.fields["rev"]
    if branch not in repo.branches:
        return refusal(400, f"{branch} is not a branch")
    header, *changes = [json.loads(line) for line in call.body.splitlines()]
    if header["value"].get("parentCommit", head.id) != head.id:
        return refusal(412, "A commit has happened since. Please refresh and try again.")
    files = dict(head.files)
    for change in changes:
        apply(repo, files, change["key"], change["value"])
    made = repo.add(files, header["value"]["summary"], branch)
    url = f"{call.hub.endpoint}/{repo.name}/commit/{made.id}"
    return reply({"success": True, "commitOid": made.id, "commitUrl": url})


def apply(repo: Repo, files: Files, key: str, value: dict[str, Any]) -> None:
    """Change `files` as one line of a commit says."""
    path = value["path"].rstrip("/")
    if key == "file":
        files[path] = base64.b64decode(value["content"])
    elif key == "lfsFile" and value["oid"] in repo.stored:
        files[path] = repo.stored[value["oid"]]
    elif key in ("deletedFile", "deletedFolder") and under(files, path):
        for name in under(files, path):
            del files[name]
    else:
        raise RefusedError(400, f"{key} {path}: no such object or path")


@route(f"(POST|DELETE) {API}/(?P<what>tag|branch)/(?P<ref>[^/]+)")
def change_ref(call: Call) -> Answer:
    """A tag or a branch, made or deleted."""
    repo, ref = call.repo(token=True), call.fields["ref"]
    tagging = call.fields["what"] == "tag"
    names = repo.tags if tagging else repo.branches
    if call.request.method == "DELETE":
        gone = names.pop(ref, None)
        return reply({}) if gone else refusal(404, "Invalid rev id", "RevisionNotFound")
    name, source = (call.json["tag"], ref) if tagging else (ref, call.json.get("startingPoint"))
    if name in names:
        return refusal(409, "Reference already exists")
    names[name] = call.commit(source).id
    return reply({})


@route(f"(GET|POST|DELETE) {API}/(?P<what>variables|secrets)")
def space_settings(call: Call) -> Answer:
    """The variables of a Space, or the names of its secrets, after the change asked for."""
    repo = call.repo(token=True)
    public = call.fields["what"] == "variables"
    values = repo.variables if public else repo.secrets
    if call.request.method == "POST":
        values[call.json["key"]] = call.json["value"]
    if call.request.method == "DELETE":
        values.pop(call.json["key"], None)
    return reply({key: {"value": value} if public else {} for key, value in values.items()})


@route(f"(GET|HEAD) {FILE}")
def resolve(call: Call) -> Answer:
    """A file, or for an LFS file where it is."""
    commit, path = call.commit(), call.fields["path"]
    headers = {"X-Repo-Commit": commit.id}
    data = commit.files.get(path)
    if data is None:
        missing = refusal(404, "Entry not found", "EntryNotFound")
        return replace(missing, headers=missing.headers | headers)
    if not is_lfs(path, data):
        return content(call, data, headers | {"ETag": f'"{git_oid(data)}"'})
    # Another origin, as on the real Hub: the client sends its token no further.
    there = f"http://localhost:{call.hub.port}/cdn{urlsplit(call.request.path).path}"
    url = f"{there}?oid={sha256(data)}&X-Signature={call.hub.signature}"
    linked = {"X-Linked-Etag": f'"{sha256(data)}"', "X-Linked-Size": str(len(data))}
    return Answer(302, headers=headers | linked | {"Location": url})


@route(f"(GET|HEAD) /cdn{FILE}")
def stored_file(call: Call) -> Answer:
    """An LFS file, for whoever has its signed address."""
    call.check_signature()
    data = call.hub.repos[call.named].stored[call.query["oid"]]
    return content(call, data, {})
