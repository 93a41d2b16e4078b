"""Answers of the loopback Hub, and faults that can be applied to them."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

HOLD_SECONDS = 300
"""The longest a request is held: enough for a second process to start on a busy machine."""


@dataclass(frozen=True)
class Answer:
    """A response: at most `keep` bytes of the body are sent; nothing at all when `cut`."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    keep: int | None = None
    cut: bool = False


def reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """A JSON response."""
    kind = {"Content-Type": "application/json"}
    return Answer(status, json.dumps(value).encode(), kind | (headers or {}))


def refusal(status: int, message: str, code: str | None = None) -> Answer:
    """An error with the headers from which the client makes its exceptions."""
    headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return reply({"error": message}, status, headers)


class Fault:
    """Changes the answer of a request; this base class changes nothing."""

    needs_body: ClassVar[bool] = False  # applies to GETs whose answer has a body only

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        return proceed()


@dataclass(frozen=True)
class Status(Fault):
    """An error status instead of an answer. Clients retry 408, 429 and 5xx for about 20 s."""

    code: int
    error_code: str | None = None
    message: str = "made to fail"

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        return refusal(self.code, self.message, self.error_code)


@dataclass(frozen=True)
class Cut(Fault):
    """Close the connection without an answer, before the request is handled or after."""

    handled: bool = False

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        if self.handled:
            proceed()
        return Answer(cut=True)


@dataclass(frozen=True)
class Slow(Fault):
    """The right answer after a delay."""

    seconds: float

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        time.sleep(self.seconds)
        return proceed()


@dataclass(frozen=True)
class Hold(Fault):
    """The right answer once `event` is set, held before the request is handled or after."""

    event: threading.Event
    reached: threading.Event
    handled: bool = False

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed() if self.handled else None
        self.reached.set()
        self.event.wait(HOLD_SECONDS)
        return answer or proceed()


@dataclass(frozen=True)
class Truncated(Fault):
    """The headers of the whole body but only half of it; then the connection is closed."""

    needs_body: ClassVar[bool] = True

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        return replace(answer, keep=len(answer.body) // 2)


@dataclass(frozen=True)
class Flipped(Fault):
    """A body of the same length with its middle byte changed."""

    needs_body: ClassVar[bool] = True

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed()
        body = bytearray(answer.body)
        body[len(body) // 2] ^= 1
        return replace(answer, body=bytes(body))
