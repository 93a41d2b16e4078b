"""The dataset card: the README of a published release on the Hub."""

from huggingface_hub import DatasetCardData
from jinja2 import Environment, PackageLoader, StrictUndefined

from recsys.catalog.privacy import FEWEST_SHOPPERS, FEWEST_WHEN_PUBLIC
from recsys.evaluation.report import markdown
from recsys.models.open_clip_config import CAPTION_TOWER
from recsys.models.registry import SINGLE
from recsys.models.transformer_files import CONFIG_FILE as TEXT_CONFIG_FILE
from recsys.release.files import ARTICLES, IMAGE_ENCODER
from recsys.release.manifest import Manifest
from recsys.retrieval.fusion import PARTS, Weights

SIZE_CATEGORIES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
)
LARGEST_CATEGORY = "1M<n<10M"
"""The Hub's size categories: of all data sets with fewer rows, and of the others."""


def card_text(repo: str, manifest: Manifest) -> str:
    """Return the README.md of the dataset repo ``repo``, with its front matter."""
    templates = Environment(
        loader=PackageLoader("recsys.release"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 (Markdown)
    )
    body = templates.get_template("dataset_card.md.jinja").render(
        repo=repo,
        title=_title(repo),
        manifest=manifest,
        size=_size(sum(record.size for record in manifest.files.values())),
        model_table=_model_table(manifest),
        weight_table=_weight_table(manifest),
        audit_table=_audit_table(manifest),
        image_encoder=IMAGE_ENCODER,
        text_config=f"{IMAGE_ENCODER}/{TEXT_CONFIG_FILE}",
        text_tower=CAPTION_TOWER,
        fewest_by_default=FEWEST_SHOPPERS,
        fewest_when_public=FEWEST_WHEN_PUBLIC,
        evaluation=markdown(manifest.evaluation),
    )
    return f"---\n{_front_matter(repo, manifest)}---\n\n{body}"


def _front_matter(repo: str, manifest: Manifest) -> str:
    size = next(
        (name for limit, name in SIZE_CATEGORIES if manifest.articles < limit), LARGEST_CATEGORY
    )
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
    header = ["model", "encoder", "encoder version", "articles", "distinct vectors", "dim"]
    rows = [
        [
            name,
            model.encoder.id,
            model.encoder.version or "this project's code",
            f"{model.articles:,}",
            f"{model.entries:,}",
            f"{model.dim}",
            f"{model.typical:.3f}",
        ]
        for name, model in ((model.name, manifest.models[model.name]) for model in SINGLE)
    ]
    return _table([*header, "typical"], rows)


def _audit_table(manifest: Manifest) -> str:
    rows = [
        [
            name,
            f"{audit.queries:,}",
            f"{audit.mean:.4f}",
            f"{audit.worst:.2f}",
            f"{audit.below_90:.4%}",
        ]
        for name, audit in ((model.name, manifest.models[model.name].audit) for model in SINGLE)
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
    """Return a number of bytes in a readable unit.

    >>> _size(749_000_000)
    '749 MB'
    """
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count} {unit}"
        count = round(count / 1000)
    return f"{count:,} GB"
