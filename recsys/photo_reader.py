"""Reads new photos with the image encoder of a release, loaded when it is first needed."""

import threading

import numpy as np
import numpy.typing as npt
from PIL import Image

from recsys.errors import ReleaseError
from recsys.models import IMAGE
from recsys.models.image import ImageEncoder
from recsys.photos import decode_photo
from recsys.release import Release
from recsys.vectors import Float32

PROBES = 4
SAME = 0.9
"""A photo kept smaller than it was encoded still has a cosine above this with its old vector."""


class PhotoReader:
    """Reads photos with the one image encoder in memory. Safe to share between threads.

    Args:
        release: the release that names the encoder and has vectors that it made.
        encoder: that encoder, where it is loaded and tried already.
    """

    def __init__(self, release: Release, encoder: ImageEncoder | None = None) -> None:
        self.release, self._loaded = release, encoder
        self._loading = threading.Lock()

    def fits(self, release: Release) -> bool:
        """Whether another release was made with the same encoder."""
        mine, other = (each.manifest.models[IMAGE.name].encoder for each in (self.release, release))
        return mine == other

    def handed_on(self, release: Release) -> "PhotoReader":
        """Return a reader for a release that this one `fits`, with the encoder if it is loaded."""
        return PhotoReader(release, self._loaded)

    def read(self, picture: Image.Image) -> Float32:
        """Return the unit vector, float32 [dim], of one RGB picture.

        Raises:
            EncoderError: the encoder cannot be loaded.
            ReleaseError: it is not the one that made the release's vectors.
        """
        with self._loading:
            vector: Float32 = self._encoder().encode([picture])[0]
            return vector

    def load(self) -> None:
        """Load the encoder now.

        Raises:
            EncoderError: as `read`.
            ReleaseError: as `read`.
        """
        with self._loading:
            self._encoder()

    def _encoder(self) -> ImageEncoder:
        """Return the encoder, loaded and tried on photos of the catalogue the first time."""
        if self._loaded:
            return self._loaded
        encoder = ImageEncoder(self.release.image_model)
        with_photo = np.flatnonzero(self.release.with_photo)
        if len(with_photo):
            self._probe(
                encoder, with_photo[np.linspace(0, len(with_photo) - 1, PROBES).astype(int)]
            )
        self._loaded = encoder
        return encoder

    def _probe(self, encoder: ImageEncoder, rows: npt.NDArray[np.intp]) -> None:
        """Raise `ReleaseError` unless the encoder reads these articles' photos as their vectors."""
        index = self.release.indexes[IMAGE.name]
        photos = [decode_photo(self.release.photo(int(row)) or b"") for row in rows]
        seen, known = encoder.encode(photos), index.vectors[index.entry[rows]]
        if seen.shape != known.shape or (seen * known).sum(axis=1).mean() < SAME:
            name = self.release.manifest.models[IMAGE.name].encoder.id
            raise ReleaseError(f"Refused: the image encoder {name} did not make vectors/image.npy.")
