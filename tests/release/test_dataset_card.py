import dataclasses
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from building import reseal
from loopback import LoopbackHub

from recsys.evaluation.report import Evaluation
from recsys.models.registry import SINGLE
from recsys.release.dataset_card import card_text
from recsys.release.files import ARTICLES
from recsys.release.hub import Visibility, publish
from recsys.release.manifest import Manifest, read_manifest
from recsys.release.reader import Release, open_release
from recsys.retrieval.fusion import Weights

NAME = "someone/winter-clothes_2026"
KEEP_PRIVATE = "Keep this repo private"


@pytest.fixture
def manifest(small_built: Path) -> Manifest:
    """What a real build says of its release."""
    return read_manifest(small_built / "release")


def front_matter(card: str) -> dict[str, Any]:
    """What stands before a card's text, parsed."""
    before, matter, _ = card.split("---\n", 2)
    assert before == ""
    parsed: dict[str, Any] = yaml.safe_load(matter)
    return parsed


def cells(card: str, first: str) -> list[list[str]]:
    """The rows of a card's tables that start with a name."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in card.splitlines()]
    return [row for row in rows if row[0] == first and len(row) > 1]


def examples(card: str) -> list[str]:
    """The pieces of Python in a card."""
    return re.findall(r"```python\n(.*?)\n```", card, re.DOTALL)


def run(program: str, hub: LoopbackHub, home: Path) -> str:
    """Run a program as a reader of the card would and return what it prints."""
    # Else `datasets` counts downloads at a host of its own.
    own = {"HF_HOME": str(home), "HF_UPDATE_DOWNLOAD_COUNTS": "0"}
    cache = {"HF_DATASETS_CACHE": str(home / "datasets"), "HF_HUB_CACHE": str(home / "hub")}
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | hub.environment | own | cache,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_front_matter_is_what_the_hub_understands(manifest: Manifest) -> None:
    matter = front_matter(card_text(NAME, manifest))
    assert matter["pretty_name"] == "Winter clothes 2026"
    assert matter["license"] == manifest.license == "cc0-1.0"
    assert matter["size_categories"] == ["n<1K"]
    assert matter["configs"] == [
        {
            "config_name": "articles",
            "data_files": [{"split": "train", "path": ARTICLES}],
            "default": True,
        }
    ]


@pytest.mark.parametrize(
    ("articles", "category"),
    [
        (1, "n<1K"),
        (999, "n<1K"),
        (1_000, "1K<n<10K"),
        (10_000, "10K<n<100K"),
        (105_542, "100K<n<1M"),
        (1_000_000, "1M<n<10M"),
    ],
)
def test_the_size_is_said_in_the_hubs_categories(
    manifest: Manifest, articles: int, category: str
) -> None:
    card = card_text(NAME, dataclasses.replace(manifest, articles=articles))
    assert front_matter(card)["size_categories"] == [category]
    assert f"{articles:,} articles of a fashion catalogue" in card


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (748_600_000, "749 MB"),
        (1_499_000_000, "1 GB"),
        (12_345_000_000_000, "12,345 GB"),
    ],
)
def test_the_size_of_all_files_is_said_as_people_write_it(
    manifest: Manifest, size: int, said: str
) -> None:
    name, record = next(iter(manifest.files.items()))
    files = {name: dataclasses.replace(record, size=size)}
    card = card_text(NAME, dataclasses.replace(manifest, files=files))
    assert f" 1 files, {said}.\n" in card


def test_the_card_names_the_release_and_leaves_no_gap(manifest: Manifest) -> None:
    card = card_text(NAME, manifest)
    assert f"Release `{manifest.checksum[:12]}`" in card
    assert f"{len(manifest.files)} files, " in card
    assert not re.search(r"\$|\{[{%]|[%}]\}|None", card)


@pytest.mark.parametrize("name", [model.name for model in SINGLE])
def test_every_models_encoder_and_audit_stand_in_the_card(manifest: Manifest, name: str) -> None:
    model = manifest.models[name]
    audit = dataclasses.replace(model.audit, queries=12_345, mean=0.98765, worst=0.75)
    audit = dataclasses.replace(audit, below_90=0.012345)
    models = {**manifest.models, name: dataclasses.replace(model, audit=audit)}
    described, _, audited = cells(
        card_text(NAME, dataclasses.replace(manifest, models=models)), name
    )[:3]
    assert described[1:] == [
        model.encoder.id,
        model.encoder.version or "this project's code",
        f"{model.articles:,}",
        f"{model.entries:,}",
        str(model.dim),
        f"{model.typical:.3f}",
    ]
    assert audited[1:] == ["12,345", "0.9877", "0.75", "1.2345%"]


def test_the_weights_stand_in_the_card_from_unsold_to_best_seller(manifest: Manifest) -> None:
    weights = Weights({"text": 3.5, "recency": 0.25}, {"text": 1.25, "recency": 0.5})
    card = card_text(NAME, dataclasses.replace(manifest, weights={"article": weights}))
    assert ["text", "3.50 to 1.25"] in cells(card, "text")
    assert cells(card, "recency") == [["recency", "0.25 to 0.50"]]


def test_the_card_names_the_configuration_that_the_text_tower_needs(release_folder: Path) -> None:
    """The whole sample has an encoder that knows words; that of the small one knows none."""
    config = json.loads((release_folder / "encoders/image/open_clip_config.json").read_text())
    name = config["model_cfg"]["text_cfg"]["hf_model_name"]
    card = card_text(NAME, read_manifest(release_folder))
    assert f"the configuration of its `hf_model_name`, `{name}`" in card


def test_the_card_promises_no_text_tower_that_is_not_there(manifest: Manifest) -> None:
    assert "hf_model_name" not in card_text(NAME, manifest)


def test_every_table_of_the_evaluation_stands_in_the_card(release: Release) -> None:
    manifest = release.manifest
    card = card_text(NAME, manifest)
    assert set(manifest.evaluation.tables) >= {"basket", "next purchase", "photo"}
    for name, table in manifest.evaluation.tables.items():
        assert f"**{name}** ({table.questions:,} questions)" in card
        for model, scores in table.models.items():
            assert any(
                f"{scores.recall_12.mean:.4f}" in row[1]
                for row in cells(card, model) + cells(card, f"**{model}**")
            )


def test_a_catalogue_too_small_to_be_measured_says_so(manifest: Manifest) -> None:
    card = card_text(NAME, dataclasses.replace(manifest, evaluation=Evaluation({})))
    assert "too small to be measured" in card


def test_an_open_catalogue_is_said_to_be_open(manifest: Manifest) -> None:
    card = card_text(NAME, manifest)
    assert "redistributable, under `cc0-1.0`" in card
    assert KEEP_PRIVATE not in card


def test_a_closed_catalogue_is_to_be_kept_private(manifest: Manifest) -> None:
    card = card_text(NAME, dataclasses.replace(manifest, license=""))
    assert KEEP_PRIVATE in card
    assert "under ``" not in card
    assert front_matter(card)["license"] == "other"


def test_the_examples_take_five_lines_each(manifest: Manifest) -> None:
    assert [len(example.splitlines()) for example in examples(card_text(NAME, manifest))] == [5, 5]


@pytest.fixture
def published(hub: LoopbackHub, release_copy: Path) -> Release:
    """A release on the Hub; its catalogue may not be passed on, so its repo is private."""
    reseal(release_copy, license="")
    publish(release_copy, NAME, Visibility())
    return open_release(release_copy)


def test_the_examples_run_as_they_are_printed(
    hub: LoopbackHub, published: Release, tmp_path: Path
) -> None:
    loading, searching = examples(hub.repo(NAME).files()["README.md"].decode())
    table = published.articles

    first, *streamed = run(loading, hub, tmp_path).splitlines()
    assert first.startswith(f"60 {table['prod_name'][0]} <PIL.")
    assert "ImageFile" in first
    assert streamed == [f"{row.article_id} {row.prod_name}" for row in table[:3].itertuples()]

    found = re.fullmatch(r"\[([\d\s]+)\] \[([^\]]+)\]\s*", run(searching, hub, tmp_path))
    assert found
    keys, scores = ([float(number) for number in part.split()] for part in found.groups())
    assert len(keys) == len(scores) == 12
    assert keys[0] == 0
    assert scores[0] == pytest.approx(1, abs=2e-3)
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.99


LOAD_ALL = f"""
import hashlib, json
from datasets import load_dataset
for streaming in (False, True):
    articles = []
    for article in load_dataset("{NAME}", split="train", streaming=streaming):
        photo = article.pop("image")
        size, pixels = (photo.size, photo.convert("RGB").tobytes()) if photo else (None, b"")
        articles.append([article, size, hashlib.sha256(pixels).hexdigest()])
    print(json.dumps(articles))
"""


@pytest.mark.exhaustive
def test_every_article_is_loaded_with_its_photo_plain_and_streaming(
    hub: LoopbackHub, published: Release, tmp_path: Path
) -> None:
    plain, streamed = map(json.loads, run(LOAD_ALL, hub, tmp_path).splitlines())
    assert plain == streamed
    prices = [article.pop("price") for article, _, _ in plain]
    known = [math.nan if price is None else price for price in prices]
    assert None in prices
    np.testing.assert_array_equal(known, published.prices)
    kept = [{column: article[column] for column in published.articles} for article, _, _ in plain]
    assert kept == published.articles.to_dict("records")
    with_photo = [size is not None for _, size, _ in plain]
    assert with_photo == published.with_photo.tolist()
    assert {False, True} == set(with_photo)
    pictures = {digest for _, size, digest in plain if size}
    assert len(pictures) > sum(with_photo) // 2
