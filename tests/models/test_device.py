import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from recsys.models.device import declare_gpu_use, on_zero_gpu
from recsys.models.image import ImageEncoder


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("true", True), ("", False), ("false", False)]
)
def test_a_space_on_zero_gpu_is_known_by_its_environment(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: bool
) -> None:
    monkeypatch.setenv("SPACES_ZERO_GPU", value)
    assert on_zero_gpu() is expected


def test_a_gpu_use_is_declared_where_spaces_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = []
    monkeypatch.setitem(sys.modules, "spaces", SimpleNamespace(GPU=declared.append))
    declare_gpu_use()
    assert len(declared) == 1
    assert callable(declared[0])


def test_without_spaces_nothing_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spaces", None)
    declare_gpu_use()


def test_on_zero_gpu_photos_are_read_on_the_cpu_though_torch_claims_a_gpu(
    small_built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    encoder = ImageEncoder(f"local-dir:{small_built / 'release' / 'encoders' / 'image'}")
    assert encoder.encode([Image.new("RGB", (30, 40), "red")]).shape == (1, 1280)


def test_the_app_declares_its_use_before_torch_is_imported() -> None:
    script = """
import sys
from types import SimpleNamespace
order = []
sys.modules["spaces"] = SimpleNamespace(GPU=lambda task: order.append("torch" in sys.modules))
import app
app.serve = lambda settings, verify: order.append("serve")
page = SimpleNamespace(block_thread=lambda: order.append("launch"))
app.launch = lambda live, limits, ancestors: page
app.main()
print(order)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert done.stdout == "[False, 'serve', 'launch']\n", done.stderr
