"""Bridges: from a photo's vector to where the other models would put what it shows.

A vector is guessed by ridge regression (Hoerl and Kennard, 1970) on the articles that have a photo,
or by the mean of the photo's nearest neighbours' vectors, whichever finds more of what an article's
own vector finds. Guessed features are told as chances, so that a visitor can put them right.
"""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recsys.models.features import Vocabulary
from recsys.models.registry import FEATURES
from recsys.vectors import Float32, Int32, unit

ALPHAS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
FOLDS = 5
FEWEST = 20
"""Fewer photos than this teach nothing."""

NEIGHBOURS = 12
"""How many of a photo's neighbours are averaged."""

COMPARED_AT, MOST_COMPARED = 12, 500
TEMPERATURES = np.geomspace(0.01, 1.0, 40)
RIDGE, MEAN = "ridge", "neighbours"

Finder = Callable[[Float32], Int32]
"""Returns the rows of the articles nearest to a vector."""


@dataclass(frozen=True)
class Crossing:
    """How well a model's vectors are guessed from photos of products that were left out.

    Attributes:
        method: the better of the two, `RIDGE` or `MEAN`.
        alpha: of the ridge regression, chosen by cross-validation.
        ridge: the share of the first 12 that an article's own vector finds which the vector
            guessed by ridge regression finds among its first 12, too.
        neighbours: that of the mean of the neighbours' vectors.
        photos: how many were tried.
    """

    method: str
    alpha: float
    ridge: float
    neighbours: float
    photos: int


@dataclass(frozen=True)
class Bridge:
    """A linear map from a photo's vector to a model's.

    Attributes:
        matrix: float32 [dim + 1, out]; the last row is added.
    """

    matrix: Float32

    def __call__(self, photos: Float32) -> Float32:
        """Return float32 [..., out] of ``photos``, float32 [..., dim]."""
        return np.asarray(photos @ self.matrix[:-1] + self.matrix[-1], np.float32)


@dataclass(frozen=True)
class Sides:
    """What a bridge is fitted to and tried on: articles with a photo.

    Attributes:
        photos: float32 [n, dim], their photos' vectors.
        vectors: float32 [n, out], their vectors in the model that is guessed.
        products: int32 [n], equal for articles of one product.
        learned: bool [n], those to fit to; the others are left out.
        rows: int32 [n], in the catalogue.
    """

    photos: Float32
    vectors: Float32
    products: Int32
    learned: npt.NDArray[np.bool_]
    rows: Int32


def fit_bridge(sides: Sides) -> tuple[Bridge, float]:
    """Return the ridge regression of vectors on photos, and its alpha.

    Cross-validation never has photos of one product on both sides of a fold.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, GroupKFold

    photos, vectors = sides.photos[sides.learned], sides.vectors[sides.learned]
    products = sides.products[sides.learned]
    folds = GroupKFold(min(FOLDS, len(np.unique(products))))
    grid = {"alpha": list(ALPHAS)}
    search = GridSearchCV(Ridge(), grid, scoring="neg_mean_squared_error", cv=folds)
    search.fit(photos.astype(np.float64), vectors.astype(np.float64), groups=products)
    best = search.best_estimator_
    matrix = np.vstack([best.coef_.T, best.intercept_]).astype(np.float32)
    return Bridge(matrix), float(search.best_params_["alpha"])


def try_bridge(bridge: Bridge, alpha: float, sides: Sides, find: Finder) -> Crossing:
    """Compare both ways to guess on the articles that were left out."""
    tried = np.flatnonzero(~sides.learned)
    tried = tried[np.linspace(0, len(tried) - 1, min(len(tried), MOST_COMPARED)).astype(int)]
    guesses = {
        RIDGE: unit(bridge(sides.photos[tried])),
        MEAN: unit(_neighbours_mean(sides, tried)),
    }
    found = {name: _shares(sides, tried, guess, find) for name, guess in guesses.items()}
    method = max((RIDGE, MEAN), key=lambda name: found[name])
    return Crossing(method, alpha, found[RIDGE], found[MEAN], len(tried))


def _neighbours_mean(sides: Sides, tried: npt.NDArray[np.intp]) -> Float32:
    """Return the mean vector of each photo's neighbours among those to learn from."""
    known = np.flatnonzero(sides.learned)
    k = min(NEIGHBOURS, len(known))
    scores = sides.photos[tried] @ sides.photos[known].T
    near = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    return np.asarray(sides.vectors[known[near]].mean(axis=1), np.float32)


def _shares(sides: Sides, tried: npt.NDArray[np.intp], guesses: Float32, find: Finder) -> float:
    """Return the mean share of what articles' own vectors find that their guesses find, too."""
    shares = []
    for place, guess in zip(tried, guesses, strict=True):
        own = set(find(sides.vectors[place]).tolist()) - {int(sides.rows[place])}
        shares.append(len(own & set(find(guess).tolist())) / max(len(own), 1))
    return float(np.mean(shares)) if shares else 0.0


@dataclass(frozen=True)
class AttributeEstimator:
    """Tells a photo's attributes from its guessed features vector.

    Attributes:
        vocabulary: the values there are.
        temperature: of each column, what scores are divided by so that chances are neither too
            sure nor too unsure (Guo et al., 2017, temperature scaling); empty where the vector is
            a mean of articles' vectors, whose shares are chances already.
    """

    vocabulary: Vocabulary
    temperature: Mapping[str, float]

    def chances(self, vector: Float32) -> Float32:
        """Return the chance of each value, float32 [dimensions], of a guessed features vector."""
        if not self.temperature:
            return self.vocabulary.shares(vector)
        scores = vector / self.vocabulary.weights
        spans = self.vocabulary.spans.items()
        return np.concatenate([_softmax(scores[at] / self.temperature[c]) for c, at in spans])


@dataclass(frozen=True)
class Bridges:
    """All that guesses the other models' vectors from a photo's; empty where too few have one.

    Attributes:
        links: the linear maps, by model.
        crossings: how each model's vectors are guessed, and how well.
        reader: tells attributes.
    """

    links: Mapping[str, Bridge]
    crossings: Mapping[str, Crossing]
    reader: AttributeEstimator


def fit_reader(bridge: Bridge, sides: Sides, vocabulary: Vocabulary) -> AttributeEstimator:
    """Return the reader whose chances make the attributes of what was left out most likely."""
    scores = bridge(sides.photos[~sides.learned]) / vocabulary.weights
    true = sides.vectors[~sides.learned]
    temperature = {}
    for column, span in vocabulary.spans.items():
        own = true[:, span].argmax(axis=1)[:, None]
        likely = [_likelihood(scores[:, span] / each, own) for each in TEMPERATURES]
        temperature[column] = float(TEMPERATURES[int(np.argmax(likely))])
    return AttributeEstimator(vocabulary, temperature)


def _likelihood(scores: Float32, own: npt.NDArray[np.intp]) -> float:
    """Return the mean log chance of each row's own value."""
    chances = np.take_along_axis(_softmax(scores), own, axis=1)
    return float(np.log(chances + np.finfo(np.float32).tiny).mean())


def _softmax(scores: Float32) -> Float32:
    chances = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=-1, keepdims=True), np.float32)


def fit_bridges(
    sides: Mapping[str, Sides], finders: Mapping[str, Finder], vocabulary: Vocabulary
) -> Bridges:
    """Return the bridges to all models; none where there are fewer than `FEWEST` to learn from.

    Args:
        sides: what each model's bridge is fitted to and tried on.
        finders: what each model finds.
        vocabulary: of the features.
    """
    links: dict[str, Bridge] = {}
    crossings: dict[str, Crossing] = {}
    reader = AttributeEstimator(vocabulary, {})
    for model, each in sides.items():
        if each.learned.sum() < FEWEST or each.learned.all():
            continue
        links[model], alpha = fit_bridge(each)
        crossings[model] = try_bridge(links[model], alpha, each, finders[model])
        if model == FEATURES.name and crossings[model].method == RIDGE:
            reader = fit_reader(links[model], each, vocabulary)
    return Bridges(links, crossings, reader)


def write_bridges(folder: Path, bridges: Bridges) -> None:
    """Keep bridges in a folder, for `read_bridges`."""
    for model, link in bridges.links.items():
        np.save(folder / f"{model}.npy", link.matrix)
    crossings = {model: dataclasses.asdict(each) for model, each in bridges.crossings.items()}
    told = {"crossings": crossings, "temperature": dict(bridges.reader.temperature)}
    (folder / "bridges.json").write_text(json.dumps(told))


def read_bridges(folder: Path, vocabulary: Vocabulary) -> Bridges:
    """Return what `write_bridges` kept."""
    told = json.loads((folder / "bridges.json").read_text())
    crossings = {model: Crossing(**each) for model, each in told["crossings"].items()}
    links = {model: Bridge(np.load(folder / f"{model}.npy")) for model in crossings}
    return Bridges(links, crossings, AttributeEstimator(vocabulary, told["temperature"]))
