"""Request handlers of the loopback Hub, for the addresses that the real clients use."""

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
    """A request, and how many bytes of the answer's body were sent."""

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
    """A request as the handlers get it; `fields` are the named parts of its path."""

    site: Site
    request: Request
    body: bytes
    fields: dict[str, str]

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def query(self) -> dict[str, str]:
        """The parameters after the path."""
        return dict(parse_qsl(urlsplit(self.request.path).query))

    @property
    def named(self) -> tuple[str, str]:
        """Type and name of the repository in the path; it may not exist."""
        return self.fields["kind"].removesuffix("s") or "model", self.fields["name"]

    def repo(self, token: bool = False) -> Repo:
        """The repository in the path; needs the token if it is private or ``token`` is set."""
        repo = self.site.repos.get(self.named)
        if token or (repo and repo.private):
            self.check_token()
        if repo is None:
            raise RefusedError(404, "Repository not found", "RepoNotFound")
        return repo

    def commit(self) -> Commit:
        """The commit that the path names, by default the newest of main."""
        try:
            return self.repo().at(self.fields.get("rev") or "main")
        except KeyError:
            raise RefusedError(404, "Invalid rev id", "RevisionNotFound") from None

    def check_token(self) -> None:
        """Refuse a request without the token."""
        sent = self.request.headers.get("authorization")
        if sent is None:
            # Over https the client takes any 401 for this error; over http it needs the code.
            raise RefusedError(401, "Invalid username or password.", "RepoNotFound")
        if sent != f"Bearer {TOKEN}":
            raise RefusedError(401, "Invalid credentials in Authorization header")

    def check_signature(self) -> None:
        """Refuse a request without a signed address."""
        if self.query.get("X-Signature") != self.site.signature:
            raise RefusedError(403, "The address is not signed.")


API = r"/api/(?P<kind>datasets|spaces|models)/(?P<name>[^/]+/[^/]+)"
GIT = r"/((?P<kind>datasets|spaces)/)?(?P<name>[^/]+/[^/]+?)"
LFS = GIT + r"\.git/info/lfs/objects"
REV = r"/(?P<rev>[^/]+)"
FILE = f"{GIT}/resolve{REV}/(?P<path>.+)"
ROUTES: list[tuple[str, Callable[[Call], Answer]]] = []


def route(pattern: str) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Register a handler of the requests whose "METHOD path" matches `pattern`."""

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
    """Accept any README."""
    return reply({"errors": [], "warnings": []})


@route("POST /api/repos/create")
def create_repo(call: Call) -> Answer:
    """Make a repository."""
    call.check_token()
    fields = call.json
    kind, name = fields["type"], f"{fields['organization']}/{fields['name']}"
    url = {"url": f"{call.site.endpoint}/{kind}s/{name}"}
    if (kind, name) in call.site.repos:
        return reply(url | {"error": "You already created this repo"}, 409)
    private = fields.get("visibility", "public") != "public"
    call.site.create(name, kind, private, fields.get("sdk"))
    return reply(url)


@route(f"GET {API}(/revision{REV})?")
def describe(call: Call) -> Answer:
    """A repository as of a commit."""
    repo, commit = call.repo(), call.commit()
    files = [{"rfilename": path} for path in sorted(commit.files)]
    facts = {"id": repo.name, "sha": commit.id, "private": repo.private, "siblings": files}
    return reply(facts)


@route(f"GET {API}/refs")
def refs(call: Call) -> Answer:
    """The branch main and the tags."""
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
    """Files and folders: all, or those at the top."""
    files = call.commit().files
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents} - {"."}
    paths = sorted(folders | set(files))
    if call.query["recursive"] != "true":
        paths = [path for path in paths if "/" not in path]
    return reply([entry(path, files.get(path)) for path in paths])


def entry(path: str, data: bytes | None) -> dict[str, Any]:
    """An entry of a listing: a file, or without data a folder."""
    if data is None:
        return {"type": "directory", "path": path, "size": 0, "oid": git_oid(b"")}
    item = {"type": "file", "path": path, "size": len(data), "oid": git_oid(data)}
    lfs = {"oid": sha256(data), "size": len(data), "pointerSize": 134}
    return item | ({"lfs": lfs} if is_lfs(path, data) else {})


@route(f"POST {API}/preupload/main")
def preupload(call: Call) -> Answer:
    """How to send each file (LFS or not), and the id of its present content."""
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
    """Upload addresses of the objects that are not stored yet."""
    stored = call.repo(token=True).stored
    here = call.site.endpoint + call.request.path.removesuffix("/batch")
    objects = [{"oid": item["oid"], "size": item["size"]} for item in call.json["objects"]]
    for item in objects:
        if item["oid"] not in stored:
            href = f"{here}/{item['oid']}?X-Signature={call.site.signature}"
            upload = {"href": href, "header": {}}
            item["actions"] = {"upload": upload, "verify": {"href": f"{here}/verify"}}
    return reply({"transfer": "basic", "objects": objects})


@route(f"PUT {LFS}/(?P<oid>[0-9a-f]+)")
def lfs_put(call: Call) -> Answer:
    """Store an object if its content has the SHA-256 in its address."""
    call.check_signature()
    if sha256(call.body) != call.fields["oid"]:
        return refusal(400, "The content has another SHA-256")
    call.site.repos[call.named].stored[call.fields["oid"]] = call.body
    return reply({})


@route(f"POST {LFS}/verify")
def lfs_verify(call: Call) -> Answer:
    """Whether an object has arrived complete."""
    data = call.repo(token=True).stored.get(call.json["oid"])
    arrived = data is not None and len(data) == call.json["size"]
    return reply({}) if arrived else refusal(404, "The object is not there")


@route(f"POST {API}/commit/main")
def commit(call: Call) -> Answer:
    """Make a commit."""
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
    """Apply one line of a commit to `files`."""
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
    """Tag a commit."""
    tags, name = call.repo(token=True).tags, call.json["tag"]
    if name in tags:
        return refusal(409, "Reference already exists")
    tags[name] = call.commit().id
    return reply({})


@route(f"(GET|POST|DELETE) {API}/variables")
def variables(call: Call) -> Answer:
    """Set or delete a variable of a Space; return all of them."""
    values = call.repo(token=True).variables
    if call.request.method == "POST":
        values[call.json["key"]] = call.json["value"]
    if call.request.method == "DELETE":
        values.pop(call.json["key"], None)
    return reply({key: {"value": value} for key, value in values.items()})


@route(f"POST {API}/secrets")
def add_secret(call: Call) -> Answer:
    """Set a secret of a Space."""
    call.repo(token=True).secrets[call.json["key"]] = call.json["value"]
    return reply({})


@route(f"(GET|HEAD) {FILE}")
def resolve(call: Call) -> Answer:
    """A file, or for an LFS file a redirect to its address."""
    commit, path = call.commit(), call.fields["path"]
    headers = {"X-Repo-Commit": commit.id}
    data = commit.files.get(path)
    if data is None:
        missing = refusal(404, "Entry not found", "EntryNotFound")
        return replace(missing, headers=missing.headers | headers)
    if not is_lfs(path, data):
        return Answer(200, data, headers | {"ETag": f'"{git_oid(data)}"'})
    # Another origin, as on the real Hub: the client must not send its token there.
    there = f"http://localhost:{call.site.port}/cdn{urlsplit(call.request.path).path}"
    url = f"{there}?oid={sha256(data)}&X-Signature={call.site.signature}"
    linked = {"X-Linked-Etag": f'"{sha256(data)}"', "X-Linked-Size": str(len(data))}
    return Answer(302, headers=headers | linked | {"Location": url})


@route(f"GET /cdn{FILE}")
def stored_file(call: Call) -> Answer:
    """An LFS file or a range of its bytes; needs the signed address, no token."""
    call.check_signature()
    data = call.site.repos[call.named].stored[call.query["oid"]]
    span = re.fullmatch(r"bytes=(\d+)-(\d+)", call.request.headers.get("range", ""))
    if span is None:
        return Answer(200, data)
    part = data[int(span[1]) : int(span[2]) + 1]
    last = int(span[1]) + len(part) - 1
    return Answer(206, part, {"Content-Range": f"bytes {span[1]}-{last}/{len(data)}"})
