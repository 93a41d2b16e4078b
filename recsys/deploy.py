"""Create or update the Space: ``python -m recsys.deploy namespace/space --index namespace/index``.

The app's files go into one commit; variables of the Space name the index. Unchanged files are not
sent again, and unchanged variables do not restart the Space.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, RepoCard

from recsys.errors import HubError, RecsysError
from recsys.release.hub import IndexRepo, Visibility, hub_errors, replace_files
from recsys.release.manifest import MANIFEST

ROOT = Path(__file__).parents[1]
SPACE_FILES = (
    "app.py",
    "build_index.py",
    "requirements.txt",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/*.md",
    "docs/*-1440-light.webp",
    "recsys/**/*.py",
    "recsys/release/templates/*",
    "recsys/sample/tables/*",
    "recsys/web/static/*",
    "recsys/web/templates/*",
)
README = "README.md"
SPACE = "space"


@dataclass(frozen=True)
class Deployment:
    """A Space and its index.

    Attributes:
        space: ``namespace/name``.
        index: the dataset repo that the app serves.
        visibility: of a new Space.
        token: for reading a private index; empty for none.
    """

    space: str
    index: IndexRepo
    visibility: Visibility
    token: str = ""


def deploy(deployment: Deployment) -> str:
    """Create or update the Space and return its address.

    Raises:
        HubError: the Hub cannot be reached or refuses, or the index does not exist.
        ReleaseError: the app cannot serve the index, or its catalogue must not be public.
    """
    index, space = deployment.index, deployment.space
    published = index.newest()
    manifest = index.manifest(published)
    deployment.visibility.check(manifest.license, manifest.fewest_shoppers)
    api = HfApi()
    with hub_errors(space):
        private = not deployment.visibility.public
        url = api.create_repo(
            space, repo_type=SPACE, space_sdk="gradio", private=private, exist_ok=True
        )
        before = api.space_info(space)
        deployment.visibility.check_repo(space, bool(before.private), manifest)
        _configure(api, deployment)
        preload = f"{index} {','.join([*manifest.files, MANIFEST])} {published.commit}"
        files = _files(index, "" if api.dataset_info(index.name).private else preload)
        replace_files(api, SPACE, before, files, f"Serve {index}")
    return str(url)


def _configure(api: HfApi, deployment: Deployment) -> None:
    """Set the Space's variables if they differ, and its secret if there is one."""
    space = deployment.space
    variables = {"INDEX_REPO": deployment.index.name, "INDEX_REVISION": deployment.index.pinned}
    present = {name: each.value for name, each in api.get_space_variables(space).items()}
    for name, value in variables.items():
        if value and present.get(name) != value:
            api.add_space_variable(space, name, value)
        if not value and name in present:
            api.delete_space_variable(space, name)
    if deployment.token:
        api.add_space_secret(space, "HF_TOKEN", deployment.token)


def _files(index: IndexRepo, preload: str) -> dict[str, Path | bytes]:
    """Return the Space's files by path."""
    paths = sorted(path for part in SPACE_FILES for path in ROOT.glob(part))
    files = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return {**files, README: _readme(index, preload).encode()}


def _readme(index: IndexRepo, preload: str) -> str:
    """Return the project's README with the index in its front matter.

    A public index is downloaded when the Space is built (``preload_from_hub``), so the app starts
    with a complete release even if the Hub is down. That is not possible with a private one.
    """
    card = RepoCard((ROOT / README).read_text(encoding="utf-8"))
    card.data["datasets"] = [index.name]
    if preload:
        card.data["preload_from_hub"] = [preload]
    return str(card)


def main() -> int:
    """Run the command line and return its exit status."""
    arguments = _parser().parse_args()
    token = os.environ.get(arguments.token_from, "") if arguments.token_from else ""
    try:
        if arguments.token_from and not token:
            raise HubError(f"The environment variable {arguments.token_from} is empty.")
        address = deploy(
            Deployment(
                arguments.space,
                IndexRepo(arguments.index, arguments.revision),
                Visibility(arguments.public, arguments.i_have_the_rights),
                token,
            )
        )
    except RecsysError as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.space} serves {arguments.index}: {address}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recsys.deploy", description="Create or update the Space."
    )
    parser.add_argument("space", metavar="NAMESPACE/NAME", help="the Space")
    parser.add_argument(
        "--index", required=True, metavar="NAMESPACE/NAME", help="the dataset repo to serve"
    )
    parser.add_argument(
        "--revision", default="", help="a tag or commit to keep to (by default the newest tag)"
    )
    parser.add_argument(
        "--token-from",
        default="",
        metavar="VARIABLE",
        help="the environment variable with a read token, for a private index",
    )
    parser.add_argument("--public", action="store_true", help="make a new Space public")
    parser.add_argument(
        "--i-have-the-rights",
        action="store_true",
        help="allow a public Space for a catalogue not marked as redistributable",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
