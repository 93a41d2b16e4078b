"""The Space: find a release, make a recommender, serve the page.

The release is the folder named by the environment variable ``RELEASE`` (``release`` by default).
Where there is none, the sample catalogue is drawn and built there first.
"""

import logging
import os
import subprocess
import sys
from pathlib import Path

from recsys.errors import RecsysError, ReleaseError
from recsys.interface import launch
from recsys.manifest import MANIFEST
from recsys.recommender import Recommender
from recsys.release import Release, open_release

logger = logging.getLogger("app")


def find_release(folder: Path) -> Release:
    """Open the release in ``folder``; build the sample there if there is nothing yet."""
    if not (folder / MANIFEST).exists():
        logger.warning("No release in %s: building the sample there.", folder)
        script = Path(__file__).with_name("build_index.py")
        # In a process of its own: the app itself needs neither torch nor TensorFlow to start.
        command = [sys.executable, str(script), "--sample", "--out", str(folder)]
        if subprocess.run(command, check=False).returncode:
            raise ReleaseError(f"The sample could not be built in {folder}.")
    return open_release(folder)


def main() -> None:
    """Serve until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        release = find_release(Path(os.environ.get("RELEASE", "release")))
    except RecsysError as error:
        raise SystemExit(f"app.py: {error}") from error
    launch(Recommender(release))


if __name__ == "__main__":
    main()
