import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recsys.errors import ReleaseError
from recsys.models.registry import SINGLE
from recsys.release.files import (
    ARRAYS,
    ENTRIES,
    MAPPED,
    PLACES,
    QUERIES,
    SALES,
    VECTORS,
    ArrayFile,
    ArrayReader,
)
from recsys.release.manifest import EncoderRecord, ModelRecord
from recsys.retrieval.audit import Audit

ARTICLE_COUNT, ENTRY_COUNT, DIM = 6, 5, 3
RECORD = ModelRecord(
    EncoderRecord("x"), DIM, ENTRY_COUNT, ARTICLE_COUNT, 0.0, Audit(1, 1.0, 1.0, 0.0, 128)
)
LENGTHS = {"articles": ARTICLE_COUNT, "articles + 1": ARTICLE_COUNT + 1, "mapped articles": 4}
VALUES_AT_LEAST = "has values that are not from"


@pytest.fixture
def reader(tmp_path: Path) -> ArrayReader:
    return ArrayReader(tmp_path, ARTICLE_COUNT, {model.name: RECORD for model in SINGLE})


def length(size: str | int) -> int:
    if isinstance(size, int):
        return size
    endings = {" entries": ENTRY_COUNT, " dim": DIM, " dim + 1": DIM + 1}
    known = (number for ending, number in endings.items() if size.endswith(ending))
    return LENGTHS[size] if size in LENGTHS else next(known, 8)


def good(file: ArrayFile) -> np.ndarray:
    """An array that the file may hold."""
    shape = tuple(map(length, file.shape))
    if file.least_step is not None:
        return np.arange(shape[0]).astype(file.dtype)
    if file.unit:
        return np.resize(np.eye(DIM), shape).astype(file.dtype)
    return np.full(shape, max(file.low, 0), file.dtype)


def refusal(reader: ArrayReader, file: ArrayFile) -> str:
    with pytest.raises(ReleaseError) as refused:
        reader.open(file)
    message = str(refused.value)
    assert message.startswith(f"Refused: {file.path}")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("file", ARRAYS, ids=lambda file: file.path)
def test_an_array_is_read_into_memory_as_it_was_written(
    file: ArrayFile, reader: ArrayReader, tmp_path: Path
) -> None:
    array = good(file)
    file.write(tmp_path, array)
    opened = reader.open(file)
    assert opened.tobytes() == array.tobytes()
    assert (opened.shape, opened.dtype) == (array.shape, array.dtype)
    assert not isinstance(opened.base, np.memmap)


@pytest.mark.parametrize("file", ARRAYS, ids=lambda file: file.path)
def test_columns_that_lie_one_after_another_are_written_as_rows(
    file: ArrayFile, reader: ArrayReader, tmp_path: Path
) -> None:
    file.write(tmp_path, np.asfortranarray(good(file)))
    assert reader.open(file).tobytes() == good(file).tobytes()


FLOATS = [file for file in ARRAYS if file.dtype == "float32"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("file", FLOATS, ids=lambda file: file.path)
def test_a_number_that_is_none_is_refused_in_every_array(
    file: ArrayFile, value: float, reader: ArrayReader, tmp_path: Path
) -> None:
    array = good(file)
    array.flat[-1] = value
    file.write(tmp_path, array)
    assert VALUES_AT_LEAST in refusal(reader, file)


@pytest.mark.parametrize(
    ("file", "value", "said"),
    [
        (ENTRIES["text"], -2, "from -1 to 4"),
        (ENTRIES["image"], ENTRY_COUNT, "from -1 to 4"),
        (SALES["partners"], -1, "from 0 to 5"),
        (SALES["partners"], ARTICLE_COUNT, "from 0 to 5"),
        (SALES["starts"], -1, "from 0 to"),
        (SALES["starts"], 2**60, "from 0 to"),
        (SALES["starts"], 1, "does not rise"),
        (SALES["strengths"], -0.1, "from 0 to 1"),
        (SALES["strengths"], 1.1, "from 0 to 1"),
        (SALES["shared"], 0, "from 1 to"),
        (SALES["popularity"], -0.1, "from 0 to 1"),
        (SALES["popularity"], 1.1, "from 0 to 1"),
        (SALES["recency"], 2, "from 0 to 1"),
        (MAPPED, ARTICLE_COUNT, "from 0 to 5"),
        (MAPPED, -1, "from 0 to 5"),
        (MAPPED, 1, "does not rise"),
        (MAPPED, 2, "does not rise"),
        (PLACES["text"], 1.01, "from 0 to 1"),
        (PLACES["image"], -0.01, "from 0 to 1"),
        (VECTORS["text"], 0.5, "not unit vectors"),
        (VECTORS["image"], -1.1, "not unit vectors"),
        (QUERIES, 2e6, "from -1e+06 to 1e+06"),
    ],
)
def test_a_value_out_of_its_range_is_refused(
    file: ArrayFile, value: float, said: str, reader: ArrayReader, tmp_path: Path
) -> None:
    array = good(file)
    array.flat[-1] = value
    file.write(tmp_path, array)
    assert said in refusal(reader, file)


def test_vectors_that_are_all_zero_are_refused(reader: ArrayReader, tmp_path: Path) -> None:
    VECTORS["text"].write(tmp_path, np.zeros((ENTRY_COUNT, DIM), np.float32))
    assert "not unit vectors" in refusal(reader, VECTORS["text"])


def saved(array: np.ndarray, **options: object) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, **options)
    return out.getvalue()


def reshaped(content: bytes, shape: str) -> bytes:
    """Return a file of 15 numbers that says it has another shape."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    return content[:10] + header.encode().ljust(117) + b"\n" + content[128:]


ROWS = np.resize(np.eye(3, dtype=np.float32), (5, 3))
ORIGINAL = saved(ROWS)
PAIRS = np.zeros((5, 3), [("a", "<f4"), ("b", "<f4")])

MALFORMED: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "only magic": lambda: ORIGINAL[:8],
    "cut in the header": lambda: ORIGINAL[:100],
    "cut by a byte": lambda: ORIGINAL[:-1],
    "cut by a number": lambda: ORIGINAL[:-4],
    "extended": lambda: ORIGINAL + b"\0" * 4,
    "another version": lambda: saved(ROWS, version=(2, 0)),
    "a newer version": lambda: saved(ROWS, version=(3, 0)),
    "a header of 4 GB": lambda: b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + ORIGINAL[10:],
    "a longer header": lambda: ORIGINAL[:8] + struct.pack("<H", 65535) + ORIGINAL[10:],
    "a shorter header": lambda: ORIGINAL[:8] + struct.pack("<H", 100) + ORIGINAL[10:],
    "columns first": lambda: saved(np.asfortranarray(ROWS)),
    "big-endian": lambda: saved(ROWS.astype(">f4")),
    "doubles": lambda: saved(ROWS.astype(np.float64)),
    "integers": lambda: saved(ROWS.astype(np.int32)),
    "half precision": lambda: saved(ROWS.astype(np.float16)),
    "complex numbers": lambda: saved(ROWS.astype(np.complex64)),
    "texts": lambda: saved(ROWS.astype("S4")),
    "dates": lambda: saved(ROWS.astype(np.int64).astype("datetime64[s]")),
    "pairs": lambda: saved(PAIRS),
    "objects": lambda: saved(ROWS.astype(object), allow_pickle=True),
    "one number": lambda: saved(np.float32(1)[()].reshape(())),
    "one row": lambda: saved(ROWS.ravel()),
    "three dimensions": lambda: saved(ROWS[None]),
    "a row less": lambda: saved(ROWS[:-1]),
    "a column more": lambda: saved(np.hstack([ROWS, ROWS[:, :1]])),
    "more rows than content": lambda: reshaped(ORIGINAL, "(500000000000, 3)"),
    "a negative length": lambda: reshaped(ORIGINAL, "(-5, -3)"),
    "lengths that overflow": lambda: reshaped(ORIGINAL, "(9223372036854775807, 3)"),
    "a boolean length": lambda: reshaped(ORIGINAL, "(True, 3)"),
    "nested parentheses": lambda: reshaped(ORIGINAL, "(" * 40 + ")" * 40),
    "another file": lambda: b"PK\x03\x04" * 100,
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_file_is_refused(
    content: Callable[[], bytes], reader: ArrayReader, tmp_path: Path
) -> None:
    file = VECTORS["text"]
    file.write(tmp_path, ROWS)
    reader.open(file)
    (tmp_path / file.path).write_bytes(content())
    refusal(reader, file)


def test_a_length_without_a_bound_must_fit_the_file(reader: ArrayReader, tmp_path: Path) -> None:
    """The manifest does not say how many partners there are."""
    file = SALES["partners"]
    file.write(tmp_path, np.arange(3, dtype=np.int32))
    path = tmp_path / file.path
    claimed = b"(999999999999,), }"
    path.write_bytes(path.read_bytes().replace(b"(3,), }".ljust(len(claimed)), claimed))
    assert "bytes, not" in refusal(reader, file)


def test_arrays_of_one_length_must_have_it(reader: ArrayReader, tmp_path: Path) -> None:
    SALES["partners"].write(tmp_path, np.arange(3, dtype=np.int32))
    SALES["shared"].write(tmp_path, np.ones(4, np.int32))
    reader.open(SALES["partners"])
    assert "is int32 [4], not int32 [3]" in refusal(reader, SALES["shared"])


def test_a_missing_array_and_a_folder_in_its_place_are_refused(
    reader: ArrayReader, tmp_path: Path
) -> None:
    refusal(reader, MAPPED)
    (tmp_path / MAPPED.path).mkdir(parents=True)
    refusal(reader, MAPPED)
