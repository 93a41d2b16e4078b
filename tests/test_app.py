import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from serving import free_port

import app
from recsys.errors import ReleaseError
from recsys.manifest import MANIFEST

ROOT = Path(app.__file__).parent

START = """
import random, sys
from pathlib import Path
from app import find_release
from recsys.interface import Interface, make_page
from recsys.recommender import Recommender

recommender = Recommender(find_release(Path(sys.argv[1])))
make_page(Interface(recommender, random.SystemRandom()))
answer = recommender.similar_to_article(recommender.release.articles["article_id"][0])
assert all(gallery.matches for gallery in answer.galleries)
heavy = ("torch", "tensorflow", "open_clip", "sentence_transformers", "transformers", "tf_keras")
print([name for name in heavy if name in sys.modules])
"""


def test_the_app_starts_and_answers_without_the_libraries_that_build(small_built: Path) -> None:
    folder = small_built / "release"
    done = subprocess.run(
        [sys.executable, "-c", START, folder], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr


def test_a_release_that_is_there_is_opened_and_not_built(
    small_built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.subprocess.run", None)
    assert app.find_release(small_built / "release").manifest.articles == 60


@pytest.mark.parametrize("there", [True, False])
def test_where_there_is_none_the_sample_is_built_first(
    small_built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    folder = tmp_path / "release"
    if there:
        folder.mkdir()
    commands: list[list[str]] = []

    def run(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        shutil.copytree(small_built / "release", folder, dirs_exist_ok=True)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr("app.subprocess.run", run)
    assert app.find_release(folder).manifest.articles == 60
    expected = [sys.executable, str(ROOT / "build_index.py"), "--sample", "--out", str(folder)]
    assert commands == [expected]


def test_a_sample_that_cannot_be_built_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr("app.subprocess.run", lambda command, check: failed)
    with pytest.raises(ReleaseError, match="could not be built"):
        app.find_release(tmp_path / "release")


def test_a_damaged_release_is_refused_and_not_built_over(
    small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_copy / MANIFEST).write_text("{}")
    monkeypatch.setattr("app.subprocess.run", None)
    with pytest.raises(ReleaseError):
        app.find_release(small_copy)


def test_a_damaged_release_stops_the_app_with_one_line(
    small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (small_copy / MANIFEST).write_text("{}")
    monkeypatch.setenv("RELEASE", str(small_copy))
    with pytest.raises(SystemExit, match=r"^app\.py: Refused: [^\n]*$"):
        app.main()


def test_the_app_serves_the_release_and_the_port_of_its_environment(small_built: Path) -> None:
    port = free_port()
    settings = {"RELEASE": str(small_built / "release"), "GRADIO_SERVER_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while process.poll() is None:
            try:
                page = httpx.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.TransportError:
                time.sleep(0.2)
        assert process.poll() is None, process.communicate()[0]
        assert page.status_code == 200
        assert "More like this" in page.text
        assert "60 articles, 59 with a photo" in page.text
    finally:
        process.kill()
        process.wait()
