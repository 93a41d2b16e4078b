"""A Hugging Face Hub on this machine: the addresses the real clients use, from memory."""

import contextlib
import math
import re
import socket
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from faults import Answer, Fault
from repos import TOKEN, Site
from routes import Request, respond


@dataclass
class Plan:
    """A fault, the pattern of requests that get it, and how many more get it."""

    pattern: str
    fault: Fault
    left: float


class LoopbackHub(Site):
    """The Hub's server. Its content outlives `stop` and `start`."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            super().__init__(probe.getsockname()[1])
        self.requests: list[Request] = []
        self._plans: list[Plan] = []
        self._server: _Server | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for a process that uses this Hub."""
        switches = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        return {"HF_ENDPOINT": self.endpoint, "HF_TOKEN": TOKEN} | switches

    def start(self) -> None:
        """Listen, on the same port each time."""
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close the listening socket and cut the open connections."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_connections()
            self._server = None

    def reset(self) -> None:
        """Delete repositories, faults and requests."""
        with self.lock:
            for forgotten in (self.repos, self._plans, self.requests):
                forgotten.clear()

    def fail(self, pattern: str, fault: Fault, times: int | None = None) -> None:
        """Apply a fault to the next `times` (None: all) requests whose "METHOD path" matches."""
        self._plans.append(Plan(pattern, fault, math.inf if times is None else times))

    def clear(self) -> None:
        """Remove all faults."""
        self._plans.clear()

    def answer(self, request: Request, body: bytes) -> Answer:
        """Record a request and answer it, with the first fault that applies."""
        self.requests.append(request)
        answer = self._fault(request, False)(lambda: respond(self, request, body))
        if request.method == "GET" and answer.body:
            return self._fault(request, True)(lambda: answer)
        return answer

    def _fault(self, request: Request, needs_body: bool) -> Fault:
        line = f"{request.method} {request.path}"
        with self.lock:
            for plan in self._plans:
                fits = plan.fault.needs_body == needs_body and re.search(plan.pattern, line)
                if fits and plan.left > 0:
                    plan.left -= 1
                    return plan.fault
        return Fault()


class _Server(ThreadingHTTPServer):
    """The listening socket of a Hub and its connections."""

    request_queue_size = 64

    def __init__(self, hub: LoopbackHub) -> None:
        self.hub = hub
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", hub.port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and keep it for `cut_connections`."""
        connection, address = super().get_request()
        self.connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self.connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        """End all open connections."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):  # the client has closed it
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report the Hub's own errors only: tests cut connections and kill clients on purpose."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, sends the Hub's answers."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else an answer may wait 40 ms for an acknowledgement

    def serve(self) -> None:
        """Answer one request."""
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers)
        whole = len(body) == size  # else the client has gone
        answer = self.server.hub.answer(request, body) if whole else Answer(cut=True)
        if answer.cut:
            self.close_connection = True
        else:
            self._send(request, answer)

    do_HEAD = do_GET = do_POST = do_PUT = do_DELETE = serve  # noqa: N815 (http.server calls them so)

    def _send(self, request: Request, answer: Answer) -> None:
        body = b"" if request.method == "HEAD" else answer.body[: answer.keep]
        request.sent = len(body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection |= answer.keep is not None

    def log_message(self, *_: Any) -> None:
        """Log nothing: `hub.requests` has every request."""
