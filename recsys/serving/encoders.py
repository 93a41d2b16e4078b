"""Read what visitors bring, photos and words, with the encoders that made a release's vectors.

An encoder is loaded once, in the background after the start or when it is first needed, and handed
on from release to release.
"""

import logging
import threading
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from PIL import Image

from recsys.catalog.photos import decode_photo
from recsys.errors import RecsysError, ReleaseError
from recsys.models.image import ImageEncoder
from recsys.models.registry import IMAGE, TEXT
from recsys.models.text import TextEncoder
from recsys.release.manifest import EncoderRecord
from recsys.release.reader import Release
from recsys.serving.batching import Batcher
from recsys.vectors import Float32, spread_evenly

logger = logging.getLogger(__name__)

PROBE_PHOTOS = 4
SAME = 0.9
"""A photo kept smaller than it was encoded still has a cosine above this with its old vector."""

LARGEST_BATCH = 8

Loaded = TypeVar("Loaded")


class _Encoder(Generic[Loaded]):
    """What readers share: loading once, and handing on. Safe to share between threads."""

    model: str

    def __init__(self, release: Release, loaded: Loaded | None = None) -> None:
        self.release, self._loaded = release, loaded
        self._loading = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether the encoder is loaded."""
        return self._loaded is not None

    def load(self) -> Loaded:
        """Load the encoder unless it is loaded already.

        Raises:
            EncoderError: it cannot be loaded.
            ReleaseError: it is not the one that made the release's vectors.
        """
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def fits(self, release: Release) -> bool:
        """Whether another release was made with the same encoder."""
        return self._encoder_of(self.release) == self._encoder_of(release)

    def handed_on(self, release: Release) -> Any:
        """Return a reader for another release, with the encoder if it is loaded and fits."""
        return type(self)(release, self._loaded if self.fits(release) else None)

    def _encoder_of(self, release: Release) -> EncoderRecord:
        return release.manifest.models[self.model].encoder

    def _load(self) -> Loaded:
        raise NotImplementedError


@dataclass(frozen=True)
class _LoadedImageEncoder:
    """A loaded image encoder, and what gathers photos and words into batches for it."""

    encoder: ImageEncoder
    see: Batcher[Any, Float32]
    read: Batcher[str, Float32]


class PhotoEncoder(_Encoder[_LoadedImageEncoder]):
    """Reads photos, and words as photos, with a release's image encoder."""

    model = IMAGE.name

    def read(self, picture: Image.Image) -> Float32:
        """Return the unit vector, float32 [dim], of one RGB picture.

        Raises:
            EncoderError: as `load`.
            ReleaseError: as `load`.
        """
        eyes = self.load()
        return eyes.see(eyes.encoder.prepare(picture))

    @property
    def knows_words(self) -> bool:
        """Whether the encoder was taught words."""
        return ImageEncoder(self.release.image_model).reads_words

    def read_words(self, words: str) -> Float32:
        """Return the unit vector, float32 [dim], of words in the space of the photos.

        Raises:
            EncoderError: as `load`.
            ReleaseError: as `load`.
        """
        return self.load().read(words)

    def _load(self) -> _LoadedImageEncoder:
        encoder = ImageEncoder(self.release.image_model)
        self._probe(encoder)
        return _LoadedImageEncoder(
            encoder,
            Batcher(encoder.encode_prepared, LARGEST_BATCH),
            Batcher(encoder.encode_words, LARGEST_BATCH),
        )

    def _probe(self, encoder: ImageEncoder) -> None:
        """Raise `ReleaseError` unless the encoder reads a few articles' photos as their vectors."""
        with_photo = np.flatnonzero(self.release.with_photo)
        if not len(with_photo):
            return
        rows = with_photo[spread_evenly(PROBE_PHOTOS, len(with_photo))]
        index = self.release.indexes[IMAGE.name]
        photos = [decode_photo(self.release.photo(int(row)) or b"") for row in rows]
        seen, known = encoder.encode(photos), index.vectors[index.entry[rows]]
        if seen.shape != known.shape or (seen * known).sum(axis=1).mean() < SAME:
            name = self._encoder_of(self.release).id
            raise ReleaseError(f"Refused: the image encoder {name} did not make vectors/image.npy.")


class WordEncoder(_Encoder[TextEncoder]):
    """Reads words with a release's text encoder."""

    model = TEXT.name

    def read(self, words: str) -> Float32:
        """Return the unit vector, float32 [dim], of words in the space of the articles' texts.

        Raises:
            EncoderError: as `load`.
        """
        vector: Float32 = self.release.whitening(self.load().encode([words]))[0]
        return vector

    def _load(self) -> TextEncoder:
        encoder = TextEncoder(self.release.text_model)
        encoder.encode([""])
        return encoder


class Encoders:
    """Both readers of a release.

    Args:
        photos: reads photos, and words as photos.
        words: reads words as texts.
    """

    def __init__(self, photos: PhotoEncoder, words: WordEncoder) -> None:
        self.photos, self.words = photos, words

    @classmethod
    def of(cls, release: Release) -> "Encoders":
        """Return readers that have loaded nothing yet."""
        return cls(PhotoEncoder(release), WordEncoder(release))

    @property
    def ready(self) -> bool:
        """Whether both encoders are loaded."""
        return self.photos.ready and self.words.ready

    @property
    def loaded(self) -> dict[str, bool]:
        """Whether each encoder is loaded, by what it reads."""
        return {"photos": self.photos.ready, "words": self.words.ready}

    def handed_on(self, release: Release) -> "Encoders":
        """Return readers for another release, with the encoders that are loaded and fit it."""
        return Encoders(self.photos.handed_on(release), self.words.handed_on(release))

    def load(self) -> None:
        """Load both encoders.

        Raises:
            EncoderError: one cannot be loaded.
            ReleaseError: it is not the one that made the release's vectors.
        """
        self.photos.load()
        self.words.load()

    def load_in_background(self) -> None:
        """Begin to load both; what goes wrong is said in the log, and to whoever asks."""

        def load() -> None:
            try:
                self.load()
            except RecsysError as error:
                logger.warning("Photos and words cannot be read: %s", error)

        threading.Thread(target=load, name="encoders", daemon=True).start()
