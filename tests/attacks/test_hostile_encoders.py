"""No encoder of a release runs code, takes memory or ends the app."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile_encoders import ATTACKS

from recsys.errors import ReleaseError
from recsys.serving.opening import ReleaseOpener
from recsys.serving.verdicts import Verdicts
from recsys.web.verification import Verifier

pytestmark = pytest.mark.attack


def verify_and_open(folder: Path, verifier: Verifier) -> None:
    """Do with a release what the app does before it serves it."""
    opener = ReleaseOpener(verifier.verify, Verdicts())
    opener.verify(folder)
    opener.open(folder)


def test_no_release_with_a_hostile_encoder_is_opened_and_none_runs_code(
    small_built: Path, tmp_path: Path, tally: Callable[[str], None]
) -> None:
    marker = tmp_path / "marker"
    with Verifier() as verifier:
        for name, attack in ATTACKS.items():
            folder = tmp_path / "release"
            shutil.copytree(small_built / "release", folder)
            attack(folder, marker)
            with pytest.raises(ReleaseError) as refused:
                verify_and_open(folder, verifier)
            assert "\n" not in str(refused.value), name
            assert not marker.exists(), f"{name}: its code has run"
            tally("hostile encoders refused")
            shutil.rmtree(folder)
