"""What one client may do: its settings, its address and what it does now."""

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.types import Scope

from recsys.errors import OperatorError

BURST_SECONDS = 10
"""A client that was quiet may make the calls of this many seconds at once."""

SMALLEST_BURST = 20
"""Calls at once for any rate: opening a page takes a few, and so does the app's own start."""


MOST_CLIENTS = 10_000
"""Clients that are remembered, about 1 kB each; the one unseen for longest is forgotten first."""

IPV6_NETWORK = 64
"""Bits of an IPv6 address that name a customer's network (RFC 6177); the others are its own."""


@dataclass(frozen=True)
class Limits:
    """What one client may do.

    Attributes:
        calls: waiting, running or not fetched at the same time; 0 for no limit. The default lets
            32 visitors behind one address click in the same second.
        rate: calls a second, after a burst of `BURST_SECONDS` times as many; 0 for no limit. A
            program that waits for each answer makes about 7, 32 visitors who look at what they
            find at most 15.
        proxies: trusted proxies in front of the app. A client's address is what the outermost of
            them wrote into ``X-Forwarded-For``.
    """

    calls: int = 32
    rate: float = 20
    proxies: int = 0

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Limits":
        """Read ``CLIENT_CALLS``, ``CLIENT_RATE`` and ``PROXIES`` (by default 1 on a Space, else 0).

        Raises:
            OperatorError: one is not a number from 0.
        """
        proxies = "1" if environment.get("SPACE_ID") else "0"
        return cls(
            int(_number(environment, "CLIENT_CALLS", str(cls.calls))),
            _number(environment, "CLIENT_RATE", str(cls.rate)),
            int(_number(environment, "PROXIES", proxies)),
        )


DEFAULT_LIMITS = Limits()


class TokenBucket:
    """Lets ``rate`` a second through, after a quiet time up to `BURST_SECONDS` times as many.

    Args:
        rate: 0 lets everything through.
        now: the time in seconds.
    """

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._size = rate, max(rate * BURST_SECONDS, SMALLEST_BURST)
        self._tokens, self._filled = self._size, now

    def take(self, count: float, now: float) -> bool:
        """Take ``count`` tokens, or of a full bucket all; return whether there were so many."""
        self._tokens = min(self._size, self._tokens + self._rate * (now - self._filled))
        self._filled = now
        if self._rate and self._tokens < min(count, self._size):
            return False
        self._tokens -= count
        return True


class Client:
    """What one client does now.

    Attributes:
        address: of the client or of its network.
        calls: its rate of calls.
        files: its rate of requests of any kind, most of them for files.
        sending: weight of its calls that are being received.
        open: weight of its other requests in progress.
        refused: its refusals that are being held back.
        turn: number of its last call that was started, counted over all clients.
    """

    def __init__(self, address: str, rate: float, now: float) -> None:
        self.address = address
        self.calls = TokenBucket(rate, now)
        self.files = TokenBucket(rate, now)
        self.sending = self.open = self.refused = self.turn = 0


class Clients:
    """The clients seen last, at most `MOST_CLIENTS`.

    Args:
        rate: of each client's calls.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._seen: OrderedDict[str, Client] = OrderedDict()

    def at(self, address: str, now: float) -> Client:
        """Return the client with an address."""
        client = self._seen.pop(address, None) or Client(address, self._rate, now)
        self._seen[address] = client
        if len(self._seen) > MOST_CLIENTS:
            self._seen.popitem(last=False)
        return client


def client_address(scope: Scope, proxies: int) -> str:
    """Return the address of a request's client; of an IPv6 address the network.

    Only what trusted proxies wrote counts: the ``proxies``-th entry of ``X-Forwarded-For`` from the
    right. A request with fewer entries did not come through them: its sender is the client.
    """
    sender = scope["client"][0] if scope.get("client") else ""
    headers = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    entries = b",".join(headers).decode("latin-1").split(",") if headers else []
    text = entries[-proxies] if 0 < proxies <= len(entries) else sender
    address = _parsed(text) or _parsed(sender)
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((address.packed, IPV6_NETWORK), strict=False))
    return str(address or sender)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address given with or without a port, as "[::1]:80"; ``None`` for other text."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return ip_address(bare.partition("%")[0])
    except ValueError:
        return None


def _number(environment: Mapping[str, str], name: str, default: str) -> float:
    text = environment.get(name, default)
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < math.inf:
        raise OperatorError(f"{name} is {text!r}; give a number, 0 for none.")
    return number
