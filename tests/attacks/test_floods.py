"""While one client floods the app, another is answered, and memory and disk stay bounded.

How long the other client waits is measured by ``benchmarks/floods.py``.
"""

import base64
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from browsing import RunningApp
from floods import Attacker, call, join, upload
from gradio_client import Client, handle_file
from PIL import Image

from recsys.release.reader import open_release
from recsys.web.limits import Limits
from recsys.web.own_photo import DATA_PREFIX

pytestmark = pytest.mark.attack

MOST_MEMORY = 1_500_000_000
"""Bytes that a flood may add: encoders being loaded take about half of it."""

MOST_DISK = 600_000_000
"""Bytes of uploads that may lie on the disk at any time."""

DEEP = "[" * 100_000 + "]" * 100_000

_NOISE = io.BytesIO()
Image.effect_noise((1024, 1024), 60).save(_NOISE, "JPEG", quality=85)
OWN_PHOTO = DATA_PREFIX + base64.b64encode(_NOISE.getvalue()).decode()
"""As large as the page's script makes one."""

FLOODS: dict[str, Callable[[Attacker, list[str]], None]] = {
    "many articles": lambda attacker, ids: attacker.send(
        60, lambda client, n: call(client, "similar_to_articles", [(ids * 9)[n : n + 256], 48])
    ),
    "fewer articles": lambda attacker, ids: attacker.send(
        150, lambda client, n: call(client, "similar_to_articles", [(ids * 9)[n : n + 60], 48])
    ),
    "words": lambda attacker, ids: attacker.send(
        800, lambda client, n: call(client, "search_words", [f"dress number {n}", 48])
    ),
    "composed": lambda attacker, ids: attacker.send(
        300, lambda client, n: call(client, "compose", [f"dress {n}", ids[n % len(ids)], None, 0.5])
    ),
    "anonymous calls": lambda attacker, ids: attacker.send(
        1100, lambda client, n: call(client, "similar_to_article", [ids[n % len(ids)], 48])
    ),
    "page events": lambda attacker, ids: attacker.send(
        300,
        lambda client, n: join(
            client,
            {
                "fn_index": n % 3,
                "session_hash": f"attack{n}",
                "data": [None],
                "event_data": {"address": f"?words=dress+{n}"},
            },
        ),
    ),
    "photos on the page": lambda attacker, ids: attacker.send(
        300,
        lambda client, n: join(
            client,
            {
                "fn_index": 1,
                "session_hash": f"attack{n}",
                "data": [None],
                "event_data": {"address": f"?photo=own-{n:08x}", "photo": OWN_PHOTO},
            },
        ),
    ),
    "uploads": lambda attacker, ids: attacker.send(
        135, lambda client, n: upload(client, 9_400_000)
    ),
    "uploads of many files": lambda attacker, ids: attacker.send(
        6, lambda client, n: upload(client, 9_400_000, files=20)
    ),
    "large bodies": lambda attacker, ids: attacker.send(
        16, lambda client, n: call(client, "search_words", ["x" * 150_000_000, 12])
    ),
    "deep bodies": lambda attacker, ids: attacker.send(
        60,
        lambda client, n: client.post(
            "/gradio_api/call/for_basket",
            content=f'{{"data": [{DEEP}, 12]}}',
            headers={"content-type": "application/json"},
        ),
    ),
    "long lists": lambda attacker, ids: attacker.send(
        60, lambda client, n: call(client, "for_basket", [["0108775015"] * 60_000, 12])
    ),
    "open streams": lambda attacker, ids: attacker.send(300, _leave_stream),
}


def _leave_stream(client: httpx.Client, number: int) -> httpx.Response:
    """Open a stream of answers and leave it at once."""
    path = f"/gradio_api/queue/data?session_hash=attack{number}"
    with client.stream("GET", path) as answer:
        return answer


@pytest.fixture(scope="module")
def app(release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("flooded")
    (folder / "tmp").mkdir()
    limits = {"CLIENT_CALLS": str(Limits.calls), "CLIENT_RATE": str(Limits.rate)}
    running = RunningApp(
        folder, RELEASE=str(release_folder), TMPDIR=str(folder / "tmp"), **limits
    ).wait()
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def photo(release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    path.write_bytes(open_release(release_folder).photo(0) or b"")
    return path


def test_floods(
    app: RunningApp, release_folder: Path, photo: Path, tally: Callable[[str], None]
) -> None:
    ids = open_release(release_folder).articles["article_id"].tolist()
    visitor = Client(app.address, verbose=False)
    search = lambda: visitor.predict(handle_file(photo), 12, {}, api_name="/similar_to_photo")  # noqa: E731
    expected = search()
    process = psutil.Process(app._process.pid)
    before = process.memory_info().rss
    for name, flood in FLOODS.items():
        attacker = Attacker(app.address)
        flood(attacker, ids)
        tally("floods")
        for status, count in attacker.statuses.items():
            for _ in range(count):
                tally(f"answers to floods with status {status}")
        assert process.is_running(), name
        assert not any(status >= 500 and status != 503 for status in attacker.statuses), (
            name,
            attacker.statuses,
        )
        assert search() == expected, name
        assert _bytes_below(app_folder(app) / "tmp") < MOST_DISK, name
        grown = process.memory_info().rss - before
        assert grown < MOST_MEMORY, (name, grown)
    assert "Traceback" not in app.log
    assert json.dumps(expected)


def app_folder(app: RunningApp) -> Path:
    return Path(psutil.Process(app._process.pid).cwd())


def _bytes_below(folder: Path) -> int:
    sizes = 0
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root) / name
            sizes += path.stat().st_size if path.exists() else 0
    return sizes
