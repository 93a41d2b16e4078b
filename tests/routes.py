"""The addresses of the loopback Hub that the real clients use, and what is done there."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from faults import Answer, refusal, reply
from repos import TOKEN, Commit, Files, Repo, Site, git_oid, is_lfs, sha256


@dataclass
class Request:
    """A request as received, and how much of an answer's body it was sent."""

    method: str
    path: str  # with the query
    headers: dict[str, str]  # lower-case names
    sent: int = 0


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, *refused: Any) -> None:
        self.answer = refusal(*refused)


@dataclass(frozen=True)
class Call:
    """A request as the functions below see it; `fields` are the named parts of its path."""

    site: Site
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
        return self.fields["kind"].removesuffix("s") or "model", self.fields["name"]

    def repo(self, token: bool = False) -> Repo:
        """The repository meant; the token is needed if it is private, or if one says so."""
        repo = self.site.repos.get(self.named)
        if token or (repo and repo.private):
            self.check_token()
        if repo is None:
            raise RefusedError(404, "Repository not found", "RepoNotFound")
        return repo

    def commit(self) -> Commit:
        """The commit of the revision in the path, by default of main."""
        try:
            return self.repo().at(self.fields.get("rev") or "main")
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
        if self.query.get("X-Signature") != self.site.signature:
            raise RefusedError(403, "The address is not signed.")


API = r"/api/(?P<kind>datasets|spaces|models)/(?P<name>[^/]+/[^/]+)"
GIT = r"/((?P<kind>datasets|spaces)/)?(?P<name>[^/]+/[^/]+?)"
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


def respond(site: Site, request: Request, body: bytes) -> Answer:
    """The answer of a site to a request."""
    line = f"{request.method} {urlsplit(request.path).path}"
    for pattern, handle in ROUTES:
        if match := re.fullmatch(pattern, line):
            fields = {name: unquote(text or "") for name, text in match.groupdict().items()}
            try:
                with site.lock:
                    return handle(Call(site, request, body, fields))
            except RefusedError as refused:
                return refused.answer
    return refusal(404, "Not found")


@route("POST /api/validate-yaml")
def validate_yaml(call: Call) -> Answer:
    """No objection to a README."""
    return reply({"errors": [], "warnings": []})


@route("POST /api/repos/create")
def create_repo(call: Call) -> Answer:
    """A new repository."""
    call.check_token()
    asked = call.json
    kind, name = asked["type"], f"{asked['organization']}/{asked['name']}"
    url = {"url": f"{call.site.endpoint}/{kind}s/{name}"}
    if (kind, name) in call.site.repos:
        return reply(url | {"error": "You already created this repo"}, 409)
    private = asked.get("visibility", "public") != "public"
    call.site.create(name, kind, private, asked.get("sdk"))
    return reply(url)


@route(f"GET {API}(/revision{REV})?")
def describe(call: Call) -> Answer:
    """A repository as of a revision."""
    repo, commit = call.repo(), call.commit()
    files = [{"rfilename": path} for path in sorted(commit.files)]
    facts = {"id": repo.name, "sha": commit.id, "private": repo.private, "siblings": files}
    return reply(facts)


@route(f"GET {API}/refs")
def refs(call: Call) -> Answer:
    """The branch and the tags."""
    repo = call.repo()
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.at().id}
    tags = [
        {"name": name, "ref": f"refs/tags/{name}", "targetCommit": target}
        for name, target in repo.tags.items()
    ]
    return reply({"branches": [main], "tags": tags, "converts": []})


@route(f"GET {API}/commits/main")
def commits(call: Call) -> Answer:
    """The commits, newest first."""
    rest = {"message": "", "authors": []}
    past = reversed(call.repo().commits)
    return reply([{"id": old.id, "title": old.title, "date": old.date} | rest for old in past])


@route(f"GET {API}/tree{REV}")
def tree(call: Call) -> Answer:
    """The files and folders, or those at the top."""
    files = call.commit().files
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents} - {"."}
    paths = sorted(folders | set(files))
    if call.query["recursive"] != "true":
        paths = [path for path in paths if "/" not in path]
    return reply([entry(path, files.get(path)) for path in paths])


def entry(path: str, data: bytes | None) -> dict[str, Any]:
    """A file, or without data a folder, as listings have it."""
    if data is None:
        return {"type": "directory", "path": path, "size": 0, "oid": git_oid(b"")}
    item = {"type": "file", "path": path, "size": len(data), "oid": git_oid(data)}
    lfs = {"oid": sha256(data), "size": len(data), "pointerSize": 134}
    return item | ({"lfs": lfs} if is_lfs(path, data) else {})


@route(f"POST {API}/preupload/main")
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
    here = call.site.endpoint + call.request.path.removesuffix("/batch")
    objects = [{"oid": wanted["oid"], "size": wanted["size"]} for wanted in call.json["objects"]]
    for item in objects:
        if item["oid"] not in stored:
            href = f"{here}/{item['oid']}?X-Signature={call.site.signature}"
            upload = {"href": href, "header": {}}
            item["actions"] = {"upload": upload, "verify": {"href": f"{here}/verify"}}
    return reply({"transfer": "basic", "objects": objects})


@route(f"PUT {LFS}/(?P<oid>[0-9a-f]+)")
def lfs_put(call: Call) -> Answer:
    """An object stored, if it is what its name says."""
    call.check_signature()
    if sha256(call.body) != call.fields["oid"]:
        return refusal(400, "The content has another SHA-256")
    call.site.repos[call.named].stored[call.fields["oid"]] = call.body
    return reply({})


@route(f"POST {LFS}/verify")
def lfs_verify(call: Call) -> Answer:
    """Whether an object has arrived whole."""
    data = call.repo(token=True).stored.get(call.json["oid"])
    arrived = data is not None and len(data) == call.json["size"]
    return reply({}) if arrived else refusal(404, "The object is not there")


@route(f"POST {API}/commit/main")
def commit(call: Call) -> Answer:
    """A new commit."""
    repo, head = call.repo(token=True), call.commit()
    header, *changes = [json.loads(line) for line in call.body.splitlines()]
    if header["value"].get("parentCommit", head.id) != head.id:
        return refusal(412, "A commit has happened since. Please refresh and try again.")
    files = dict(head.files)
    for change in changes:
        apply(repo, files, change["key"], change["value"])
    made = repo.add(files, header["value"]["summary"])
    url = f"{call.site.endpoint}/{repo.name}/commit/{made.id}"
    return reply({"success": True, "commitOid": made.id, "commitUrl": url})


def apply(repo: Repo, files: Files, key: str, value: dict[str, Any]) -> None:
    """Change `files` as one line of a commit says."""
    path = value["path"]
    if key == "file":
        files[path] = base64.b64decode(value["content"])
    elif key == "lfsFile" and value["oid"] in repo.stored:
        files[path] = repo.stored[value["oid"]]
    elif key == "deletedFile" and path in files:
        del files[path]
    else:
        raise RefusedError(400, f"{key} {path}: no such object or path")


@route(f"POST {API}/tag{REV}")
def create_tag(call: Call) -> Answer:
    """A revision tagged."""
    tags, name = call.repo(token=True).tags, call.json["tag"]
    if name in tags:
        return refusal(409, "Reference already exists")
    tags[name] = call.commit().id
    return reply({})


@route(f"(GET|POST|DELETE) {API}/variables")
def variables(call: Call) -> Answer:
    """The variables of a Space, after the change asked for."""
    values = call.repo(token=True).variables
    if call.request.method == "POST":
        values[call.json["key"]] = call.json["value"]
    if call.request.method == "DELETE":
        values.pop(call.json["key"], None)
    return reply({key: {"value": value} for key, value in values.items()})


@route(f"POST {API}/secrets")
def add_secret(call: Call) -> Answer:
    """A secret of a Space."""
    call.repo(token=True).secrets[call.json["key"]] = call.json["value"]
    return reply({})


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
        return Answer(200, data, headers | {"ETag": f'"{git_oid(data)}"'})
    # Another origin, as on the real Hub: the client sends its token no further.
    there = f"http://localhost:{call.site.port}/cdn{urlsplit(call.request.path).path}"
    url = f"{there}?oid={sha256(data)}&X-Signature={call.site.signature}"
    linked = {"X-Linked-Etag": f'"{sha256(data)}"', "X-Linked-Size": str(len(data))}
    return Answer(302, headers=headers | linked | {"Location": url})


@route(f"GET /cdn{FILE}")
def stored_file(call: Call) -> Answer:
    """An LFS file or a range of its bytes, for whoever has its signed address."""
    call.check_signature()
    data = call.site.repos[call.named].stored[call.query["oid"]]
    span = re.fullmatch(r"bytes=(\d+)-(\d+)", call.request.headers.get("range", ""))
    if span is None:
        return Answer(200, data)
    part = data[int(span[1]) : int(span[2]) + 1]
    last = int(span[1]) + len(part) - 1
    return Answer(206, part, {"Content-Range": f"bytes {span[1]}-{last}/{len(data)}"})
