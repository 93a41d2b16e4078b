"""How long an upload takes, alone and among sixteen, and how damaged files are answered.

``python -m benchmarks.uploads RELEASE PHOTO`` serves the release and an empty page, and compares
an upload with the bare encoder plus an empty round trip. ``--fuzz N`` uploads N damaged, huge,
empty or foreign files first, and reports memory and files left on the disk.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
from gradio_client import Client
from PIL import Image

from recsys.catalog.photos import decode_photo
from recsys.release.reader import open_release
from recsys.serving.encoders import PhotoEncoder

APP = Path(__file__).parents[1] / "app.py"
AT_ONCE, ROUNDS = 16, 50
SETTLED_SECONDS = 60


class Server:
    """``app.py`` in a process of its own, with its own temporary folder."""

    def __init__(self, release: Path) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        settings = {
            "RELEASE": str(release),
            "GRADIO_SERVER_PORT": "7899",
            "TMPDIR": self.temporary.name,
        }
        self.process = subprocess.Popen([sys.executable, str(APP)], env={**os.environ, **settings})
        self.page = "http://127.0.0.1:7899/"
        self.address = f"{self.page}gradio_api"
        self.client = httpx.Client(timeout=300, limits=httpx.Limits(max_connections=64))
        while True:
            try:
                self.client.get(self.page)
                return
            except httpx.TransportError:
                time.sleep(0.5)

    def memory(self) -> float:
        """Return the memory of the process in MB, without the release's mapped files."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("RssAnon:")[1].split()[0]) / 1000

    def files(self) -> int:
        """Return the number of files in its temporary folder."""
        return sum(path.is_file() for path in Path(self.temporary.name).rglob("*"))


def ask(client: httpx.Client, address: str, endpoint: str, content: bytes, name: str) -> str:
    """Upload a file and call an endpoint with it; return ``complete`` or the error."""
    sent = client.post(f"{address}/upload", files={"files": (name, content)})
    if sent.status_code != 200:
        return f"{sent.status_code} {sent.text[:60]}"
    photo = {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}, "orig_name": name}
    data = [photo, 12, None] if endpoint == "similar_to_photo" else [photo]
    # Each visitor has a session; here each thread is one.
    inputs = {"data": data, "session_hash": f"visitor{threading.get_ident()}"}
    event = client.post(f"{address}/call/{endpoint}", json=inputs).json()["event_id"]
    answer = client.get(f"{address}/call/{endpoint}/{event}").text
    kind, _, message = answer.partition("\n")
    return "complete" if "complete" in kind else message.removeprefix("data: ").strip()[:80]


def seconds(*calls: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Return the median seconds of each of several calls, made in turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, own in zip(calls, times, strict=True):
            started = time.perf_counter()
            call()
            own.append(time.perf_counter() - started)
    return [statistics.median(own) for own in times]


def empty_page() -> str:
    """Serve a page that takes a file and ignores it; return the address of its API."""
    with gr.Blocks() as page:
        file, nothing = gr.File(), gr.JSON()
        gr.Button().click(lambda path: {}, file, nothing, api_name="nothing", concurrency_limit=16)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
    return f"{address}gradio_api"


def speed(server: Server, release: Path, data: bytes) -> None:
    """Print how long an upload takes, alone and among sixteen."""
    encoder = PhotoEncoder(open_release(release)).encoder
    photo = decode_photo(data)
    prepared = encoder.prepare(photo)
    empty, client = empty_page(), server.client
    ask(client, server.address, "similar_to_photo", data, "a.jpg")
    bare, nothing, whole = seconds(
        lambda: encoder.encode_prepared([prepared]),
        lambda: ask(client, empty, "nothing", data, "a.jpg"),
        lambda: ask(client, server.address, "similar_to_photo", data, "a.jpg"),
    )
    print(
        f"one upload {whole:.3f} s; bare encoder {bare:.3f} s, empty round trip {nothing:.3f} s: "
        f"{whole / (bare + nothing):.2f} times their sum"
    )
    sizes = (2, 4, 8, 16)
    times = seconds(*(partial(encoder.encode_prepared, [prepared] * size) for size in sizes))
    batch = min(time / size for time, size in zip(times, sizes, strict=True))

    def crowd(address: str, endpoint: str) -> tuple[float, set[str]]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            started = time.perf_counter()
            outcomes = list(
                pool.map(
                    lambda n: ask(client, address, endpoint, data, f"{n}.jpg"),
                    range(AT_ONCE * 10),
                )
            )
            return (time.perf_counter() - started) / len(outcomes), set(outcomes)

    each, outcomes = crowd(server.address, "similar_to_photo")
    bare_crowd, _ = crowd(empty, "nothing")
    print(
        f"{AT_ONCE} at once: {1 / each:.1f} uploads/s, outcomes {outcomes}; bare batched encoder "
        f"{1 / batch:.1f} pictures/s ({batch / each:.2f}), empty page {1 / bare_crowd:.1f}/s"
    )


def fuzzed(data: bytes, count: int) -> list[tuple[str, bytes]]:
    """Return damaged, huge, empty and foreign files, with their names."""
    random = np.random.default_rng(7)
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    whole = [
        (each, _saved(picture, each)) for each in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
    ]
    strange = [
        ("empty.jpg", b""),
        ("text.jpg", b"Dear diary,"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("thin.png", _saved(Image.new("L", (1, 100_000)), "PNG")),
        ("flat.png", _saved(Image.new("L", (100_000, 1)), "PNG")),
        ("bomb.png", _saved(Image.new("1", (30_000, 30_000)), "PNG")),
        ("large.png", _saved(Image.new("RGB", (6000, 6000), "red"), "PNG")),
        ("clear.png", _saved(Image.new("RGBA", (6000, 6000), (9, 9, 9, 9)), "PNG")),
        ("zip.jpg", data + b"PK\x05\x06" + bytes(18)),
        ("zeros.png", zlib.compress(bytes(10**6))),
        ("heavy.jpg", data + bytes(11 * 1024 * 1024)),
    ]
    files = [(name, content) for name, content in strange for _ in range(3)]
    while len(files) < count:
        kind, content = whole[random.integers(len(whole))]
        mutated = bytearray(content[: random.integers(1, 2 * len(content))])
        for place in random.integers(0, len(mutated), random.integers(1, 20)):
            mutated[place] = random.integers(256)
        files.append((f"{len(files)}.{kind.lower()}", bytes(mutated)))
    return files


def _saved(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def fuzz(server: Server, data: bytes, count: int) -> None:
    """Print how damaged files are answered, and the memory and files left."""
    Client(server.page, verbose=False).predict("a word", api_name="/search_words")
    for _ in range(AT_ONCE):
        ask(server.client, server.address, "similar_to_photo", data, "warm.jpg")
    before, files = server.memory(), fuzzed(data, count)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = Counter(
            pool.map(
                lambda each: ask(
                    server.client, server.address, "similar_to_photo", each[1], each[0]
                ).split(":")[-1][:48],
                files,
            )
        )
    print(json.dumps(dict(outcomes.most_common()), indent=1))
    time.sleep(SETTLED_SECONDS)
    print(f"{count} files; memory {before:.0f} MB before, {server.memory():.0f} MB after")
    print(f"{server.files()} files left after {SETTLED_SECONDS} s")


def main() -> None:
    """Print the figures, those of damaged files first."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uploads")
    parser.add_argument("release", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--fuzz", type=int, default=0)
    arguments = parser.parse_args()
    data, server = arguments.photo.read_bytes(), Server(arguments.release)
    try:
        if arguments.fuzz:
            fuzz(server, data, arguments.fuzz)
        speed(server, arguments.release, data)
    finally:
        server.process.kill()


if __name__ == "__main__":
    main()
