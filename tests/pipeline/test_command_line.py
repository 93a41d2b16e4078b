import subprocess
import sys
from pathlib import Path

import pytest

import build_index
from recsys.models.registry import SINGLE

SCRIPT = Path(build_index.__file__)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Run the command line in this process and return its exit status."""
    monkeypatch.setattr(sys, "argv", ["build_index.py", *map(str, arguments)])
    try:
        return build_index.main()
    except SystemExit as left:
        return int(left.code or 0)


def test_help_names_every_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--help") == 0
    output = capsys.readouterr().out
    for option in ("--data", "--sample", "--out", "--image-model", "--fewest-shoppers"):
        assert option in output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--out", "x"], "one of the arguments --data --sample is required"),
        (["--sample", "--data", "y", "--out", "x"], "not allowed with argument"),
        (["--sample"], "required: --out"),
        *(
            (["--sample", "--out", "x", f"--limit={bad}"], f"{bad!r} is not a number above 0")
            for bad in ("0", "-3", "ten", "1.5", "", "²")
        ),
    ],
)
def test_a_wrong_call_is_explained(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    complaint: str,
) -> None:
    assert run(monkeypatch, *arguments) == 2
    assert complaint in capsys.readouterr().err


def test_a_missing_catalogue_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """As the shell sees it: no traceback, no warning of a library."""
    command = [sys.executable, SCRIPT, "--data", tmp_path / "nowhere", "--out", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("build_index.py: ")
    assert "is not a folder" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_a_release_is_one_line(
    small_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    assert run(monkeypatch, "--data", small_folder, "--out", tmp_path) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) == 1
    assert "choose another folder" in output.err


def test_figures_of_fewer_than_three_shoppers_are_refused_before_a_public_build(
    small_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    public = ("--push-to", "me/index", "--public", "--i-have-the-rights")
    few = ("--fewest-shoppers", "2")
    out = tmp_path / "out"
    assert run(monkeypatch, "--data", small_folder, "--out", out, *few, *public) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "fewer than 3 shoppers must not be public" in error
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_loaded_is_one_line(
    small_folder: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    nowhere = small_copy.parent / "no-model"
    for option, model in (("--text-model", nowhere), ("--image-model", f"local-dir:{nowhere}")):
        status = run(monkeypatch, "--data", small_folder, "--out", small_copy, option, model)
        output = capsys.readouterr().err.splitlines()[-1]
        assert status == 1
        assert output.startswith("build_index.py: ")
        assert str(nowhere) in output


def test_a_finished_build_prints_its_stages_and_the_audit(
    small_folder: Path,
    small_copy: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "--data", small_folder, "--out", small_copy) == 0
    lines = capsys.readouterr().out.splitlines()
    starts = [line[:18].strip() for line in lines]
    stages = ["catalogue", "text", "image", "features", "two_tower", "articles", "release", "total"]
    for name in [*stages, *(f"{model.name} audit" for model in SINGLE)]:
        assert name in starts
    table = next(number for number, line in enumerate(lines) if "recall@12" in line)
    audits = {line.split()[0]: line.split()[1:] for line in lines[table + 1 : table + 5]}
    assert {name: cells[0] for name, cells in audits.items()} == {
        "text": "60",
        "image": "59",
        "features": "60",
        "two_tower": "60",
    }
    assert all(cells[3] == "1.0000" for cells in audits.values())
    assert lines[-1].endswith(f"is in {small_copy}")


def test_ctrl_c_says_how_to_continue(
    small_folder: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("recsys.pipeline.build.write_release", interrupt)
    assert run(monkeypatch, "--data", small_folder, "--out", small_copy) == 130
    assert "Run the same command again to continue." in capsys.readouterr().err
