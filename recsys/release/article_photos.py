"""The photos of a release's articles, read from its table one at a time."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from recsys.catalog.photos import JPEG, MAX_BYTES
from recsys.release.files import ARTICLES
from recsys.release.held_file import HeldFile
from recsys.release.manifest import check
from recsys.release.parquet_file import ParquetTable
from recsys.release.tables import PHOTO_COLUMN, ROW_GROUP

LONGEST_PATH = 200
"""Bytes of a photo's ``path``: it is only looked at to see which articles have a photo."""


class ArticlePhotos:
    """The photos of a release. Safe to share between threads.

    They come from the file that was open when the release was verified, whatever lies at its path
    now.

    Args:
        file: the table of articles.
        table: the same, its footer checked.

    Raises:
        ReleaseError: the names of the photos' files are too long.
    """

    def __init__(self, file: HeldFile, table: ParquetTable) -> None:
        self._file, self._metadata = file, table.metadata
        self.with_photo = self._with_photo(table)

    def _with_photo(self, table: ParquetTable) -> npt.NDArray[np.bool_]:
        """Return whether each article has a photo, bool [articles]."""
        path = f"{PHOTO_COLUMN}.path"
        sizes = [table.size_of(path, group) for group in range(self._metadata.num_row_groups)]
        check(
            max(sizes, default=0) <= ROW_GROUP * LONGEST_PATH,
            f"{ARTICLES} has names of photos that are too long",
        )
        groups = [
            np.asarray(table.read_arrow([path], group).column(PHOTO_COLUMN).is_valid())
            for group in range(self._metadata.num_row_groups)
        ]
        return np.concatenate([np.empty(0, np.bool_), *groups])

    def photo(self, row: int) -> bytes | None:
        """Return the JPEG of an article's photo.

        ``None`` for an article without one, and where the file was written into since it was
        verified or does not hold a JPEG of up to `MAX_BYTES` there.
        """
        try:
            photo = self._read(row)
        except (OSError, pa.ArrowException):
            return None
        jpeg = photo is not None and photo.startswith(JPEG) and len(photo) <= MAX_BYTES
        return photo if jpeg and self._file.unchanged else None

    def _read(self, row: int) -> bytes | None:
        # A file of its own for each call: one reader must not be shared between threads.
        source = pa.PythonFile(self._file.reader(), mode="r")
        file = pq.ParquetFile(source, metadata=self._metadata)
        group, place = divmod(row, ROW_GROUP)
        # One row at a time: a group can repeat one photo, which takes no space in the file.
        rows = file.iter_batches(1, row_groups=[group], columns=[f"{PHOTO_COLUMN}.bytes"])
        for at, batch in enumerate(rows):
            if at == place:
                photo: bytes | None = (batch.column(0)[0].as_py() or {}).get("bytes")
                return photo
        return None
