"""Fixtures that several test modules share."""

import os
import tempfile

from loopback import LoopbackHub

# Where the Hub is and who asks is read by its clients when they are imported, so it comes first.
HUB = LoopbackHub()
SCRATCH = tempfile.TemporaryDirectory(prefix="more-like-this-")
# The processes that run the tests share the cores: threads that wait for work must not spin.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
os.environ.update(HUB.environment, HF_HOME=SCRATCH.name, HF_UPDATE_DOWNLOAD_COUNTS="0")

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr
import pytest
from browsing import QUIET_FLAGS, Visit, chromium_path, free_port
from building import build, cut_catalogue, photo_file, read_table
from filelock import FileLock
from gradio_client import Client
from playwright.sync_api import Browser, sync_playwright

from recsys.release.reader import Release, open_release
from recsys.sample.sample_catalog import draw_sample
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.server import launch

DESKTOP, PHONE, WALL = (1440, 900), (390, 844), (2560, 1440)


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """Makes a folder by its name, once for all the processes that run the tests.

    ``TEST_CACHE`` names a folder in which these stay for the next run: delete it after a change
    that makes other samples or releases.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    shared = Path(os.environ.get("TEST_CACHE", shared)).absolute()
    shared.mkdir(parents=True, exist_ok=True)

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder = shared / name
        with FileLock(shared / f"{name}.lock"):
            if not folder.exists():
                make(shared / f"{name}.partial")
                (shared / f"{name}.partial").rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def sample_folder(once: Once) -> Path:
    """The whole sample catalogue. Tests must not change it."""
    return once("sample", draw_sample)


@pytest.fixture(scope="session")
def release_folder(sample_folder: Path, once: Once) -> Path:
    """The release of the whole sample. Tests must not change it."""
    return once("release", lambda folder: build(sample_folder, folder))


@pytest.fixture(scope="session")
def release(release_folder: Path) -> Release:
    """The opened release of the whole sample."""
    return open_release(release_folder)


@pytest.fixture(scope="session")
def recommender(release: Release) -> Recommender:
    """A recommender over the whole sample."""
    return Recommender(release)


@pytest.fixture(scope="session")
def small_folder(sample_folder: Path, once: Once) -> Path:
    """The sample's first 60 articles; the last has no photo. Tests must not change it."""

    def cut(folder: Path) -> None:
        cut_catalogue(sample_folder, folder, articles=60)
        last = read_table(folder / "articles.csv")["article_id"].iloc[-1]
        photo_file(folder, last).unlink(missing_ok=True)

    return once("small", cut)


@pytest.fixture(scope="session")
def small_built(small_folder: Path, once: Once) -> Path:
    """A folder with the small catalogue's `release` and its workspace. Tests must not change it."""
    return once("small-built", lambda folder: build(small_folder, folder / "release"))


@pytest.fixture
def small_copy(small_built: Path, tmp_path: Path) -> Path:
    """A small release of the test's own, its workspace beside it."""
    shutil.copytree(small_built, tmp_path / "copy")
    return tmp_path / "copy" / "release"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    """An empty Hub on this machine, which every client takes for the real one; an empty cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    HUB.start()
    yield HUB
    HUB.stop()
    HUB.reset()


@pytest.fixture(scope="session")
def server(recommender: Recommender) -> Iterator[str]:
    """The address of the real server over the whole sample."""
    live = LiveEdition(Edition(recommender, "the tests"))
    yield launch(live, server_port=free_port(), quiet=True).local_url
    gr.close_all()


@pytest.fixture(scope="session")
def client(server: str) -> Client:
    """A client of the server's API."""
    return Client(server, verbose=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    found = chromium_path()
    if not found:
        complaint = "no Chromium: install one or name it in the environment variable CHROMIUM"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(complaint)
        pytest.skip(complaint)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=QUIET_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def visit(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[Visit]:
    """A new visitor, once at a desk and once with a phone."""
    visitor = Visit(browser, server, *request.param)
    yield visitor
    visitor.context.close()


@pytest.fixture(
    params=[(size, scheme) for size in (PHONE, DESKTOP, WALL) for scheme in ("light", "dark")],
    ids=lambda screen: f"{screen[0][0]}-{screen[1]}",
)
def anywhere(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[Visit]:
    """A new visitor, at every size of screen, by day and by night."""
    size, scheme = request.param
    visitor = Visit(browser, server, *size, scheme)
    yield visitor
    visitor.context.close()
