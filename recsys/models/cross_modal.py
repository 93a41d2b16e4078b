"""Bridges: estimate the other models' vectors of a photo from its image vector.

A vector is estimated by ridge regression (Hoerl and Kennard, 1970) on the articles with a photo, or
by the mean of the vectors of the photo's nearest neighbours, whichever finds more of the articles
that the true vector finds. Estimated features are probabilities, which a visitor can correct.
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
from recsys.vectors import Float32, Int32, Positions, spread_evenly, unit

ALPHAS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Strengths of the ridge to choose from, two to each power of ten."""

FOLDS = 5
"""Of the cross-validation; scikit-learn's default."""

FEWEST_PHOTOS = 20
"""With fewer photos a regression on hundreds of dimensions would fit noise: no bridge is made."""

NEIGHBOURS = 12
"""Nearest neighbours averaged, as many as a page of matches shows."""

COMPARED_AT = 12
"""Matches compared, as many as a page shows."""

MOST_COMPARED = 500
"""Photos compared: their mean has a standard error of about 0.01, and searches take seconds."""

TEMPERATURES = np.geomspace(0.01, 1.0, 40)
"""To choose from, in steps of 12 %; 1 leaves scores as they are."""

RIDGE, MEAN = "ridge", "neighbours"
"""The two ways to estimate a vector, as the manifest names them."""

Finder = Callable[[Float32], Int32]
"""Returns the rows of the articles nearest to a vector."""


@dataclass(frozen=True)
class Crossing:
    """How well a model's vectors are estimated from photos of validation products.

    Attributes:
        method: the better of the two, `RIDGE` or `MEAN`.
        alpha: strength of the ridge, chosen by cross-validation.
        ridge: share of the first `COMPARED_AT` matches of an article's true vector that are also
            among those of the vector estimated by ridge regression.
        neighbours: the same for the mean of the neighbours' vectors.
        photos: number of photos compared.
    """

    method: str
    alpha: float
    ridge: float
    neighbours: float
    photos: int


@dataclass(frozen=True)
class Bridge:
    """An affine map from image vectors to another model's vectors.

    Attributes:
        matrix: float32 [dim + 1, out]; the last row is the intercept.
    """

    matrix: Float32

    def __call__(self, photos: Float32) -> Float32:
        """Return the estimated vectors, float32 [..., out], of ``photos``, float32 [..., dim]."""
        return np.asarray(photos @ self.matrix[:-1] + self.matrix[-1], np.float32)


@dataclass(frozen=True)
class BridgeExamples:
    """Articles with a photo, to fit and validate a bridge.

    Attributes:
        photos: float32 [n, dim], their image vectors.
        vectors: float32 [n, out], their vectors in the model to estimate.
        products: int32 [n], equal for articles of one product.
        training: bool [n], those to fit to; the others are for validation.
        rows: int32 [n], in the catalogue.
    """

    photos: Float32
    vectors: Float32
    products: Int32
    training: npt.NDArray[np.bool_]
    rows: Int32


def fit_bridge(examples: BridgeExamples) -> tuple[Bridge, float]:
    """Return the ridge regression of vectors on photos, and its alpha.

    In cross-validation all photos of a product are in the same fold.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, GroupKFold

    photos, vectors = examples.photos[examples.training], examples.vectors[examples.training]
    products = examples.products[examples.training]
    folds = GroupKFold(min(FOLDS, len(np.unique(products))))
    grid = {"alpha": list(ALPHAS)}
    search = GridSearchCV(Ridge(), grid, scoring="neg_mean_squared_error", cv=folds)
    search.fit(photos.astype(np.float64), vectors.astype(np.float64), groups=products)
    best = search.best_estimator_
    matrix = np.vstack([best.coef_.T, best.intercept_]).astype(np.float32)
    return Bridge(matrix), float(search.best_params_["alpha"])


def compare_methods(
    bridge: Bridge, alpha: float, examples: BridgeExamples, find: Finder
) -> Crossing:
    """Return how well ridge regression and the neighbours' mean do on the validation articles.

    Args:
        bridge: fitted to the training articles.
        alpha: its strength.
        examples: training and validation articles.
        find: searches the model's index.
    """
    compared = np.flatnonzero(~examples.training)
    compared = compared[spread_evenly(MOST_COMPARED, len(compared))]
    estimates = {
        RIDGE: unit(bridge(examples.photos[compared])),
        MEAN: unit(_neighbours_mean(examples, compared)),
    }
    overlap = {
        name: _mean_overlap(examples, compared, each, find) for name, each in estimates.items()
    }
    method = max((RIDGE, MEAN), key=lambda name: overlap[name])
    return Crossing(method, alpha, overlap[RIDGE], overlap[MEAN], len(compared))


def _neighbours_mean(examples: BridgeExamples, compared: Positions) -> Float32:
    """Return the mean vector of each photo's neighbours among the training articles."""
    known = np.flatnonzero(examples.training)
    k = min(NEIGHBOURS, len(known))
    scores = examples.photos[compared] @ examples.photos[known].T
    near = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    return np.asarray(examples.vectors[known[near]].mean(axis=1), np.float32)


def _mean_overlap(
    examples: BridgeExamples, compared: Positions, estimates: Float32, find: Finder
) -> float:
    """Return the mean share of the true vectors' matches that the estimates find, too."""
    shares = []
    for position, estimate in zip(compared, estimates, strict=True):
        true = set(find(examples.vectors[position]).tolist()) - {int(examples.rows[position])}
        shares.append(len(true & set(find(estimate).tolist())) / max(len(true), 1))
    return float(np.mean(shares)) if shares else 0.0


@dataclass(frozen=True)
class AttributeEstimator:
    """Gives the probability of each attribute of a photo, from its estimated features vector.

    Attributes:
        vocabulary: the values of each column.
        temperature: of each column; scores are divided by it, which calibrates the probabilities
            (Guo et al., 2017, temperature scaling). Empty where the vector is a mean of articles'
            vectors, whose shares are probabilities already.
    """

    vocabulary: Vocabulary
    temperature: Mapping[str, float]

    def chances(self, vector: Float32) -> Float32:
        """Return the probability of each value, float32 [dimensions].

        Args:
            vector: float32 [dimensions], an estimated features vector.
        """
        if not self.temperature:
            return self.vocabulary.shares(vector)
        scores = vector / self.vocabulary.weights
        spans = self.vocabulary.spans.items()
        return np.concatenate([_softmax(scores[at] / self.temperature[c]) for c, at in spans])


@dataclass(frozen=True)
class Bridges:
    """Estimators of the other models' vectors from a photo's; empty where too few have a photo.

    Attributes:
        links: the affine maps, by model.
        crossings: by model, how its vectors are estimated, and how well.
        estimator: estimates attributes.
    """

    links: Mapping[str, Bridge]
    crossings: Mapping[str, Crossing]
    estimator: AttributeEstimator


def fit_attribute_estimator(
    bridge: Bridge, examples: BridgeExamples, vocabulary: Vocabulary
) -> AttributeEstimator:
    """Return the estimator with the highest likelihood of the validation articles' attributes."""
    scores = bridge(examples.photos[~examples.training]) / vocabulary.weights
    true = examples.vectors[~examples.training]
    temperature = {}
    for column, span in vocabulary.spans.items():
        own = true[:, span].argmax(axis=1)[:, None]
        likelihoods = [_likelihood(scores[:, span] / each, own) for each in TEMPERATURES]
        temperature[column] = float(TEMPERATURES[int(np.argmax(likelihoods))])
    return AttributeEstimator(vocabulary, temperature)


def _likelihood(scores: Float32, own: npt.NDArray[np.intp]) -> float:
    """Return the mean log probability of each row's own value.

    Args:
        scores: float32 [n, values].
        own: int [n, 1], the position of each row's value.
    """
    chances = np.take_along_axis(_softmax(scores), own, axis=1)
    return float(np.log(chances + np.finfo(np.float32).tiny).mean())


def _softmax(scores: Float32) -> Float32:
    chances = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=-1, keepdims=True), np.float32)


def fit_bridges(
    examples: Mapping[str, BridgeExamples], finders: Mapping[str, Finder], vocabulary: Vocabulary
) -> Bridges:
    """Return bridges to all models with at least `FEWEST_PHOTOS` training photos.

    Args:
        examples: articles with a photo, by model.
        finders: a search of each model's index.
        vocabulary: of the features model.
    """
    links: dict[str, Bridge] = {}
    crossings: dict[str, Crossing] = {}
    estimator = AttributeEstimator(vocabulary, {})
    for model, each in examples.items():
        if each.training.sum() < FEWEST_PHOTOS or each.training.all():
            continue
        links[model], alpha = fit_bridge(each)
        crossings[model] = compare_methods(links[model], alpha, each, finders[model])
        if model == FEATURES.name and crossings[model].method == RIDGE:
            estimator = fit_attribute_estimator(links[model], each, vocabulary)
    return Bridges(links, crossings, estimator)


def write_bridges(folder: Path, bridges: Bridges) -> None:
    """Write bridges into a folder, for `read_bridges`."""
    for model, link in bridges.links.items():
        np.save(folder / f"{model}.npy", link.matrix)
    crossings = {model: dataclasses.asdict(each) for model, each in bridges.crossings.items()}
    record = {"crossings": crossings, "temperature": dict(bridges.estimator.temperature)}
    (folder / "bridges.json").write_text(json.dumps(record))


def read_bridges(folder: Path, vocabulary: Vocabulary) -> Bridges:
    """Return the bridges that `write_bridges` wrote."""
    record = json.loads((folder / "bridges.json").read_text())
    crossings = {model: Crossing(**each) for model, each in record["crossings"].items()}
    links = {model: Bridge(np.load(folder / f"{model}.npy")) for model in crossings}
    return Bridges(links, crossings, AttributeEstimator(vocabulary, record["temperature"]))
