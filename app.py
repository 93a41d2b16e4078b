"""The app: find a release, serve the page and the API.

Settings come from the environment: ``INDEX_REPO``, the dataset repo to follow (its newest tag, or
``INDEX_REVISION``; looked at every ``REFRESH_MINUTES``, by default 5), and ``RELEASE``, a local
release folder (by default ``release``). `recsys.serving.startup` says which release is served;
verdicts on releases are kept in the file ``VERDICTS``, by default in the user's cache folder. Each
query is a line of JSON in the log, with its words if ``LOG_WORDS=1``. ``FRAME_ANCESTORS`` names
further sites that may show the page in a frame; `recsys.web.limits.Limits` reads what one client
may do.
"""

import logging
import os

from recsys.errors import RecsysError
from recsys.models.device import declare_gpu_use
from recsys.serving.monitoring import log_queries
from recsys.serving.startup import AppSettings, serve
from recsys.web.headers import frame_ancestors
from recsys.web.limits import Limits
from recsys.web.server import launch
from recsys.web.verification import verify


def main() -> None:
    """Serve until stopped."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    declare_gpu_use()
    logging.getLogger("recsys").setLevel(logging.INFO)
    try:
        settings, limits = AppSettings.of(os.environ), Limits.of(os.environ)
        ancestors = frame_ancestors(os.environ)
        live = serve(settings, verify)
    except RecsysError as error:
        raise SystemExit(f"app.py: {error}") from error
    log_queries(settings.log_words)
    launch(live, limits, ancestors).block_thread()


if __name__ == "__main__":
    main()
