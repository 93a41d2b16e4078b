"""Keeps secrets out of the log, at every level.

The Hub's client hides its own token. But it sends files to signed addresses, which open to whoever
has them, and it and its HTTP library write those down, and the values of a Space's secrets too.
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
VALUE = re.compile(r'("value"\s*:\s*)"[^"]*"')


def without_secrets(text: str) -> str:
    """Return a text without what must not be read in a log.

    Left out are the queries of addresses, where signatures are, and the values of settings.

    >>> without_secrets("PUT https://host/file?Signature=abc HTTP/1.1")
    'PUT https://host/file?… HTTP/1.1'
    """
    return VALUE.sub(r'\1"…"', QUERY.sub("?…", text))


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_secrets(record.getMessage()), ()
        return True


_REDACTION = _Redaction()


def redact_logs() -> None:
    """Have secrets left out of all that the Hub's client logs from now on."""
    for name in TALKATIVE:
        logging.getLogger(name).addFilter(_REDACTION)
