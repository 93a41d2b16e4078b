"""Repeat the evaluation of a release: ``python -m recsys.pipeline.measure RELEASE --data DIR``.

The same release and catalogue give the same figures, so this prints the tables of the release.
"""

import argparse
import logging
import sys
from pathlib import Path

from recsys.catalog.articles import read_catalog
from recsys.errors import CatalogError, RecsysError
from recsys.evaluation.evaluate import Trial, evaluate
from recsys.evaluation.report import Evaluation, markdown
from recsys.models.image import COMPACT
from recsys.models.registry import IMAGE
from recsys.pipeline.encoding import encode_photos, photo_digests
from recsys.pipeline.workspace import Workspace, workspace_folder
from recsys.release.reader import open_release
from recsys.release.tables import row_order


def measure_release(folder: Path, data: Path) -> Evaluation:
    """Evaluate a release on the test shoppers of a catalogue folder.

    Photos are encoded again for the encoder without fine-tuning, unless the workspace of the build
    still exists.

    Raises:
        CatalogError: the folder is not a catalogue, or has other articles than the release.
        ReleaseError: the release cannot be opened.
    """
    release, catalog = open_release(folder), read_catalog(data)
    if row_order(catalog.articles) != release.manifest.row_order:
        raise CatalogError(f"{data} does not have the articles that {folder} was built from.")
    untuned = None
    if release.manifest.models[IMAGE.name].encoder.id == COMPACT:
        workspace = Workspace(workspace_folder(folder))
        photos = encode_photos(workspace, catalog, photo_digests(catalog), COMPACT)
        untuned = photos.result.untuned
    fewest = release.manifest.fewest_shoppers
    return evaluate(Trial(release.retrieval, catalog.articles, catalog.purchases, untuned, fewest))


def main() -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m recsys.pipeline.measure", description="Evaluate a release."
    )
    parser.add_argument("release", type=Path, metavar="RELEASE", help="a release folder")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the catalogue with the purchases"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        print(markdown(measure_release(arguments.release, arguments.data)))
    except RecsysError as error:
        print(f"recsys.pipeline.measure: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
