"""A page that frames the app as Hugging Face frames a Space."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

PAGE = Path(__file__).with_name("host_page.html").read_text(encoding="utf-8")


class HostPage:
    """A server of host pages, on a site of its own: ``localhost``, where apps are 127.0.0.1."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.origin = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def around(self, app: str) -> str:
        """Return the address of the page that frames an app."""
        return f"{self.origin}/{app}"

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers ``/<address of an app>``."""

    def do_GET(self) -> None:
        app = unquote(urlsplit(self.path).path.lstrip("/"))
        page = PAGE.replace("%APP%", app) if app.startswith("http:") else ""
        self.send_response(200 if page else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_: object) -> None:
        """Write nothing."""
