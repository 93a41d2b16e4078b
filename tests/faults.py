"""What the loopback Hub sends back, and what can go wrong with that."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar


@dataclass(frozen=True)
class Answer:
    """What is sent back: at most `keep` bytes of the body; nothing at all when `cut`."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    keep: int | None = None
    cut: bool = False


def reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """An answer in JSON."""
    kind = {"Content-Type": "application/json"}
    return Answer(status, json.dumps(value).encode(), kind | (headers or {}))


def refusal(status: int, message: str, code: str | None = None) -> Answer:
    """An error, said the way from which the client makes its exceptions."""
    headers = {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return reply({"error": message}, status, headers)


class Fault:
    """What goes wrong with a request, given how to answer it: with this one nothing."""

    needs_body: ClassVar[bool] = False  # it waits for a GET that is answered with a body

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
    """The connection closed without an answer: before the request is handled, or after."""

    handled: bool = False

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        if self.handled:
            proceed()
        return Answer(cut=True)


@dataclass(frozen=True)
class Slow(Fault):
    """The true answer, late."""

    seconds: float

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        time.sleep(self.seconds)
        return proceed()


@dataclass(frozen=True)
class Hold(Fault):
    """The true answer once `event` is set: held before the request is handled, or after."""

    event: threading.Event
    reached: threading.Event
    handled: bool = False

    def __call__(self, proceed: Callable[[], Answer]) -> Answer:
        answer = proceed() if self.handled else None
        self.reached.set()
        self.event.wait(60)
        return answer or proceed()


@dataclass(frozen=True)
class Truncated(Fault):
    """The headers of the whole body, half of it, and the connection closed."""

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
