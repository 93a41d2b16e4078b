"""Keeps secrets out of the log, at every level.

The Hub's client hides the token itself. But it sends files to signed addresses, which open to
whoever has them, and it and its HTTP library write those addresses down.
"""

import logging
import re

TALKATIVE = (
    "huggingface_hub.file_download",
    "huggingface_hub.utils._http",
    "httpx",
    "httpx2",
    *(f"httpcore{n}.{part}" for n in ("", "2") for part in ("connection", "http11", "http2")),
)
"""The loggers that write addresses down: of the client, and of either HTTP library it may use."""

QUERY = re.compile(r"\?[^\s'\"()\[\]]+")


def without_queries(text: str) -> str:
    """Return a text with the query of every address in it left out: that is where signatures are.

    >>> without_queries("PUT https://host/file?Signature=abc HTTP/1.1")
    'PUT https://host/file?… HTTP/1.1'
    """
    return QUERY.sub("?…", text)


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_queries(record.getMessage()), ()
        return True


_REDACTION = _Redaction()


def redact_logs() -> None:
    """Have the signatures of addresses left out of all that is logged from now on."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_REDACTION)
