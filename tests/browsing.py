"""The app in a process of its own, clients of its API, and a visitor in Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from gradio_client import Client
from playwright.sync_api import Browser, ConsoleMessage, Frame, Locator, Page, Request

APP = Path(__file__).parents[1] / "app.py"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def chromium_path() -> str | None:
    """Path of Chromium: ``$CHROMIUM``, or the first found in the PATH; ``None`` if absent."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


DESKTOP, PHONE, WALL = (1440, 900), (390, 844), (2560, 1440)
"""Sizes of windows: a laptop, a phone, a large monitor."""

NO_LIMITS = {"CLIENT_CALLS": "0", "CLIENT_RATE": "0"}
"""Settings for crowds of clients that all have one address."""


class RunningApp:
    """``app.py`` in a process of its own, and its log."""

    def __init__(self, folder: Path, script: Path = APP, port: int = 0, **environment: str) -> None:
        """Start it in ``folder`` with this process's environment and the variables given."""
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        self._log: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            cwd=folder,
            env={**os.environ, **NO_LIMITS, "GRADIO_SERVER_PORT": str(self.port), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self) -> "RunningApp":
        """Wait until the page can be loaded."""
        while self._process.poll() is None:
            try:
                httpx.get(self.address, timeout=30)
                return self
            except httpx.TransportError:
                time.sleep(0.1)
        self._reader.join()
        raise AssertionError(f"The app ended:\n{self.log}")

    @property
    def log(self) -> str:
        """Standard output and error so far."""
        return "".join(self._log)

    def wait_for(self, text: str) -> None:
        """Wait, for at most two minutes, until the log has a text."""
        for _ in range(2400):
            if text in self.log:
                return
            time.sleep(0.05)
        raise AssertionError(f"The log never had {text!r}:\n{self.log}")

    def client(self) -> Client:
        """A client of its API."""
        return Client(self.address, verbose=False)

    def stop(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._log.extend(iter(self._process.stdout.readline, ""))


@dataclass(frozen=True)
class Response:
    """The app's answer for an article, and the seconds it took."""

    article_id: str
    answer: dict[str, Any]
    seconds: float


class Crowd:
    """Clients that request matches of articles, again and again, until they leave."""

    def __init__(self, app: RunningApp, article_ids: list[str], clients: int) -> None:
        self.answers: list[Response] = []
        self.failures: list[str] = []
        self._leaving = threading.Event()
        queries = [article_ids[number % len(article_ids)] for number in range(clients)]
        self._threads = [
            threading.Thread(target=self._request, args=(app.client(), article_id))
            for article_id in queries
        ]
        for thread in self._threads:
            thread.start()

    def wait_for_answers(self, count: int) -> None:
        """Wait for that many more answers, or a failure."""
        enough = len(self.answers) + count
        while len(self.answers) < enough and not self.failures:
            self._leaving.wait(0.05)

    def leave(self) -> None:
        """Stop the clients and wait for their last answers."""
        self._leaving.set()
        for thread in self._threads:
            thread.join()

    def _request(self, client: Client, article_id: str) -> None:
        while not self._leaving.is_set():
            started = time.perf_counter()
            try:
                answer = client.predict(article_id, api_name="/similar_to_article")
            except Exception as error:
                self.failures.append(repr(error))
                continue
            seconds = time.perf_counter() - started
            self.answers.append(Response(article_id, answer, seconds))


class Visit:
    """A visitor's page in a browser context of its own; it notes errors and all requests.

    Args:
        browser: Chromium.
        address: of the app.
        width, height: of the window, in CSS pixels.
        scheme: "light" or "dark".
        host: address of a page that frames the app (`HostPage.around`); empty for none.
    """

    def __init__(
        self,
        browser: Browser,
        address: str,
        width: int,
        height: int,
        scheme: str = "light",
        host: str = "",
    ) -> None:
        self.address, self.host = address, host
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._note_request)

    @property
    def view(self) -> Frame:
        """What shows the app: the tab itself, or the host page's frame."""
        frame = self.page.frame("app") if self.host else self.page.main_frame
        assert frame, "The page has not been opened."
        return frame

    def open(self, query: str = "") -> None:
        """Load the page and wait until it can be used."""
        self.page.goto((self.host or self.address) + query)
        self.view.locator("body.ready").wait_for()

    def back(self) -> None:
        """Go back. Playwright's own ``go_back`` would wait for the host page to change."""
        self.page.evaluate("history.back()")

    def say(self, words: str) -> None:
        """Type an article id or words and search."""
        self.view.get_by_label("Words or an article number").fill(words)
        self.view.get_by_role("button", name="Search", exact=True).click()

    def upload(self, path: Path) -> None:
        """Choose a photo."""
        with self.page.expect_file_chooser() as chooser:
            self.view.locator("[data-pick]").click()
        chooser.value.set_files(path)

    def details(self) -> Locator:
        """The dialog with the details of an article."""
        return self.view.get_by_role("dialog")

    def answer_about(self, article_id: str) -> None:
        """Wait for the answer to an article id."""
        heading = self.view.locator("#answer .query .id", has_text=f"Article {article_id}")
        heading.wait_for()

    def article_id(self) -> str:
        """The query article of the answer on the page."""
        return self.view.locator("#answer .query .id").inner_text().split()[1]

    def message(self) -> str:
        """Wait for a message and return it."""
        alert = self.view.get_by_role("alert")
        alert.wait_for()
        return alert.inner_text().strip()

    def cards(self, model: str) -> list[dict[str, str]]:
        """The cards of a gallery as shown: article, name, product type, score and photo address."""
        cards: list[dict[str, str]] = self.view.locator(
            f'#answer [data-model="{model}"] .match a'
        ).evaluate_all(
            """cards => cards.map(card => ({
                article: card.dataset.article,
                name: card.querySelector('.name').textContent,
                kind: card.querySelector('.kind').textContent,
                score: card.querySelector('.score').textContent,
                photo: card.querySelector('img')?.getAttribute('src') ?? '',
            }))"""
        )
        return cards

    def photo_widths(self) -> list[int]:
        """Scroll to every photo of the answer and return their natural widths; 0 is not loaded."""
        widths: list[int] = self.view.locator("#answer img").evaluate_all(
            """async photos => {
                const widths = [];
                for (const photo of photos) {
                    photo.scrollIntoView({block: 'center', inline: 'center'});
                    await photo.decode().catch(() => null);
                    widths.push(photo.naturalWidth);
                }
                return widths;
            }"""
        )
        return widths

    def sideways(self) -> float:
        """Pixels by which the page or a part of it is wider than the window; not above 0 is right.

        Gradio's containers clip what is too wide, so the width of the page alone is not enough.
        """
        width: float = self.view.evaluate(
            """() => {
                const parts = '.masthead, .search, .message, .welcome, .side, .gallery, .note, ' +
                    '.detail, .foot';
                const edges = [...document.querySelectorAll(parts)].map(part => {
                    const box = part.getBoundingClientRect();
                    return Math.max(box.right, box.width);
                });
                const page = document.documentElement.scrollWidth;
                return Math.max(page, ...edges) - window.innerWidth;
            }"""
        )
        return width

    def foreign_requests(self) -> list[str]:
        """Requests to other hosts than the app's and the page's that frames it."""
        home = {urlsplit(self.address).netloc, urlsplit(self.host).netloc}
        local = ("data", "blob")
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in local and urlsplit(url).netloc not in home
        ]

    def _note_console(self, message: ConsoleMessage) -> None:
        # Leaving a page ends the stream on which Gradio sends answers: that is no error.
        ended = message.text.startswith(("AbortError:", "Unexpected error Connection errored out"))
        left = ended or "/queue/data" in message.location["url"]
        if message.type == "error" and not left:
            self.errors.append(f"{message.text} ({message.location['url']})")

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)


def visitor(
    browser: Browser, address: str, size: tuple[int, int], scheme: str = "light", host: str = ""
) -> Iterator[Visit]:
    """A visit in a browser context of its own, closed after the test."""
    visit = Visit(browser, address, *size, scheme, host)
    yield visit
    visit.context.close()
