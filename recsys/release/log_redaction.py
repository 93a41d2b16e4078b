"""Keep secrets out of the log, at every level.

The Hub's client hides its own token. But it sends files to signed addresses, which work for anybody
who has them, and it and its HTTP library log these addresses and the values of a Space's secrets.
"""

import logging
import re

REDACTED_LOGGERS = (
    "huggingface_hub.file_download",
    "huggingface_hub.utils._http",
    "httpx",
    "httpx2",
    *(f"httpcore{n}.{part}" for n in ("", "2") for part in ("connection", "http11", "http2")),
)
"""The loggers that write addresses: of the client, and of either HTTP library it may use."""

QUERY = re.compile(r"\?[^\s'\"()\[\]]+")
VALUE = re.compile(r'("value"\s*:\s*)"[^"]*"')


def without_secrets(text: str) -> str:
    """Return a text without queries of addresses, where signatures are, and values of settings.

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
    """Leave secrets out of the messages that the Hub's client logs from now on."""
    for name in REDACTED_LOGGERS:
        logging.getLogger(name).addFilter(_REDACTION)
