import logging
from collections.abc import Iterator

import pytest

from recsys.release.log_redaction import REDACTED_LOGGERS, redact_logs, without_secrets

ADDRESS = "https://cdn.somewhere/some/file"
SECRET = "c0ffee"  # noqa: S105 (opens nothing)
SIGNED = f"{ADDRESS}?X-Expires=60&X-Signature={SECRET}&Key-Pair-Id=K~1_%3D-"


@pytest.fixture(params=REDACTED_LOGGERS)
def talker(request: pytest.FixtureRequest) -> Iterator[logging.Logger]:
    """A logger that writes addresses down, at every level, as it is before anybody asks."""
    logger = logging.getLogger(request.param)
    filters, level = list(logger.filters), logger.level
    logger.filters.clear()
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.filters[:] = filters
    logger.setLevel(level)


@pytest.fixture
def heard(talker: logging.Logger) -> Iterator[list[str]]:
    """What a handler of that logger writes."""
    messages: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(self.format(record))

    listener = Listener()
    talker.addHandler(listener)
    yield messages
    talker.removeHandler(listener)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("", ""),
        ("No address at all", "No address at all"),
        (ADDRESS, ADDRESS),
        (SIGNED, f"{ADDRESS}?…"),
        (f"PUT {SIGNED} HTTP/1.1", f"PUT {ADDRESS}?… HTTP/1.1"),
        (f"curl -X PUT -d '' '{SIGNED}'", f"curl -X PUT -d '' '{ADDRESS}?…'"),
        (f'HTTP Request: PUT {SIGNED} "200"', f'HTTP Request: PUT {ADDRESS}?… "200"'),
        (f"[(b'Location', b'{SIGNED}')]", f"[(b'Location', b'{ADDRESS}?…')]"),
        (f"({SIGNED})\n<{ADDRESS}?b=1\n2", f"({ADDRESS}?…)\n<{ADDRESS}?…\n2"),
        ("Is it there? No", "Is it there? No"),
        (
            f"""-d '{{"key": "HF_TOKEN", "value": "{SECRET}"}}' {ADDRESS}""",
            f"""-d '{{"key": "HF_TOKEN", "value": "…"}}' {ADDRESS}""",
        ),
        (f'{{"value":"{SECRET}"}}', '{"value":"…"}'),
    ],
)
def test_queries_are_left_out_and_all_else_is_kept(text: str, redacted: str) -> None:
    assert without_secrets(text) == redacted
    assert without_secrets(redacted) == redacted


def test_every_talkative_logger_is_silent_about_signatures(
    talker: logging.Logger, heard: list[str]
) -> None:
    redact_logs()
    talker.debug("Request %s: %s %s (authenticated: %s)", 7, "PUT", SIGNED, False)
    talker.warning(f"'broken' thrown while requesting PUT {SIGNED}")
    talker.info("100% done")
    assert heard == [
        f"Request 7: PUT {ADDRESS}?… (authenticated: False)",
        f"'broken' thrown while requesting PUT {ADDRESS}?…",
        "100% done",
    ]


def test_without_redaction_the_loggers_would_say_all(
    talker: logging.Logger, heard: list[str]
) -> None:
    talker.warning("GET %s", SIGNED)
    assert heard == [f"GET {SIGNED}"]


def test_redacting_twice_is_redacting_once(talker: logging.Logger, heard: list[str]) -> None:
    redact_logs()
    once = list(talker.filters)
    redact_logs()
    talker.warning("GET %s", SIGNED)
    assert talker.filters == once
    assert len(once) == 1
    assert heard == [f"GET {ADDRESS}?…"]


def test_other_loggers_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    redact_logs()
    logging.getLogger("recsys.release.hub").warning("Is %s it?", SIGNED)
    assert caplog.messages == [f"Is {SIGNED} it?"]
