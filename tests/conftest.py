"""Fixtures that several test modules share."""

import os
import tempfile

from loopback import LoopbackHub

# The Hub's clients read its address and the token when they are imported, so this comes first.
HUB = LoopbackHub()
SCRATCH = tempfile.TemporaryDirectory(prefix="more-like-this-")
# Several processes run the tests: more threads would only wait for each other.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
os.environ.update(HUB.environment, HF_HOME=SCRATCH.name, HF_UPDATE_DOWNLOAD_COUNTS="0")
os.environ["VERDICTS"] = f"{SCRATCH.name}/verdicts.json"

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from browsing import DESKTOP, PHONE, QUIET_FLAGS, WALL, Visit, chromium_path, free_port, visitor
from building import build, cut_catalogue, photo_file, read_table, trusted
from filelock import FileLock
from gradio_client import Client
from host_page import HostPage
from playwright.sync_api import Browser, sync_playwright

from recsys.catalog.articles import Catalog, read_catalog
from recsys.pipeline.training import load_triton
from recsys.release.reader import Release, open_release
from recsys.sample.sample_catalog import draw_sample
from recsys.serving.edition import Edition, LiveEdition
from recsys.serving.recommender import Recommender
from recsys.web.headers import SPACES
from recsys.web.server import launch

# Before any test trains: loaded after TensorFlow, triton ends the process.
load_triton()

HM_DATA = Path(__file__).parents[1] / "../shared/data/hm"
"""Where the real data is unless the environment says otherwise."""

PLAIN, FRAMED = "plain", "framed"
SCREENS = [(PHONE, "light", FRAMED), (DESKTOP, "dark", PLAIN)]
RARE_SCREENS = [
    (PHONE, "light", PLAIN),
    (PHONE, "dark", PLAIN),
    (DESKTOP, "light", FRAMED),
    (WALL, "light", PLAIN),
    (WALL, "dark", FRAMED),
]

TALLY = "attacks"
"""Name of the property of a test in which attacks count what they did."""

Once = Callable[[str, Callable[[Path], object]], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move tests of the whole sample's release to the front.

    Of two processes the first starts with the front half: it builds that release at once, while
    the other works on tests that do not need it instead of waiting.
    """
    items.sort(key=lambda item: "release_folder" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Once:
    """A function that makes a named folder once for all processes of a test run.

    With ``TEST_CACHE=<folder>`` these folders are kept for the next run: delete that folder after
    a change to what the sample or a release contains.
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
def hm_catalog() -> Catalog:
    """The real H&M catalogue in ``$HM_DATA``, read in place; skips the test if there is none."""
    folder = Path(os.environ.get("HM_DATA", HM_DATA))
    if not (folder / "articles.csv").is_file():
        pytest.skip("no H&M data: set HM_DATA to its folder")
    return read_catalog(folder)


@pytest.fixture(scope="session")
def release_folder(sample_folder: Path, once: Once) -> Path:
    """The release of the whole sample. Tests must not change it."""
    return trusted(once("release", lambda folder: build(sample_folder, folder)))


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
    """The small catalogue's ``release`` and its ``release.cache``. Tests must not change them."""
    folder = once("small-built", lambda folder: build(small_folder, folder / "release"))
    trusted(folder / "release")
    return folder


@pytest.fixture
def small_copy(small_built: Path, tmp_path: Path) -> Path:
    """A copy of the small release, its workspace beside it, for one test to change."""
    shutil.copytree(small_built, tmp_path / "copy")
    return tmp_path / "copy" / "release"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    """An empty loopback Hub that every client uses, with an empty download cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    HUB.start()
    yield HUB
    HUB.stop()
    HUB.reset()


@pytest.fixture(scope="session")
def host_page() -> Iterator[HostPage]:
    """A server of pages that frame the app as a Space's page does."""
    page = HostPage()
    yield page
    page.stop()


@pytest.fixture(scope="session")
def server(recommender: Recommender, host_page: HostPage) -> Iterator[str]:
    """The address of the app's server over the whole sample, one for all tests of a process."""
    live, ancestors = LiveEdition(Edition(recommender, "the tests")), (*SPACES, host_page.origin)
    page = launch(live, ancestors=ancestors, server_port=free_port(), quiet=True)
    yield page.local_url
    gr.close_all()


@pytest.fixture(scope="session")
def client(server: str) -> Client:
    """A client of the server's API."""
    return Client(server, verbose=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, one for all tests of a process; skips the test if there is none."""
    found = chromium_path()
    if not found:
        message = "no Chromium: install it, or set CHROMIUM to its path"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=QUIET_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(
    params=[DESKTOP, pytest.param(PHONE, marks=pytest.mark.exhaustive)], ids=["desktop", "phone"]
)
def visit(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[Visit]:
    """A new visitor at a desktop; in the exhaustive run with a phone, too."""
    yield from visitor(browser, server, request.param)


@pytest.fixture
def framed(browser: Browser, server: str, host_page: HostPage) -> Iterator[Visit]:
    """A new visitor at a desktop, of a page that frames the app."""
    yield from visitor(browser, server, DESKTOP, host=host_page.around(server))


@pytest.fixture(
    params=[
        *SCREENS,
        *(pytest.param(screen, marks=pytest.mark.exhaustive) for screen in RARE_SCREENS),
    ],
    ids=lambda screen: f"{screen[0][0]}-{screen[1]}-{screen[2]}",
)
def anywhere(
    request: pytest.FixtureRequest, browser: Browser, server: str, host_page: HostPage
) -> Iterator[Visit]:
    """A new visitor where layout matters: framed on a light phone, and plain on a dark desktop.

    The exhaustive run adds the other colour schemes and a very wide screen.
    """
    size, scheme, shown = request.param
    host = host_page.around(server) if shown == FRAMED else ""
    yield from visitor(browser, server, size, scheme, host)


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Counts something; the numbers of all tests are summed and shown at the end."""
    return lambda name: record_property(TALLY, name)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show how often each thing happened, over all processes."""
    reports = [each for reports in terminalreporter.stats.values() for each in reports]
    counts = Counter(
        value
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == TALLY
    )
    if counts:
        terminalreporter.section("attacks")
    for name, count in sorted(counts.items()):
        terminalreporter.write_line(f"{count:>7,}  {name}")
