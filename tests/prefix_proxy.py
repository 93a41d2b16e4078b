"""A reverse proxy that has the app below a prefix of its site."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}
"""Headers that are not passed on."""


class PrefixProxy:
    """Passes requests below ``/prefix`` on, and refuses others.

    Args:
        prefix: starts with a slash.
        app: the address of the app, without a slash at its end.
        strips: whether the app gets paths without the prefix.
    """

    def __init__(self, prefix: str, app: str, strips: bool) -> None:
        self.prefix, self.app, self.strips = prefix, app, strips
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}{prefix}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def upstream(self, path: str) -> str | None:
        """Return the app's address for a path; ``None`` where the path is another site's."""
        rest = path.removeprefix(self.prefix)
        if rest == path or not rest.startswith(("", "/", "?")):
            return None
        if not self.strips:
            return f"{self.app}{path}"
        return f"{self.app}{rest}" if rest.startswith("/") else f"{self.app}/{rest}"

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: PrefixProxy

    def do_GET(self) -> None:
        address = self.proxy.upstream(self.path)
        if address:
            self.pass_on(address)
        else:
            # The site has an icon of its own, which browsers ask for by themselves.
            self.send_response(204 if self.path == "/favicon.ico" else 404)
            self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def pass_on(self, address: str) -> None:
        """Answer as the app does."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        headers |= {"X-Forwarded-Host": self.headers["Host"], "X-Forwarded-Proto": "http"}
        request = {"content": body, "headers": headers, "timeout": 60}
        with httpx.stream(self.command, address, **request) as response:
            self.send_response(response.status_code)
            for name, value in response.headers.items():
                if name not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.end_headers()
            for chunk in response.iter_raw():
                self.wfile.write(chunk)
                self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Write nothing."""
