"""The Space: find a release, serve the page.

AppSettings come from the environment: ``INDEX_REPO`` names the dataset repo to follow (its newest
tag, or ``INDEX_REVISION``; looked at every ``REFRESH_MINUTES``, 5 by default), ``RELEASE`` a local
release folder (``release`` by default). Every query is a line of JSON in the log;
``LOG_WORDS=1`` lets the words in. How the app always starts is told in `recsys.serving.startup`.
"""

import logging
import os

from recsys.errors import RecsysError
from recsys.models.device import declare_gpu_use
from recsys.serving.monitoring import log_queries
from recsys.serving.startup import AppSettings, serve
from recsys.web.server import launch


def main() -> None:
    """Serve until stopped."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    declare_gpu_use()
    logging.getLogger("recsys").setLevel(logging.INFO)
    try:
        settings = AppSettings.of(os.environ)
        live = serve(settings)
    except RecsysError as error:
        raise SystemExit(f"app.py: {error}") from error
    log_queries(settings.log_words)
    launch(live).block_thread()


if __name__ == "__main__":
    main()
