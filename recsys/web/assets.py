"""The page's stylesheets, and its scripts: JavaScript modules that browsers may keep for good."""

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"

STYLESHEETS = [
    STATIC / f"{part}.css"
    for part in (
        *("page", "start", "query", "filters", "galleries", "details"),
        *("evaluation", "catalog", "frame", "media"),
    )
]

SCRIPTS = {path.name: path.read_bytes() for path in sorted(STATIC.glob("*.js"))}
"""JavaScript modules by file name; page.js is the first one, which imports the others."""

SCRIPTS_VERSION = hashlib.sha256(b"".join(SCRIPTS.values())).hexdigest()[:12]
"""A part of the scripts' addresses: other scripts have others."""

SCRIPTS_ROUTE = f"/scripts/{SCRIPTS_VERSION}/{{name}}"

SCRIPT_ADDRESSES = [f"scripts/{SCRIPTS_VERSION}/{name}" for name in SCRIPTS]

START_SCRIPT = (
    f"import(new URL('scripts/{SCRIPTS_VERSION}/page.js', document.baseURI))"
    ".then((page) => page.start(trigger, watch));"
)
"""The ``js_on_load`` of the page's top: starts the page's script with Gradio's functions."""


def serve_script(request: Request) -> Response:
    """Serve ``scripts/<version>/<name>``."""
    script = SCRIPTS.get(request.path_params["name"])
    if script is None:
        return Response("There is no such script.", 404)
    caching = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(script, media_type="text/javascript", headers=caching)
