"""The card of a published release: what a visitor of its dataset repo on the Hub reads."""

from string import Template

from huggingface_hub import DatasetCardData

from recsys.evaluation.report import markdown
from recsys.models.compact_clip import CAPTION_TOWER
from recsys.models.image import TEXT_CONFIG_FILE
from recsys.models.registry import SINGLE
from recsys.release.manifest import Manifest
from recsys.release.reader import IMAGE_ENCODER
from recsys.release.tables import ARTICLES
from recsys.retrieval.fusion import PARTS, Weights

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
LARGER = "1M<n<10M"

OPEN = "The catalogue is marked as redistributable, under `$license`."
CLOSED = """\
**Keep this repo private.** The catalogue is not marked as redistributable: its texts, photos and
purchases may not be passed on. That holds for H&M's data, which the competition lets its
participants use and nothing more. The code behind this release is Apache-2.0; the data is not."""

BODY = Template("""\
# $title

A release of *More like this*: $articles articles of a fashion catalogue, their vectors in
$models retrieval models and an index of nearest neighbours for each. $files files, $size.
Release `$version`; every file's size and SHA-256 stand in `manifest.json`.

## Licence

$license

## Models

$model_table

A score is the dot product of two unit vectors, so the cosine similarity. *Typical* is a model's
score of two random articles. The combined model is a weighted mean of the four and of three counts
of what is bought, each scaled to [0, 1] (`sales/`). The weights were learned from shoppers who were
kept back, for each kind of query; they go from the first figure, where nobody bought what is asked
about, to the second, for the best-seller:

$weight_table

$image_encoder\
`shoppers.parquet` holds what $shoppers held-out shoppers bought, under aliases, without dates.
`price` in `articles.parquet` is the median of an article's purchases, `season` the one in which it
sells best for the time of year (empty below five purchases), `overview.parquet` counts
purchases by week and group, `maps/` places articles on a map a model, and `phrases.parquet` has
example words with their vectors.

## Audit of the indexes

Nearest neighbours found by each index compared with exact search over the same vectors, tie-aware
recall@12 over the queries named:

$audit_table

## Evaluation

Measured on held-out shoppers, of whom nothing reached a model or a weight; every article is a
candidate. In brackets the 95 % bootstrap interval.

$evaluation

## Load it

The articles with their photos, all at once or as a stream:

```python
$datasets_example
```

What is described like text vector 0 (`entries/text.npy` says which articles have which vector):

```python
$usearch_example
```

A `revision=`, one of this repo's tags, keeps either at what is published now.
""")

OWN_ENCODER = f"""\
`{IMAGE_ENCODER}/` is the image encoder, an ordinary OpenCLIP directory: download it and load it as
`local-dir:` with the path. Its `hf_model_name`, `{CAPTION_TOWER}`, must resolve to that model's
configuration, on the Hub or in a folder of that name; no weights are read from there.
`{IMAGE_ENCODER}/{TEXT_CONFIG_FILE}` is a copy of the configuration.

"""

DATASETS_EXAMPLE = Template("""\
from datasets import load_dataset
articles = load_dataset("$repo", split="train")
print(len(articles), articles[0]["prod_name"], articles[0]["image"])
for article in load_dataset("$repo", split="train", streaming=True).take(3):
    print(article["article_id"], article["prod_name"])""")

USEARCH_EXAMPLE = Template("""\
from huggingface_hub import hf_hub_download
from usearch.index import Index
index = Index.restore(hf_hub_download("$repo", "indexes/text.usearch", repo_type="dataset"))
found = index.search(index.get(0), 12)
print(found.keys, 1 - found.distances)""")


def card_text(repo: str, manifest: Manifest) -> str:
    """Return the README.md of the dataset repo ``repo``, front matter and all."""
    own_text_tower = f"{IMAGE_ENCODER}/{TEXT_CONFIG_FILE}"
    body = BODY.substitute(
        title=_title(repo),
        articles=f"{manifest.articles:,}",
        models=len(manifest.models),
        files=len(manifest.files),
        size=_size(sum(record.size for record in manifest.files.values())),
        version=manifest.version,
        license=Template(OPEN if manifest.license else CLOSED).substitute(license=manifest.license),
        model_table=_model_table(manifest),
        weight_table=_weight_table(manifest),
        audit_table=_audit_table(manifest),
        image_encoder=OWN_ENCODER if own_text_tower in manifest.files else "",
        shoppers=f"{manifest.shoppers:,}",
        evaluation=markdown(manifest.evaluation) or "The catalogue is too small to be measured.",
        datasets_example=DATASETS_EXAMPLE.substitute(repo=repo),
        usearch_example=USEARCH_EXAMPLE.substitute(repo=repo),
    )
    return f"---\n{_front_matter(repo, manifest)}---\n\n{body}"


def _front_matter(repo: str, manifest: Manifest) -> str:
    size = next((name for limit, name in SIZES if manifest.articles < limit), LARGER)
    files = [{"split": "train", "path": ARTICLES}]
    matter = DatasetCardData(
        pretty_name=_title(repo),
        license=manifest.license or "other",
        size_categories=[size],
        tags=["fashion", "image-search", "recommender-system", "nearest-neighbors"],
        configs=[{"config_name": "articles", "data_files": files, "default": True}],
    )
    return str(matter.to_yaml()) + "\n"


def _title(repo: str) -> str:
    return repo.rpartition("/")[2].replace("-", " ").replace("_", " ").capitalize()


def _model_table(manifest: Manifest) -> str:
    rows = [
        [
            model.name,
            manifest.models[model.name].encoder.id,
            manifest.models[model.name].encoder.version or "this project's code",
            f"{manifest.models[model.name].articles:,}",
            f"{manifest.models[model.name].entries:,}",
            f"{manifest.models[model.name].dim}",
            f"{manifest.models[model.name].typical:.3f}",
        ]
        for model in SINGLE
    ]
    header = [
        "model",
        "encoder",
        "encoder version",
        "articles",
        "distinct vectors",
        "dim",
        "typical",
    ]
    return _table(header, rows)


def _audit_table(manifest: Manifest) -> str:
    audits = {model.name: manifest.models[model.name].audit for model in SINGLE}
    rows = [
        [
            name,
            f"{audit.queries:,}",
            f"{audit.mean:.4f}",
            f"{audit.worst:.2f}",
            f"{audit.below_90:.4%}",
        ]
        for name, audit in audits.items()
    ]
    return _table(["index", "queries", "mean recall", "worst", "queries below .9"], rows)


def _weight_table(manifest: Manifest) -> str:
    rows = [
        [part, *(_range(weights, part) for weights in manifest.weights.values())] for part in PARTS
    ]
    return _table(["", *manifest.weights], rows)


def _range(weights: Weights, part: str) -> str:
    return f"{weights.unknown.get(part, 0):.2f} to {weights.known.get(part, 0):.2f}"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _size(count: int) -> str:
    """Return a number of bytes as people write it.

    >>> _size(749_000_000)
    '749 MB'
    """
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count} {unit}"
        count = round(count / 1000)
    return f"{count:,} GB"
