"""A finished stage is not repeated, and an unfinished one never looks finished."""

import hashlib
import shutil
import time

import numpy as np
import pytest

from recsys.models.encoder_version import encoder_key, files_key
from recsys.pipeline import workspace
from recsys.pipeline.workspace import Finished, Kept, Stopwatch, Workspace
from recsys.vectors import key_of


class KilledError(Exception):
    """Stands for a build that is killed."""


@pytest.fixture
def kept(tmp_path):
    return Workspace(tmp_path / "cache")


@pytest.fixture
def chunks_of_three(monkeypatch):
    monkeypatch.setattr(workspace, "CHUNK", 3)


def make_note(folder):
    (folder / "note.txt").write_text("done")


def forbidden(*_):
    raise AssertionError("this was done already")


def lengths(keys):
    """Return an encoder of ``keys`` whose vector is a key's number, and the list of its calls."""
    calls = []

    def encode(positions):
        calls.append([keys[position] for position in positions])
        return np.array([[float(keys[p][1:]), 1] for p in positions], np.float32)

    return encode, calls


def keys_up_to(count):
    return [f"k{number}" for number in range(count)]


# Stages


def test_a_stage_is_made_once_and_then_found_also_by_the_next_build(kept):
    made = kept.once("stage", "key", make_note)
    assert made.fresh
    assert (made.folder / "note.txt").read_text() == "done"
    again = Kept(made.folder, fresh=False)
    assert kept.once("stage", "key", forbidden) == again
    assert Workspace(kept.folder).once("stage", "key", forbidden) == again


def test_another_key_or_stage_is_made_anew(kept):
    places = {kept.once(*name, make_note).folder for name in (("a", "1"), ("a", "2"), ("b", "1"))}
    assert len(places) == 3


def test_a_stage_that_fails_leaves_nothing_that_looks_finished(kept):
    def fail(folder):
        (folder / "half.txt").write_text("half")
        raise KilledError

    with pytest.raises(KilledError):
        kept.once("stage", "key", fail)
    assert not (kept.folder / "stage" / "key").exists()


def test_a_stage_that_failed_is_made_again_from_nothing(kept):
    test_a_stage_that_fails_leaves_nothing_that_looks_finished(kept)
    made = kept.once("stage", "key", make_note).folder
    assert [path.name for path in made.iterdir()] == ["note.txt"]
    assert [path.name for path in made.parent.iterdir()] == ["key"]


def test_a_stage_is_not_in_its_place_before_it_is_complete(kept):
    def look(folder):
        make_note(folder)
        assert not (kept.folder / "stage" / "key").exists()

    kept.once("stage", "key", look)
    assert (kept.folder / "stage" / "key").is_dir()


# Timing


def test_a_stopwatch_passes_results_on_and_notes_rows_and_seconds():
    watch = Stopwatch()
    assert watch.run("double", lambda number: Finished(2 * number, rows=7), 4) == 8
    assert watch.run("wait", lambda: Finished(time.sleep(0.02), rows=0)) is None
    assert [(stage.name, stage.rows) for stage in watch.stages] == [("double", 7), ("wait", 0)]
    assert watch.stages[0].seconds < 0.02 <= watch.stages[1].seconds
    assert watch.stages[0].peak_bytes > 1e7


# Keys


def test_a_key_is_a_short_name_that_depends_on_every_part_and_its_place():
    keys = {key_of("a", 1), key_of("a", "1"), key_of("a1"), key_of(1, "a"), key_of(["a"], 1)}
    assert len(keys) == 5
    assert all(key.isalnum() and len(key) == 24 for key in keys)
    assert key_of({"b": 1, "a": 2}) == key_of({"a": 2, "b": 1})


def test_a_model_from_the_hub_is_known_by_its_id():
    assert encoder_key("organisation/name") == encoder_key("organisation/name")
    assert encoder_key("organisation/name") != encoder_key("organisation/other")


def test_a_model_in_a_folder_is_known_by_its_content_not_its_place(tmp_path):
    first, second = tmp_path / "first", tmp_path / "elsewhere" / "second"
    (first / "sub").mkdir(parents=True)
    (first / "config.json").write_text("{}")
    (first / "sub" / "weights").write_bytes(b"1234")
    shutil.copytree(first, second)
    key = encoder_key(str(first))
    assert encoder_key(str(second)) == key
    assert encoder_key(f"local-dir:{second}") == key
    (second / "sub" / "weights").write_bytes(b"1235")
    assert encoder_key(str(second)) != key
    (second / "sub" / "weights").rename(second / "weights")
    (second / "weights").write_bytes(b"1234")
    assert encoder_key(str(second)) != key


# Vectors


def test_each_distinct_key_is_encoded_once_and_answered_in_place(kept):
    keys = ["k5", "k2", "k5", "k9", "k2"]
    encode, calls = lengths(keys)
    encoded = kept.vectors("text", "model").encode(keys, encode)
    assert encoded.result[:, 0].tolist() == [5, 2, 5, 9, 2]
    assert (calls, encoded.rows) == ([["k5", "k2", "k9"]], 3)


def test_a_second_build_encodes_only_what_is_new(kept):
    keys = keys_up_to(4)
    kept.vectors("text", "model").encode(keys, lengths(keys)[0])
    keys = ["k7", "k3", "k0", "k8"]
    encode, calls = lengths(keys)
    encoded = kept.vectors("text", "model").encode(keys, encode)
    assert encoded.result[:, 0].tolist() == [7, 3, 0, 8]
    assert (calls, encoded.rows) == ([["k7", "k8"]], 2)
    again = kept.vectors("text", "model").encode(keys, forbidden)
    np.testing.assert_array_equal(again.result, encoded.result)
    assert again.rows == 0


def test_the_same_store_may_be_asked_twice(kept):
    store = kept.vectors("text", "model")
    keys = keys_up_to(3)
    store.encode(keys, lengths(keys)[0])
    again = store.encode(keys[::-1], forbidden)
    assert (again.result[:, 0].tolist(), again.rows) == ([2, 1, 0], 0)


def test_another_encoder_has_a_store_of_its_own(kept):
    keys = keys_up_to(2)
    kept.vectors("text", "model").encode(keys, lengths(keys)[0])
    assert kept.vectors("text", "other").encode(keys, lengths(keys)[0]).rows == 2


@pytest.mark.usefixtures("chunks_of_three")
def test_many_keys_are_encoded_in_chunks_and_each_chunk_is_kept(kept):
    keys = keys_up_to(8)
    encode, calls = lengths(keys)
    encoded = kept.vectors("text", "model").encode(keys, encode)
    assert [len(call) for call in calls] == [3, 3, 2]
    assert encoded.result[:, 0].tolist() == list(range(8))
    assert encoded.rows == 8
    assert len(list((kept.folder / "text" / "model").glob("*.npz"))) == 3


@pytest.mark.usefixtures("chunks_of_three")
@pytest.mark.parametrize("finished", [0, 1, 2])
def test_an_interrupted_build_goes_on_where_it_was(kept, tmp_path, finished):
    keys = [*keys_up_to(8), "k1"]
    encode, calls = lengths(keys)

    def interrupted(positions):
        if len(calls) == finished:
            raise KilledError
        return encode(positions)

    with pytest.raises(KilledError):
        kept.vectors("text", "model").encode(keys, interrupted)
    rest, later = lengths(keys)
    encoded = Workspace(kept.folder).vectors("text", "model").encode(keys, rest)
    assert encoded.rows == 8 - 3 * finished
    assert [key for call in later for key in call] == keys[3 * finished : 8]
    whole = Workspace(tmp_path / "other").vectors("text", "model").encode(keys, encode)
    np.testing.assert_array_equal(encoded.result, whole.result)


def test_a_chunk_that_was_not_written_to_its_end_is_not_read(kept):
    keys = keys_up_to(2)
    store = kept.vectors("text", "model")
    (store.folder / "000000.partial").write_bytes(b"PK half of a file")
    encoded = kept.vectors("text", "model").encode(keys, lengths(keys)[0])
    assert (encoded.result[:, 0].tolist(), encoded.rows) == ([0, 1], 2)


def test_no_keys_need_no_encoder(kept):
    encoded = kept.vectors("image", "model").encode([], forbidden)
    assert (len(encoded.result), encoded.result.dtype, encoded.rows) == (0, np.float32, 0)


def test_the_key_of_a_folder_is_that_of_its_files_whatever_they_are_called(tmp_path):
    """`sub-b` stands before `sub/a` as text, and after it as a path."""
    digests = {}
    for name in ("sub/a", "sub-b", "c"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
        digests[name] = hashlib.sha256(name.encode()).hexdigest()
    assert encoder_key(f"local-dir:{tmp_path}") == encoder_key(str(tmp_path)) == files_key(digests)
    assert files_key(digests) == files_key(dict(reversed(digests.items())))
    assert files_key({**digests, "c": digests["sub/a"]}) != files_key(digests)
