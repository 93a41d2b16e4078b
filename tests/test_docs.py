"""README and docs are true: examples run, commands and options exist, links lead somewhere."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
import yaml
from building import photo_file
from gradio_client import Client

from recsys.deploy import SPACE_FILES
from recsys.serving.startup import AppSettings
from recsys.web.headers import frame_ancestors
from recsys.web.limits import Limits

ROOT = Path(__file__).parents[1]
PATHS = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/*.md")),
)
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PATHS}
README, API, DEPLOY = (TEXTS[name] for name in ("README.md", "docs/api.md", "docs/deploy.md"))
ALL = "\n".join(TEXTS.values())
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
APP, ARTICLE = "http://127.0.0.1:7860", "0310352003"

MOST_WORDS, MOST_LINES = 900, 150
"""What fits on one page."""


def blocks(language: str, text: str = ALL) -> list[str]:
    """Code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def examples(language: str, containing: str = "") -> list[pytest.param]:
    """Code blocks of all texts, each under the name of its file and its number there."""
    return [
        pytest.param(block, id=f"{Path(name).stem}-{number}")
        for name, text in TEXTS.items()
        for number, block in enumerate(blocks(language, text), 1)
        if containing in block
    ]


@pytest.fixture
def folder(sample_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the ``photo.jpg`` that examples send."""
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(photo_file(sample_folder, ARTICLE), tmp_path / "photo.jpg")
    return tmp_path


@pytest.mark.parametrize("example", examples("python"))
def test_every_python_example_runs_and_prints_something(
    example: str, server: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert APP in example
    script = folder / "example.py"
    script.write_text(example.replace(APP, server.rstrip("/")))
    # A thread of its own: where a browser is open, this one has a running event loop already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(runpy.run_path, str(script)).result()
    assert capsys.readouterr().out.replace(f"Loaded as API: {server}", "").strip()


@pytest.mark.parametrize("example", examples("bash", "curl"))
def test_every_curl_example_gets_its_answers(example: str, server: str, folder: Path) -> None:
    script = example.replace(APP, server.rstrip("/"))
    done = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip()
    assert "event: error" not in done.stdout
    calls = re.findall(r"^ask \w+ ", example, re.MULTILINE)
    assert done.stdout.count("event: complete") == len(calls)


def test_the_configuration_for_agents_names_the_mcp_server(server: str) -> None:
    (configuration,) = blocks("json", API)
    address = json.loads(configuration)["mcpServers"]["more-like-this"]["url"]
    page = httpx.get(address.replace(APP, server.rstrip("/")))
    assert page.status_code == 200
    assert "MCP" in page.text


@pytest.mark.parametrize(
    "form",
    ['api_name="/{}"', "\nask {} '", '\n    "{}": {{', "`{}`](#"],
    ids=["python", "curl", "mcp", "table"],
)
def test_every_endpoint_has_an_example(client: Client, form: str) -> None:
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert named
    for endpoint in named:
        assert form.format(endpoint.removeprefix("/")) in API


def help_of(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1"},
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize(
    "command", ["build_index.py", "-m recsys.deploy", "-m recsys.pipeline.measure"]
)
def test_the_help_text_is_what_the_command_prints(command: str) -> None:
    usage = f"usage: {command if command.endswith('.py') else f'python {command}'} "
    (shown,) = [text for text in blocks("text") if text.startswith(usage)]
    assert shown == help_of(*command.split())


def test_every_option_of_an_example_command_exists() -> None:
    pattern = r"(?:build_index\.py|-m recsys\.[\w.]+) (.*)"
    commands = re.findall(pattern, "\n".join(blocks("bash")))
    options = re.findall(r"--[a-z-]+", " ".join(commands))
    assert options
    assert [option for option in options if option not in "".join(blocks("text"))] == []


def test_every_module_that_is_run_exists() -> None:
    modules = set(re.findall(r"python -m ([\w.]+)", ALL)) - {"venv"}
    assert modules
    assert [name for name in sorted(modules) if find_spec(name) is None] == []


def test_every_path_of_the_project_exists() -> None:
    """Paths in code blocks and in backticks."""
    pattern = r"(?<![\w./])(?:recsys|tests|benchmarks|docs|\.ci)/[\w./-]*\w"
    paths = set(re.findall(pattern, ALL))
    assert len(paths) > 10
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


class RecordedReads(dict[str, str]):
    """An empty environment that records which variables are read."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        self.names.add(name)
        return "me/index" if name == "INDEX_REPO" else default


def test_the_table_of_settings_is_complete() -> None:
    environment = RecordedReads()
    AppSettings.of(environment)
    Limits.of(environment)
    frame_ancestors(environment)
    table = DEPLOY.partition("\n## Serve\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)) == environment.names


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"(?:^|`)make ([\w-]+)", ALL, re.MULTILINE))
    assert targets >= {"demo", "test", "test-all", "lint"}
    assert [target for target in sorted(targets) if f"\n{target}:" not in MAKEFILE] == []
    assert re.findall(r"^make ([\w-]+)$", README, re.MULTILINE) == ["demo", "test"]


def test_what_to_type_without_make_is_what_make_runs() -> None:
    made = MAKEFILE.replace("$(BIN)", ".venv/bin").replace("$(SOURCES)", "$(git ls-files '*.py')")
    without = [block for block in blocks("bash", README) if "-m venv" in block]
    commands = [line for block in without for line in block.splitlines() if line.startswith(".")]
    commands = [line for line in commands if "pip install" not in line]
    assert len(commands) == 7
    assert [line for line in commands if f"\t{line}\n" not in made] == []


def anchor(heading: str) -> str:
    """The anchor that GitHub and the Hub give a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", TEXTS)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(((?!http)[^)\s]+)\)", TEXTS[name]):
        path, _, fragment = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.is_file(), link
        if fragment:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment in map(anchor, headings), link


def test_every_link_of_the_readme_leads_somewhere_on_a_space() -> None:
    sent = {path for pattern in SPACE_FILES for path in ROOT.glob(pattern)}
    links = re.findall(r"\]\(((?!http)[^)#]+)", README)
    assert links
    assert [link for link in links if ROOT / link not in sent] == []


def test_screenshots_are_kept_if_and_only_if_they_are_shown() -> None:
    shown = set(re.findall(r"\]\((?:docs/)?([\w-]+\.webp)\)", ALL))
    listed = subprocess.run(
        ["git", "ls-files", "docs/*.webp"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("no git repository here")
    assert {Path(path).name for path in listed.stdout.split()} == shown


def test_the_readme_is_one_page() -> None:
    assert len(README.split()) <= MOST_WORDS
    assert len(README.splitlines()) <= MOST_LINES


def test_the_front_matter_describes_a_space_that_can_start() -> None:
    card = yaml.safe_load(README.split("---")[1])
    assert card["sdk"] == "gradio"
    assert card["python_version"] == "3.12"
    assert (ROOT / card["app_file"]).is_file()
    assert len(card["short_description"]) <= 60
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    (lowest,) = re.findall(r"gradio\[mcp\]>=([\d.]+)", requirements)
    assert version(card["sdk_version"]) >= version(lowest)


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def test_the_version_is_the_same_everywhere() -> None:
    (project,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    (package,) = re.findall(
        r'^__version__ = "(.+)"$', (ROOT / "recsys/__init__.py").read_text(), re.M
    )
    newest = re.findall(r"^## ([\d.]+) ", TEXTS["CHANGELOG.md"], re.MULTILINE)[0]
    assert project == package == newest


def test_nothing_is_left_to_be_filled_in() -> None:
    assert not re.search(r"TODO|TBD|FIXME|MEASURED_HERE", ALL)
