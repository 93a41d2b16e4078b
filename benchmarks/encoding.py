"""How many photos a second a build encodes, compared with the bare model.

``python -m benchmarks.encoding --data CATALOGUE [--image-model MODEL] [--photos N]`` reads,
decodes, encodes and stores N photos, in turns with the bare model on as many decoded pictures, and
prints pictures a second of both and their ratio.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recsys.catalog.articles import Catalog, read_catalog
from recsys.catalog.photos import decode_photo
from recsys.models.compact_clip import assemble_compact
from recsys.models.image import COMPACT, ImageEncoder
from recsys.pipeline.encoding import encode_photos, photo_digests
from recsys.pipeline.workspace import Workspace

ROUNDS = 5


def whole(catalog: Catalog, model: str) -> float:
    """Return photos a second of the whole stage, with an empty workspace."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        encode_photos(Workspace(Path(folder)), catalog, photo_digests(catalog), model)
        return len(catalog.photos) / (time.perf_counter() - started)


def bare(encoder: ImageEncoder, prepared: Sequence[Any], batch: int, count: int) -> float:
    """Return pictures a second of the model alone, on decoded pictures."""
    ready = itertools.cycle(prepared)
    started = time.perf_counter()
    for _ in range(count // batch):
        encoder.encode_prepared(list(itertools.islice(ready, batch)))
    return count // batch * batch / (time.perf_counter() - started)


def main() -> None:
    """Print pictures a second by batch size, and of the stage and the bare model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.encoding")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--image-model", default=COMPACT)
    parser.add_argument("--photos", type=int, default=1000)
    arguments = parser.parse_args()
    catalog = read_catalog(arguments.data)
    kept = dict(itertools.islice(catalog.photos.items(), arguments.photos))
    catalog.photos.clear()
    catalog.photos.update(kept)
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.image_model
        if model == COMPACT:
            # Without its heads, which are trained on all photos together.
            assemble_compact(Path(folder), None)
            model = f"local-dir:{folder}"
        encoder = ImageEncoder(model)
        some = itertools.islice(kept.values(), 64)
        prepared = [encoder.prepare(decode_photo(path.read_bytes())) for path in some]
        bare(encoder, prepared, encoder.batch, 64)
        pairs = [
            (whole(catalog, model), bare(encoder, prepared, encoder.batch, len(kept)))
            for _ in range(ROUNDS)
        ]
        sizes = {size: bare(encoder, prepared, size, len(kept)) for size in (1, 8, 64)}
    stage, alone = (statistics.median(column) for column in zip(*pairs, strict=True))
    print("bare model by size of batch:", {size: round(speed, 1) for size, speed in sizes.items()})
    print(f"stage {stage:.1f} photos/s, bare model {alone:.1f}: {stage / alone:.2f}")


if __name__ == "__main__":
    main()
