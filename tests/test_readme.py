"""The README says what is so: its examples run, its commands exist, its links lead somewhere."""

import json
import os
import re
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import yaml

from recsys.serving.startup import AppSettings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_front_matter_describes_a_space_that_can_start():
    card = yaml.safe_load(README.split("---")[1])
    assert card["sdk"] == "gradio"
    assert card["python_version"] == "3.12"
    assert (ROOT / card["app_file"]).is_file()
    assert len(card["short_description"]) <= 60
    lowest = re.search(r"gradio\[mcp\]>=([\d.]+)", (ROOT / "requirements.txt").read_text())[1]
    wanted = tuple(map(int, card["sdk_version"].split(".")))
    assert wanted >= tuple(map(int, lowest.split(".")))


@pytest.mark.parametrize("example", blocks("python"), ids=range(len(blocks("python"))))
def test_every_python_example_runs_and_prints_something(
    example, server, recommender, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    Path("photo.jpg").write_bytes(recommender.photo(recommender.example_articles(1)[0].article_id))
    Path("example.py").write_text(example.replace("http://127.0.0.1:7860", server.rstrip("/")))
    # A thread of its own: where a browser is open, this one has a running event loop already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(runpy.run_path, "example.py").result()
    assert capsys.readouterr().out.strip()


def test_the_curl_example_gets_an_answer(server):
    example = next(block for block in blocks("bash") if "curl" in block)
    script = example.replace("http://127.0.0.1:7860/", server)
    done = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, check=True)
    assert "event: complete" in done.stdout
    assert "galleries" in done.stdout


def test_an_agent_is_told_where_the_tools_are(server):
    settings = json.loads(blocks("json")[0])
    address = settings["mcpServers"]["more-like-this"]["url"]
    page = httpx.get(address.replace("http://127.0.0.1:7860/", server))
    assert page.status_code == 200
    assert "MCP" in page.text


def test_there_is_an_example_for_every_endpoint(client):
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert named
    for endpoint in named:
        assert f'api_name="{endpoint}"' in "".join(blocks("python"))


def help_of(*command):
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, *command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return done.stdout


def test_the_help_texts_are_what_the_commands_print():
    commands = (["build_index.py"], ["-m", "recsys.deploy"], ["-m", "recsys.evaluation.evaluate"])
    assert blocks("text") == [help_of(*command) for command in commands]


def test_every_option_in_an_example_command_exists():
    commands = re.findall(
        r"(?:build_index\.py|recsys\.deploy|recsys\.evaluation) (.*)", "\n".join(blocks("bash"))
    )
    options = re.findall(r"--[a-z-]+", " ".join(commands))
    assert options
    assert all(option in "".join(blocks("text")) for option in options)


def test_the_settings_of_the_app_are_the_ones_it_reads():
    names = re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE)
    read = {}
    AppSettings.of(Reading(read))
    assert set(names) == set(read)


class Reading(dict):
    """An empty environment that notes what is asked for."""

    def __init__(self, read):
        self.read = read

    def get(self, name, default=None):
        self.read[name] = default
        return default if name != "INDEX_REPO" else "me/index"


def test_every_make_target_exists():
    targets = re.findall(r"^make (\w+)$", "\n".join(blocks("bash")), re.MULTILINE)
    assert targets == ["demo", "test"]
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}: " in makefile for target in targets)


def test_what_a_person_without_make_types_is_what_make_runs():
    makefile = (ROOT / "Makefile").read_text().replace("$(BIN)", ".venv/bin")
    for command in ("build_index.py --sample --out release", "app.py", "ruff check .", "pytest"):
        assert f".venv/bin/{'python ' if '.py' in command else ''}{command}" in makefile
        assert command in "".join(blocks("bash"))


def test_every_link_to_a_file_leads_somewhere():
    links = re.findall(r"\]\(((?!http)[^)]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).is_file(), link


def test_nothing_is_left_to_be_filled_in():
    assert not re.search(r"TODO|TBD|MEASURED_HERE", README)
