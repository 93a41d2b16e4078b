import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from building import (
    build,
    cut_catalogue,
    files_of,
    photo_file,
    random_towers,
    read_table,
    write_table,
)
from PIL import Image

from recsys.errors import CatalogError
from recsys.models.image import ImageEncoder
from recsys.models.registry import ALL
from recsys.models.text import TextEncoder
from recsys.models.two_tower_data import TrainingSettings
from recsys.pipeline.build import Build, Options
from recsys.pipeline.workspace import Kept, Workspace, workspace_folder
from recsys.release.manifest import MANIFEST
from recsys.release.reader import open_release
from recsys.serving.recommender import Recommender

SCRIPT = Path(__file__).parents[2] / "build_index.py"


@pytest.fixture
def shop(small_folder: Path, tmp_path: Path) -> Path:
    """A small catalogue of the test's own."""
    return cut_catalogue(small_folder, tmp_path / "shop", articles=60)


@pytest.fixture
def without_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random vectors in place of the two-tower model's, which take long to train."""
    monkeypatch.setattr("recsys.models.two_tower.train", random_towers)


def forbid(*arguments: object) -> None:
    raise AssertionError("this was done already")


def rows_by_stage(run: Build) -> dict[str, int]:
    return {stage.name: stage.rows for stage in run.stages}


def change(path: Path, column: str, value: str, row: int = 7) -> str:
    """Change one cell of a table and return its article's id."""
    table = read_table(path)
    table.loc[row, column] = value
    write_table(path, table)
    return str(table.loc[row, "article_id"])


def test_a_release_has_every_model_with_the_right_counts(small_built: Path) -> None:
    manifest = open_release(small_built / "release").manifest
    counts = {name: model.articles for name, model in manifest.models.items()}
    assert counts == {"text": 60, "image": 59, "features": 60, "two_tower": 60}
    assert manifest.articles == 60
    for model in manifest.models.values():
        assert 0 < model.entries <= model.articles
        assert model.audit.worst == 1
        assert -1 <= model.typical <= 1


@pytest.mark.usefixtures("without_training")
def test_a_limit_keeps_the_first_articles_by_id(small_folder: Path, small_copy: Path) -> None:
    build(small_folder, small_copy, Options(limit=10))
    ids = read_table(small_folder / "articles.csv")["article_id"].sort_values()
    assert open_release(small_copy).articles["article_id"].tolist() == ids.head(10).tolist()


def test_a_second_build_does_nothing_again_and_gives_the_same_bytes(
    small_folder: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(small_copy)
    monkeypatch.setattr(TextEncoder, "encode", forbid)
    monkeypatch.setattr(ImageEncoder, "embed_many", forbid)
    monkeypatch.setattr("recsys.models.two_tower.train", forbid)
    monkeypatch.setattr("recsys.pipeline.indexing.build_graph", forbid)
    run = build(small_folder, small_copy)
    assert files_of(small_copy) == before
    again = {name: rows for name, rows in rows_by_stage(run).items() if rows}
    assert set(again) == {"catalogue", "features", "sales", "release"}


@pytest.mark.usefixtures("without_training")
def test_one_changed_description_encodes_one_text_again(
    shop: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []

    def encode(_: TextEncoder, texts: Sequence[str]) -> np.ndarray:
        encoded.extend(texts)
        return np.eye(len(texts), 384, dtype=np.float32)

    monkeypatch.setattr(TextEncoder, "encode", encode)
    monkeypatch.setattr(ImageEncoder, "embed_many", forbid)
    article_id = change(shop / "articles.csv", "detail_desc", "Hand-knitted by a lighthouse.")
    rows = rows_by_stage(build(shop, small_copy))
    assert [text.endswith("Hand-knitted by a lighthouse.") for text in encoded] == [True]
    assert (rows["text"], rows["image"]) == (1, 0)
    answer = Recommender(open_release(small_copy)).article(article_id)
    assert answer.description == "Hand-knitted by a lighthouse."


def test_one_changed_photo_encodes_one_photo_again(
    shop: Path, small_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TextEncoder, "encode", forbid)
    monkeypatch.setattr(
        ImageEncoder,
        "embed_many",
        lambda _, photos, __: np.eye(len(photos), 1280, dtype=np.float32),
    )
    article_id = read_table(shop / "articles.csv")["article_id"][7]
    path = photo_file(shop, article_id)
    Image.new("RGB", (200, 300), "teal").save(path)
    rows = rows_by_stage(build(shop, small_copy))
    assert (rows["text"], rows["image"]) == (0, 1)
    assert Recommender(open_release(small_copy)).photo(article_id) == path.read_bytes()


@pytest.mark.parametrize("damage", [lambda _: b"not a picture", lambda data: data[:2000]])
def test_a_photo_that_cannot_be_read_is_named_and_no_release_is_made(
    shop: Path, tmp_path: Path, damage: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        TextEncoder, "encode", lambda _, texts: np.eye(len(texts), 384, dtype=np.float32)
    )
    path = photo_file(shop, read_table(shop / "articles.csv")["article_id"][7])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CatalogError) as refused:
        build(shop, tmp_path / "release")
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "release").exists()


def test_a_failed_build_leaves_the_old_release_whole(shop: Path, small_copy: Path) -> None:
    before = files_of(small_copy)
    (shop / "articles.csv").write_text("article_id\n")
    with pytest.raises(CatalogError):
        build(shop, small_copy)
    assert files_of(small_copy) == before


def without_photos(shop: Path) -> None:
    for path in shop.glob("images/*/*.jpg"):
        path.unlink()


def with_one_article(shop: Path) -> None:
    table = read_table(shop / "articles.csv").head(1)
    bought = read_table(shop / "transactions_train.csv")
    write_table(shop / "articles.csv", table)
    write_table(
        shop / "transactions_train.csv", bought[bought["article_id"].isin(table["article_id"])]
    )


def with_two_articles_alike(shop: Path) -> None:
    table = read_table(shop / "articles.csv").head(1)
    twin = table.assign(article_id="0999999999")
    write_table(shop / "articles.csv", pd.concat([table, twin]))


def where_nothing_is_sold_together(shop: Path) -> None:
    bought = read_table(shop / "transactions_train.csv").drop_duplicates("customer_id")
    write_table(shop / "transactions_train.csv", bought)


def where_nothing_of_the_catalogue_is_sold(shop: Path) -> None:
    bought = read_table(shop / "transactions_train.csv").head(5)
    write_table(shop / "transactions_train.csv", bought.assign(article_id="0999999999"))


def where_one_is_bought_often(shop: Path) -> None:
    """A single article, by twenty shoppers on several days: there is nothing that it is like."""
    shoppers = read_table(shop / "transactions_train.csv").drop_duplicates("customer_id").head(20)
    with_one_article(shop)
    (article,) = read_table(shop / "articles.csv")["article_id"]
    bought = shoppers.assign(article_id=article)
    days = [bought.assign(t_dat=f"2020-05-{day:02}") for day in range(1, 21)]
    write_table(shop / "transactions_train.csv", pd.concat(days))


def where_everything_is_sold_on_one_day(shop: Path) -> None:
    bought = read_table(shop / "transactions_train.csv")
    write_table(shop / "transactions_train.csv", bought.assign(t_dat="2020-05-05"))


def without_descriptions(shop: Path) -> None:
    table = read_table(shop / "articles.csv")
    write_table(shop / "articles.csv", table.assign(detail_desc=""))


QUICK = Options(training=TrainingSettings(round_steps=1, most_rounds=1))
"""A training of one step, where what it teaches does not matter."""


def check_answers(recommender: Recommender) -> None:
    """Check that every article has an answer from every model, or a note that says why not."""
    for article_id in recommender.release.articles["article_id"]:
        answer = recommender.similar_to_article(article_id)
        assert [gallery.model for gallery in answer.galleries] == list(ALL)
        for gallery in answer.galleries:
            assert bool(gallery.matches) != bool(gallery.note)
            assert all(np.isfinite(match.score) for match in gallery.matches)
            assert all(match.article.article_id != article_id for match in gallery.matches)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(without_descriptions, marks=pytest.mark.exhaustive),
        where_one_is_bought_often,
        pytest.param(where_everything_is_sold_on_one_day, marks=pytest.mark.exhaustive),
    ],
)
def test_an_unusual_catalogue_is_built_and_answers(
    shop: Path, small_copy: Path, make: Callable[[Path], None]
) -> None:
    make(shop)
    build(shop, small_copy, QUICK)
    check_answers(Recommender(open_release(small_copy)))


def test_a_catalogue_without_photos_answers_and_says_that_it_cannot_answer_photos(
    shop: Path, small_folder: Path, small_copy: Path
) -> None:
    photo = next(small_folder.glob("images/*/*.jpg")).read_bytes()
    without_photos(shop)
    build(shop, small_copy)
    recommender = Recommender(open_release(small_copy))
    check_answers(recommender)
    for gallery in recommender.similar_to_photo(photo).galleries:
        assert gallery.matches == ()
        assert gallery.note


@pytest.mark.parametrize(
    "make",
    [
        with_one_article,
        with_two_articles_alike,
        where_nothing_is_sold_together,
        where_nothing_of_the_catalogue_is_sold,
    ],
)
def test_purchases_that_teach_nothing_are_refused_in_one_line_before_texts_are_encoded(
    shop: Path,
    small_copy: Path,
    make: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make(shop)
    monkeypatch.delattr("recsys.pipeline.build.encode_texts")
    before = files_of(small_copy)
    with pytest.raises(CatalogError, match=r"nothing to train on: in [^\n]*$"):
        build(shop, small_copy)
    assert files_of(small_copy) == before


class KilledError(Exception):
    """Stands for a build that is killed."""


def kill(*arguments: object, **options: object) -> None:
    raise KilledError


def kill_within(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a build stop when it has done half of what it keeps as that stage."""
    once = Workspace.once

    def stopped(workspace: Workspace, name: str, key: str, make: Callable[[Path], None]) -> Kept:
        def half(folder: Path) -> None:
            (folder / "half.txt").write_text("half")
            raise KilledError

        return once(workspace, name, key, half if name == stage else make)

    monkeypatch.setattr(Workspace, "once", stopped)


def kill_with(target: str) -> Callable[[pytest.MonkeyPatch], None]:
    """Have a build stop where it calls that function."""
    return lambda monkeypatch: monkeypatch.setattr(target, kill)


INTERRUPTIONS: list[Callable[[pytest.MonkeyPatch], None]] = [
    kill_with("recsys.models.text.TextEncoder.encode"),
    partial(kill_within, "encoders"),
    kill_with("recsys.models.image.ImageEncoder.embed_many"),
    *(
        partial(kill_within, stage)
        for stage in ("two_tower", "indexes", "audits", "bridges", "weights", "evaluation")
    ),
    *(partial(kill_within, stage) for stage in ("maps", "phrases", "articles")),
    kill_with("recsys.release.writer.file_records"),
    kill_with("recsys.release.writer.os.replace"),
]


@pytest.mark.parametrize(
    "interruptions",
    [INTERRUPTIONS[1::12], pytest.param(INTERRUPTIONS, marks=pytest.mark.exhaustive)],
    ids=["two", "all"],
)
def test_a_build_stopped_at_every_stage_goes_on_and_ends_in_the_same_release(
    small_folder: Path,
    small_built: Path,
    tmp_path: Path,
    interruptions: list[Callable[[pytest.MonkeyPatch], None]],
) -> None:
    out = tmp_path / "release"
    for interrupt in interruptions:
        with pytest.MonkeyPatch.context() as monkeypatch:
            interrupt(monkeypatch)
            with pytest.raises(KilledError):
                build(small_folder, out)
        assert not out.exists()
    build(small_folder, out)
    assert files_of(out)[MANIFEST] == files_of(small_built / "release")[MANIFEST]
    assert files_of(out) == files_of(small_built / "release")
    leftovers = [path for path in tmp_path.rglob("*") if path.suffix in (".partial", ".previous")]
    assert leftovers == []


def test_a_killed_build_goes_on(small_folder: Path, small_copy: Path) -> None:
    """The process is killed while it trains; what it has encoded is not encoded again."""
    shutil.rmtree(small_copy)
    shutil.rmtree(workspace_folder(small_copy) / "two_tower")
    command = [sys.executable, SCRIPT, "--data", small_folder, "--out", small_copy]
    kill_as_soon_as(workspace_folder(small_copy) / "two_tower", command)
    assert not small_copy.exists()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("recsys.models.two_tower.train", random_towers)
        monkeypatch.setattr(ImageEncoder, "embed_many", forbid)
        build(small_folder, small_copy)
    open_release(small_copy)


def kill_as_soon_as(trace: Path, command: list[str | Path]) -> None:
    """Run a command and kill it the moment a path appears."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None and not trace.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    _, output = process.communicate()
    assert trace.exists(), output.decode(errors="replace")[-2000:]
    assert process.returncode == -signal.SIGKILL


@pytest.mark.exhaustive
def test_an_encoder_can_be_loaded_after_a_training(small_folder: Path, tmp_path: Path) -> None:
    """With triton, torch brings an LLVM that ends the process if TensorFlow's is loaded first."""
    program = (
        "from recsys.pipeline.training import load_triton\n"
        "load_triton()\n"
        "import recsys.models.two_tower_keras, sentence_transformers\n"
        "from transformers import modeling_utils\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=SCRIPT.parent, check=True)
