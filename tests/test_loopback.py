import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from faults import Cut, Fault, Flipped, Hold, Slow, Status, Truncated
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    HfFileSystem,
    get_hf_file_metadata,
    hf_hub_url,
)
from huggingface_hub.errors import (
    BadRequestError,
    HfHubHTTPError,
    HTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from loopback import LoopbackHub
from PIL import Image
from repos import TOKEN

NAME = "someone/things"
BINARY = bytes(range(256)) * 40
FILES = {"notes.txt": b"Some notes.\n", "vectors/image.npy": BINARY}


@pytest.fixture
def api(hub: LoopbackHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=TOKEN)


@pytest.fixture
def stranger(hub: LoopbackHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=False)


def additions(files: dict[str, bytes]) -> list[CommitOperationAdd]:
    return [CommitOperationAdd(path, io.BytesIO(data)) for path, data in files.items()]


def publish(api: HfApi, files: dict[str, bytes], **options: str) -> str:
    """Commit files with the real client and return the commit's id."""
    made = api.create_commit(
        NAME, additions(files), commit_message="Publish", repo_type="dataset", **options
    )
    return str(made.oid)


def download(api: HfApi, path: str, folder: Path) -> bytes:
    local = api.hf_hub_download(NAME, path, repo_type="dataset", cache_dir=folder)
    return Path(local).read_bytes()


def sent_lines(hub: LoopbackHub) -> list[str]:
    return [f"{request.method} {request.path.partition('?')[0]}" for request in hub.requests]


@pytest.fixture
def published(hub: LoopbackHub, api: HfApi) -> str:
    api.create_repo(NAME, repo_type="dataset", private=True)
    commit = publish(api, FILES)
    hub.requests.clear()
    return commit


def test_a_commit_of_the_client_is_what_a_snapshot_brings_back(
    hub: LoopbackHub, api: HfApi, published: str, tmp_path: Path
):
    folder = Path(api.snapshot_download(NAME, repo_type="dataset", cache_dir=tmp_path))

    assert folder.name == published
    assert {path: (folder / path).read_bytes() for path in FILES} == FILES
    assert hub.repo(NAME).files().items() >= FILES.items()
    assert hub.repo(NAME).commits[-1].title == "Publish"


def test_large_and_binary_files_go_by_signed_addresses_without_the_token(
    hub: LoopbackHub, api: HfApi, tmp_path: Path
):
    api.create_repo(NAME, repo_type="dataset")
    publish(api, FILES | {"binary": b"\0\1", "long.txt": b"long " * 300_000})
    download(api, "vectors/image.npy", tmp_path)

    puts = [request for request in hub.requests if request.method == "PUT"]
    fetched = hub.requests[-1]
    assert len(puts) == 3
    assert fetched.headers["host"].startswith("localhost")
    assert fetched.sent == len(BINARY)
    for request in [*puts, fetched]:
        assert hub.signature in request.path
        assert "authorization" not in request.headers
    assert httpx.get(hub.endpoint + fetched.path.partition("?")[0]).status_code == 403


def test_what_is_unchanged_is_not_sent_again(hub: LoopbackHub, api: HfApi, published: str):
    assert publish(api, FILES) == published
    assert publish(api, FILES | {"notes.txt": b"Other notes.\n"}) != published
    publish(api, {"vectors/copy.npy": BINARY})

    assert not [line for line in sent_lines(hub) if line.startswith("PUT")]
    assert hub.repo(NAME).files()["vectors/copy.npy"] == BINARY


@pytest.mark.parametrize(("kind", "sdk"), [("dataset", None), ("space", "gradio")])
def test_repositories_are_made_and_described(
    hub: LoopbackHub, api: HfApi, kind: str, sdk: str | None
):
    url = api.create_repo(NAME, repo_type=kind, space_sdk=sdk, private=True)
    assert (url.repo_id, url.repo_type) == (NAME, kind)
    assert api.create_repo(NAME, repo_type=kind, space_sdk=sdk, exist_ok=True) == url
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_repo(NAME, repo_type=kind, space_sdk=sdk)
    info = api.repo_info(NAME, repo_type=kind)
    assert (info.private, info.sha) == (True, hub.repo(NAME, kind).commits[-1].id)
    assert hub.repo(NAME, kind).sdk == sdk
    with pytest.raises(RepositoryNotFoundError):
        api.repo_info("someone/else", repo_type=kind)


def test_listings_say_what_a_revision_holds(hub: LoopbackHub, api: HfApi, published: str):
    first = hub.repo(NAME).commits[0].id
    info = api.dataset_info(NAME, revision=published)
    tree = list(api.list_repo_tree(NAME, repo_type="dataset", recursive=True))
    top = [item.path for item in api.list_repo_tree(NAME, repo_type="dataset")]
    files = {item.path: (item.size, item.lfs) for item in tree if isinstance(item, RepoFile)}

    assert [item.rfilename for item in info.siblings] == [".gitattributes", *FILES]
    assert [item.path for item in tree] == [
        ".gitattributes",
        "notes.txt",
        "vectors",
        "vectors/image.npy",
    ]
    assert files["notes.txt"] == (12, None)
    assert files["vectors/image.npy"][1].size == len(BINARY)
    assert top == [".gitattributes", "notes.txt", "vectors"]
    commits = api.list_repo_commits(NAME, repo_type="dataset")
    assert [commit.commit_id for commit in commits] == [published, first]
    with pytest.raises(RevisionNotFoundError):
        api.repo_info(NAME, repo_type="dataset", revision="none")


def test_a_tag_names_a_revision_once(hub: LoopbackHub, api: HfApi, published: str):
    api.create_tag(NAME, tag="v/1", revision=published, repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_tag(NAME, tag="v/1", repo_type="dataset")
    later = publish(api, {"notes.txt": b"Later.\n"})

    refs = api.list_repo_refs(NAME, repo_type="dataset")
    assert {tag.name: tag.target_commit for tag in refs.tags} == {"v/1": published}
    assert {branch.name: branch.target_commit for branch in refs.branches} == {"main": later}
    assert hub.repo(NAME).files("v/1")["notes.txt"] == FILES["notes.txt"]


def test_a_commit_deletes_files(hub: LoopbackHub, api: HfApi, published: str):
    changes = [CommitOperationDelete(path) for path in FILES]
    api.create_commit(NAME, changes, commit_message="Less", repo_type="dataset")
    assert list(hub.repo(NAME).files()) == [".gitattributes"]
    with pytest.raises(BadRequestError):
        api.create_commit(NAME, changes, commit_message="Less", repo_type="dataset")


def test_a_commit_on_an_outdated_parent_is_refused(hub: LoopbackHub, api: HfApi, published: str):
    newer = hub.commit(NAME, {"notes.txt": b"Newer.\n"})
    with pytest.raises(HfHubHTTPError, match="412") as refused:
        publish(api, {"notes.txt": b"Mine.\n"}, parent_commit=published)
    assert "A commit has happened since" in str(refused.value)
    assert hub.repo(NAME).at().id == newer


def test_a_commit_names_only_objects_that_have_arrived(
    hub: LoopbackHub, api: HfApi, published: str
):
    operations = additions({"vectors/other.npy": BINARY[::-1]})
    api.preupload_lfs_files(NAME, operations, repo_type="dataset")
    hub.repo(NAME).stored.clear()
    with pytest.raises(BadRequestError, match="no such object"):
        api.create_commit(NAME, operations, commit_message="Lost", repo_type="dataset")


def test_an_object_whose_content_is_not_what_it_says_is_refused(hub: LoopbackHub, published: str):
    address = f"{hub.endpoint}/datasets/{NAME}.git/info/lfs/objects/{'0' * 64}"
    signed = f"{address}?X-Signature={hub.signature}"
    assert httpx.put(signed, content=b"something").status_code == 400
    assert httpx.put(address, content=b"something").status_code == 403


def test_without_the_token_nothing_is_written_and_nothing_private_read(
    hub: LoopbackHub, stranger: HfApi, published: str, tmp_path: Path
):
    with pytest.raises(RepositoryNotFoundError, match="401"):
        stranger.repo_info(NAME, repo_type="dataset")
    with pytest.raises(HfHubHTTPError, match="401"):
        stranger.create_repo("someone/else", repo_type="dataset")
    hub.repo(NAME).private = False
    assert download(stranger, "vectors/image.npy", tmp_path) == BINARY
    with pytest.raises(HfHubHTTPError, match="401"):
        publish(stranger, {"notes.txt": b"Graffiti.\n"})
    with pytest.raises(HfHubHTTPError, match="401"):
        publish(HfApi(hub.endpoint, "hf_wrong"), {"notes.txt": b"Graffiti.\n"})
    assert hub.repo(NAME).at().id == published


def test_a_missing_file_is_told_from_a_missing_revision(
    hub: LoopbackHub, api: HfApi, published: str, tmp_path: Path
):
    with pytest.raises(RemoteEntryNotFoundError):
        download(api, "none.txt", tmp_path)
    with pytest.raises(RevisionNotFoundError):
        get_hf_file_metadata(
            hf_hub_url(NAME, "x", repo_type="dataset", revision="none", endpoint=hub.endpoint),
            token=TOKEN,
        )


def test_ranges_of_large_and_binary_files_are_served(hub: LoopbackHub):
    hub.commit(NAME, {"image.npy": BINARY})
    files = HfFileSystem(endpoint=hub.endpoint, token=TOKEN, skip_instance_cache=True)
    for start, end in ((3, 9), (len(BINARY) - 4, len(BINARY) + 4)):
        got = files.cat_file(f"datasets/{NAME}/image.npy", start=start, end=end)
        assert got == BINARY[start:end]
        # The client reads ahead to the end of a small file, but not from its start.
        assert hub.requests[-1].sent == len(BINARY) - start


def test_a_space_has_variables_and_secrets(hub: LoopbackHub, api: HfApi):
    api.create_repo(NAME, repo_type="space", space_sdk="gradio")
    api.add_space_variable(NAME, "RELEASE", "someone/release@v1")
    api.add_space_variable(NAME, "COLOUR", "red")
    api.delete_space_variable(NAME, "COLOUR")
    api.add_space_secret(NAME, "KEY", "hidden")

    variables = api.get_space_variables(NAME)
    assert {key: item.value for key, item in variables.items()} == {"RELEASE": "someone/release@v1"}
    space = hub.repo(NAME, "space")
    assert (space.sdk, space.secrets) == ("gradio", {"KEY": "hidden"})


def test_a_commit_put_there_by_a_test_is_exactly_its_files(
    hub: LoopbackHub, api: HfApi, tmp_path: Path
):
    commit = hub.commit(NAME, FILES, tag="v1")
    hub.commit(NAME, {"notes.txt": b"Bad.\n"})

    assert hub.repo(NAME).private
    assert hub.repo(NAME).files("v1") == FILES
    info = api.dataset_info(NAME, revision="v1")
    assert (info.sha, sorted(item.rfilename for item in info.siblings)) == (commit, sorted(FILES))
    assert download(api, "notes.txt", tmp_path) == b"Bad.\n"
    hub.reset()
    with pytest.raises(KeyError):
        hub.repo(NAME)


def test_a_stopped_hub_is_out_of_reach_until_it_starts_again(
    hub: LoopbackHub, api: HfApi, published: str, tmp_path: Path
):
    hub.stop()
    with pytest.raises(HTTPError):
        api.repo_info(NAME, repo_type="dataset")
    hub.start()
    assert api.repo_info(NAME, repo_type="dataset").sha == published


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (Status(403, message="No right to write"), HfHubHTTPError, "No right to write"),
        (Status(404, "RepoNotFound"), RepositoryNotFoundError, "404"),
        (Status(502), HfHubHTTPError, "502"),
        (Cut(), HTTPError, "disconnected"),
        (Cut(handled=True), HTTPError, "disconnected"),
    ],
)
def test_a_fault_is_what_the_client_sees_until_it_is_used_up(
    hub: LoopbackHub, api: HfApi, published: str, fault: Fault, error: type, message: str
):
    hub.fail("POST .*/tag/", fault, times=1)
    with pytest.raises(error, match=message):
        api.create_tag(NAME, tag="v1", repo_type="dataset")
    assert hub.repo(NAME).tags == ({"v1": published} if fault == Cut(handled=True) else {})
    api.create_tag(NAME, tag="v2", repo_type="dataset")


def test_faults_last_until_they_are_cleared(hub: LoopbackHub, api: HfApi, published: str):
    hub.fail("GET .*/refs", Status(409))
    for _ in range(2):
        with pytest.raises(HfHubHTTPError, match="409"):
            api.list_repo_refs(NAME, repo_type="dataset")
    hub.clear()
    assert api.list_repo_refs(NAME, repo_type="dataset").tags == []


def test_a_truncated_file_is_fetched_again(
    hub: LoopbackHub, api: HfApi, published: str, tmp_path: Path
):
    hub.fail("resolve/.*npy", Truncated(), times=1)
    assert download(api, "vectors/image.npy", tmp_path) == BINARY
    sent = [request.sent for request in hub.requests if request.method == "GET"]
    assert sent == [len(BINARY) // 2, len(BINARY)]


def test_a_flipped_byte_reaches_the_disk(
    hub: LoopbackHub, api: HfApi, published: str, tmp_path: Path
):
    hub.fail("resolve/", Flipped(), times=1)
    got = download(api, "vectors/image.npy", tmp_path)
    assert len(got) == len(BINARY)
    assert sum(a != b for a, b in zip(got, BINARY, strict=True)) == 1


def test_a_slow_answer_outlasts_the_patience_of_a_client(
    hub: LoopbackHub, api: HfApi, published: str, tmp_path: Path
):
    hub.fail("HEAD .*/resolve/", Slow(0.3), times=1)
    with pytest.raises(HTTPError):
        get_hf_file_metadata(
            hf_hub_url(NAME, "notes.txt", repo_type="dataset", endpoint=hub.endpoint),
            token=TOKEN,
            timeout=0.1,
        )
    started = time.monotonic()
    hub.fail("HEAD .*/resolve/", Slow(0.3), times=1)
    assert download(api, "notes.txt", tmp_path) == FILES["notes.txt"]
    assert time.monotonic() - started > 0.3


@pytest.mark.parametrize("handled", [False, True])
def test_a_held_request_waits_before_or_after_it_is_handled(
    hub: LoopbackHub, api: HfApi, published: str, handled: bool
):
    event, reached = threading.Event(), threading.Event()
    hub.fail("POST .*/commit/", Hold(event, reached, handled), times=1)
    client = threading.Thread(target=publish, args=(api, {"notes.txt": b"Later.\n"}))
    client.start()
    assert reached.wait(10)
    assert (hub.repo(NAME).at().id != published) == handled
    event.set()
    client.join(10)
    assert hub.repo(NAME).files()["notes.txt"] == b"Later.\n"


CARD = b"""---
configs:
- config_name: articles
  data_files:
  - split: train
    path: articles.parquet
---
# Things
"""
LOADING = """
import datasets, sys
for streaming in (False, True):
    rows = datasets.load_dataset(sys.argv[1], "articles", split="train", streaming=streaming)
    row = next(iter(rows))
    print(row["name"], row["photo"].size)
"""


def parquet_with_photos() -> bytes:
    photo, table = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(photo, "png")
    rows = [{"name": "hat", "photo": {"bytes": photo.getvalue(), "path": "hat.png"}}]
    features = '{"info": {"features": {"name": {"dtype": "string", "_type": "Value"}, '
    features += '"photo": {"_type": "Image"}}}}'
    made = pa.Table.from_pylist(rows).replace_schema_metadata({"huggingface": features})
    pq.write_table(made, table)
    return table.getvalue()


def test_datasets_loads_a_published_table_with_photos(hub: LoopbackHub, api: HfApi, tmp_path: Path):
    api.create_repo(NAME, repo_type="dataset", private=True)
    publish(api, {"README.md": CARD, "articles.parquet": parquet_with_photos()})
    # Else `datasets` counts downloads at a host of its own.
    own = {"HF_HOME": str(tmp_path), "HF_UPDATE_DOWNLOAD_COUNTS": "0"}
    result = subprocess.run(
        [sys.executable, "-c", LOADING, NAME],
        env=os.environ | hub.environment | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.splitlines() == ["hat (6, 4)"] * 2, result.stderr
