"""Deploying the Space, and the Space itself: its files, started as they were sent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from browsing import RunningApp
from building import edition, reseal
from loopback import LoopbackHub

from recsys.deploy import ROOT, Deployment, deploy
from recsys.errors import HubError, ReleaseError
from recsys.release.hub import IndexRepo, PublishedVersion, Visibility, publish
from recsys.release.manifest import read_manifest

INDEX, SPACE = "me/index", "me/space"
READ_TOKEN = "hf_readTOKENyyyyyyyyyyyy"  # noqa: S105 (opens nothing)


@pytest.fixture
def published(hub: LoopbackHub, small_built: Path) -> PublishedVersion:
    return publish(small_built / "release", INDEX, Visibility())


def deployment(pinned: str = "", public: bool = False, **more: str) -> Deployment:
    return Deployment(SPACE, IndexRepo(INDEX, pinned), Visibility(public), **more)


def style_files() -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in ROOT.glob("recsys/web/static/*.css")}


def front_matter(hub: LoopbackHub) -> dict[str, object]:
    text = hub.repo(SPACE, "space").files()["README.md"].decode()
    matter: dict[str, object] = yaml.safe_load(text.split("---")[1])
    return matter


def test_a_space_gets_the_app_its_variables_and_nothing_else(
    hub: LoopbackHub, published: PublishedVersion
) -> None:
    address = deploy(deployment())
    space = hub.repo(SPACE, "space")
    assert address.endswith("spaces/me/space")
    assert (space.private, space.sdk) == (True, "gradio")
    assert space.variables == {"INDEX_REPO": INDEX}
    assert space.secrets == {}
    assert len(space.commits) == 2
    files = space.files()
    assert {"app.py", "build_index.py", "requirements.txt", "recsys/web/server.py"} <= files.keys()
    assert {"recsys/release/templates/dataset_card.md.jinja", *style_files()} <= files.keys()
    assert files["recsys/models/text.py"] == (ROOT / "recsys/models/text.py").read_bytes()
    assert not [path for path in files if "__pycache__" in path or path.startswith("tests/")]


def test_the_readme_of_the_space_is_the_projects_and_names_the_index(
    hub: LoopbackHub, published: PublishedVersion
) -> None:
    deploy(deployment())
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    sent = hub.repo(SPACE, "space").files()["README.md"].decode()
    assert sent.split("---\n", 2)[2].strip() == text.split("---\n", 2)[2].strip()
    expected = yaml.safe_load(text.split("---")[1]) | {"datasets": [INDEX]}
    assert front_matter(hub) == expected


def test_the_links_of_the_readme_lead_somewhere_on_the_space(
    hub: LoopbackHub, published: PublishedVersion
) -> None:
    deploy(deployment())
    files = hub.repo(SPACE, "space").files()
    for link in ("docs/design.md", "docs/article-1440-light.webp", "LICENSE"):
        assert f"({link})" in files["README.md"].decode()
        assert files[link] == (ROOT / link).read_bytes()


def test_the_deployed_files_start_and_answer(
    hub: LoopbackHub, published: PublishedVersion, small_built: Path, tmp_path: Path
) -> None:
    deploy(deployment())
    space = hub.repo(SPACE, "space")
    for path, data in space.files().items():
        (tmp_path / "space" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "space" / path).write_bytes(data)
    cache = {"HF_HUB_CACHE": str(tmp_path / "hub-cache")}
    app = RunningApp(
        tmp_path / "space", tmp_path / "space" / "app.py", **space.variables, **cache
    ).wait()
    try:
        found = app.client().predict("0310352003", api_name="/similar_to_article")
        assert found["release"] == read_manifest(small_built / "release").checksum[:12]
    finally:
        app.stop()


def test_deployed_again_unchanged_nothing_happens_to_the_space(
    hub: LoopbackHub, published: PublishedVersion
) -> None:
    deploy(deployment())
    hub.requests.clear()
    deploy(deployment())
    assert len(hub.repo(SPACE, "space").commits) == 2
    changes = [request for request in hub.requests if request.method in ("PUT", "DELETE")]
    settings = [request for request in hub.requests if request.path.endswith(("bles", "secrets"))]
    assert changes == []
    assert [request.method for request in settings] == ["GET"]


def test_a_pinned_version_is_a_variable_that_goes_when_it_is_pinned_no_more(
    hub: LoopbackHub, published: PublishedVersion
) -> None:
    deploy(deployment(pinned=published.name))
    space = hub.repo(SPACE, "space")
    assert space.variables == {"INDEX_REPO": INDEX, "INDEX_REVISION": published.name}
    deploy(deployment())
    assert space.variables == {"INDEX_REPO": INDEX}


def test_other_variables_and_files_the_hub_keeps_are_left_and_old_files_go(
    hub: LoopbackHub, published: PublishedVersion
) -> None:
    hub.commit(SPACE, {"old.py": b"print()", ".gitattributes": b"x\n"}, kind="space")
    space = hub.repo(SPACE, "space")
    space.variables["REFRESH_MINUTES"] = "60"
    deploy(deployment())
    assert space.variables["REFRESH_MINUTES"] == "60"
    assert "old.py" not in space.files()
    assert space.files()[".gitattributes"] == b"x\n"


def test_a_public_index_is_preloaded_whole_at_its_commit(
    hub: LoopbackHub, small_built: Path
) -> None:
    published = publish(small_built / "release", INDEX, Visibility(public=True))
    deploy(deployment(public=True))
    (line,) = front_matter(hub)["preload_from_hub"]
    name, files, commit = line.split(" ")
    manifest = read_manifest(small_built / "release")
    assert (name, commit) == (INDEX, published.commit)
    assert set(files.split(",")) == {*manifest.files, "manifest.json"}
    assert not hub.repo(SPACE, "space").private


@pytest.mark.parametrize("exists", [False, True], ids=["new", "there"])
def test_what_may_not_be_passed_on_is_not_shown_openly(
    hub: LoopbackHub, small_built: Path, tmp_path: Path, exists: bool
) -> None:
    closed = edition(small_built / "release", tmp_path / "closed", 2)
    reseal(closed, license="")
    publish(closed, INDEX, Visibility())
    if exists:
        hub.create(SPACE, "space", private=False, sdk="gradio")
    with pytest.raises(ReleaseError, match="not marked as redistributable"):
        deploy(deployment(public=not exists))
    assert ("space", SPACE) not in hub.repos or len(hub.repo(SPACE, "space").commits) == 1
    deploy(Deployment(SPACE, IndexRepo(INDEX), Visibility(public=True, rights=True)))
    assert "app.py" in hub.repo(SPACE, "space").files()


@pytest.mark.parametrize("exists", [False, True], ids=["new", "there"])
def test_figures_of_fewer_than_three_shoppers_are_not_shown_openly(
    hub: LoopbackHub, small_built: Path, tmp_path: Path, exists: bool
) -> None:
    closed = edition(small_built / "release", tmp_path / "closed", 2)
    reseal(closed, fewest_shoppers=2)
    publish(closed, INDEX, Visibility())
    if exists:
        hub.create(SPACE, "space", private=False, sdk="gradio")
    with pytest.raises(ReleaseError, match="fewer than 3 shoppers must not be public"):
        deploy(Deployment(SPACE, IndexRepo(INDEX), Visibility(public=not exists, rights=True)))
    assert ("space", SPACE) not in hub.repos or len(hub.repo(SPACE, "space").commits) == 1


def test_a_private_space_is_not_left_private_unawares(
    hub: LoopbackHub, published: PublishedVersion
) -> None:
    deploy(deployment())
    with pytest.raises(HubError, match="make it public in its settings"):
        deploy(deployment(public=True))
    assert hub.repo(SPACE, "space").private


def test_without_its_index_no_space_is_made(hub: LoopbackHub) -> None:
    with pytest.raises(HubError, match="me/index does not exist"):
        deploy(deployment())
    assert hub.repos == {}


@pytest.mark.parametrize("name", ["space", "me/my space", "a/b/c"])
def test_a_name_that_is_none_is_told_before_anything_is_made(
    hub: LoopbackHub, published: PublishedVersion, name: str
) -> None:
    with pytest.raises(HubError, match="write namespace/name"):
        deploy(Deployment(name, IndexRepo(INDEX), Visibility()))
    assert [kind for kind, _ in hub.repos] == ["dataset"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recsys.deploy", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_the_command_says_where_the_space_is_and_no_token(
    hub: LoopbackHub, published: PublishedVersion
) -> None:
    done = run(
        *(SPACE, "--index", INDEX, "--token-from", "SPACE_TOKEN"),
        SPACE_TOKEN=READ_TOKEN,
        HF_DEBUG="1",
        HF_HUB_VERBOSITY="debug",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{SPACE} serves {INDEX}: http")
    assert hub.repo(SPACE, "space").secrets == {"HF_TOKEN": READ_TOKEN}
    for secret in (READ_TOKEN, os.environ["HF_TOKEN"], hub.signature):
        assert secret not in done.stdout + done.stderr


def test_a_token_that_is_not_there_is_told_before_anything_happens(hub: LoopbackHub) -> None:
    done = run(SPACE, "--index", INDEX, "--token-from", "SPACE_TOKEN", SPACE_TOKEN="")
    assert done.returncode == 1
    assert done.stderr == "deploy: The environment variable SPACE_TOKEN is empty.\n"
    assert not hub.requests
