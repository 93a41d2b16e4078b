"""Clients without manners: they ask for too much, ignore refusals and do not fetch answers."""

import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress

import httpx

ATTACKER = "127.0.0.2"
"""The address of the attacker: any in 127.0.0.0/8 is this machine."""

THREADS = 16


class Attacker:
    """Sends requests from an address of its own and counts the answers.

    Attributes:
        statuses: how often each HTTP status came; 0 for a connection that was closed.
    """

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self.statuses: Counter[int] = Counter()
        self._lock = threading.Lock()

    def send(self, count: int, request: Callable[[httpx.Client, int], httpx.Response]) -> None:
        """Send that many requests from `THREADS` threads, as fast as they go."""
        numbers = deque(range(count))  # its popleft is safe between threads

        def work() -> None:
            transport = httpx.HTTPTransport(local_address=ATTACKER)
            with httpx.Client(transport=transport, base_url=self.address, timeout=60) as client:
                while numbers:
                    status = 0
                    with suppress(httpx.HTTPError, IndexError):
                        status = request(client, numbers.popleft()).status_code
                    with self._lock:
                        self.statuses[status] += 1

        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def call(client: httpx.Client, endpoint: str, data: list[object]) -> httpx.Response:
    """Ask the API and leave the answer where it is."""
    return client.post(f"/gradio_api/call/{endpoint}", json={"data": data})


def join(client: httpx.Client, body: dict[str, object]) -> httpx.Response:
    """Enter the page's own queue."""
    return client.post("/gradio_api/queue/join", json=body)


def upload(client: httpx.Client, size: int, files: int = 1) -> httpx.Response:
    """Upload files of noise."""
    parts = [("files", (f"{n}.jpg", random.Random(n).randbytes(size))) for n in range(files)]
    return client.post("/gradio_api/upload", files=parts)
