"""Both towers in TensorFlow Recommenders, and their training. Imports TensorFlow."""

import itertools
import os

# Before TensorFlow: LLVM aborts a process that loads PyTorch's compiler after TensorFlow's.
import torch  # noqa: F401

# TensorFlow Recommenders needs Keras 2, which TensorFlow no longer uses by default.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs
from tqdm import tqdm

from recsys.models.two_tower_data import (
    PADDING,
    Baskets,
    Counts,
    TrainingSettings,
    TwoTower,
    ValidationPairs,
)
from recsys.vectors import Float32, Int32, unit

RECALL_AT = (12, 100)
"""The ranks of the evaluation's recalls."""

VALIDATION_METRIC = f"val_factorized_top_k/top_{RECALL_AT[0]}_categorical_accuracy"
"""Keras's name of the recall that early stopping maximises."""

TOWER_BLOCK = 8192
"""Articles encoded at once: bounds memory."""


class Tower(tf.keras.layers.Layer):  # type: ignore[misc]
    """Encodes a bag of articles: embeddings of ids and products, and a projection of content.

    Args:
        ids: int [1 + articles], the row of each article's id embedding, `PADDING` for none.
        products: int [1 + articles], the same for its product.
        content: float [1 + articles, content dim]; row 0 is for no article.
        settings: dimensions and dropout.
    """

    def __init__(
        self, ids: tf.Tensor, products: tf.Tensor, content: tf.Tensor, settings: TrainingSettings
    ) -> None:
        super().__init__()
        self.ids, self.products, self.content = ids, products, content
        self.settings = settings
        self.id_embedding = tf.keras.layers.Embedding(_highest(ids) + 1, settings.dim)
        self.product_embedding = tf.keras.layers.Embedding(_highest(products) + 1, settings.dim)
        self.project = tf.keras.layers.Dense(settings.dim, use_bias=False)

    def call(self, articles: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the mean over each row of ``articles``, float [batch, dim].

        Args:
            articles: int [batch, width], `PADDING` for none.
            training: whether to hide ids at random.
        """
        ids, products = tf.gather(self.ids, articles), tf.gather(self.products, articles)
        if training:
            kept = tf.random.uniform(tf.shape(articles)) >= self.settings.id_dropout
            ids, products = tf.where(kept, ids, PADDING), tf.where(kept, products, PADDING)
        learned = _present(ids) * self.id_embedding(ids)
        learned += _present(products) * self.product_embedding(products)
        present = _present(articles)
        count = tf.maximum(tf.reduce_sum(present, axis=1), 1)
        # The projection is linear, so it is applied once, to the mean.
        content = tf.reduce_sum(tf.gather(self.content, articles), axis=1) / count
        return tf.reduce_sum(learned * present, axis=1) / count + self.project(content)


class RetrievalModel(tfrs.Model):  # type: ignore[misc]
    """Both towers and their sampled-softmax task.

    Args:
        query: encodes baskets.
        article: encodes single articles.
        sampling: float32 [1 + articles], expected number of each article in a batch.
        temperature: what scores are divided by.
    """

    def __init__(self, query: Tower, article: Tower, sampling: Float32, temperature: float) -> None:
        super().__init__()
        self.query, self.article = query, article
        self.sampling = tf.constant(sampling)
        everything = tf.data.Dataset.range(1, len(sampling), output_type=tf.int32)
        self.task = tfrs.tasks.Retrieval(
            metrics=tfrs.metrics.FactorizedTopK(
                everything.batch(TOWER_BLOCK).map(lambda rows: (rows, self.vectors(rows))),
                RECALL_AT,
            ),
            temperature=temperature,
            remove_accidental_hits=True,
        )

    def vectors(self, articles: tf.Tensor) -> tf.Tensor:
        """Return the article tower's unit vectors, float [n, dim], of ``articles``, int [n]."""
        return tf.math.l2_normalize(self.article(articles[:, None]), axis=1)

    def compute_loss(
        self, inputs: tuple[tf.Tensor, tf.Tensor], training: bool = False
    ) -> tf.Tensor:
        """Return the in-batch softmax loss of (baskets [batch, width], articles [batch])."""
        basket, article = inputs
        return self.task(
            tf.math.l2_normalize(self.query(basket, training=training), axis=1),
            tf.math.l2_normalize(self.article(article[:, None], training=training), axis=1),
            sample_weight=tf.cast(basket[:, 0] != PADDING, tf.float32),
            candidate_sampling_probability=tf.gather(self.sampling, article),
            candidate_ids=article,
            # Ranking all articles is only needed for the validation pairs.
            compute_metrics=not training,
        )


def fit(
    baskets: Baskets,
    pairs: ValidationPairs,
    counts: Counts,
    products: Int32,
    content: Float32,
    settings: TrainingSettings,
) -> TwoTower:
    """Return the trained towers' vectors of every article; equal input gives equal vectors.

    Args:
        baskets: the training examples.
        pairs: for early stopping; without any, training takes ``settings.patience`` rounds.
        counts: int64 [articles], training purchases of each; an article or product without any
            has no embedding, only content.
        products: int32 [articles], the product of each, from 0.
        content: float32 [articles, content dim].
        settings: hyperparameters.
    """
    tf.keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    tables = (
        tf.constant(_numbered(np.arange(len(counts), dtype=np.int32), counts)),
        tf.constant(_numbered(products, counts)),
        tf.pad(content, [[1, 0], [0, 0]]),
    )
    query, article = Tower(*tables, settings), Tower(*tables, settings)
    model = RetrievalModel(query, article, _sampling(counts, settings), settings.temperature)
    model.compile(optimizer=tf.keras.optimizers.Adagrad(settings.learning_rate))
    _train(model, baskets, pairs, settings)
    return TwoTower(
        articles=unit(_all_articles(article, len(counts))),
        queries=_all_articles(query, len(counts)),
    )


def _sampling(counts: Counts, settings: TrainingSettings) -> Float32:
    """Return the expected number of each article in a batch, float32 [1 + articles].

    Numbers and not probabilities, which the task would cut off below 1e-6; only proportions matter.
    """
    expected = np.append(1, np.maximum(counts, 1)) * (settings.batch_size / max(counts.sum(), 1))
    return np.asarray(expected, np.float32)


def _train(
    model: RetrievalModel, baskets: Baskets, pairs: ValidationPairs, settings: TrainingSettings
) -> None:
    """Train with early stopping; the model ends with its best weights."""
    rounds = settings.most_rounds if len(pairs.query) else settings.patience
    with tqdm(total=rounds * baskets.round_steps, desc="two_tower, at most", unit="batch") as bar:
        callbacks = [tf.keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_: bar.update())]
        if len(pairs.query):
            callbacks.append(
                tf.keras.callbacks.EarlyStopping(
                    VALIDATION_METRIC,
                    mode="max",
                    patience=settings.patience,
                    restore_best_weights=True,
                )
            )
        model.fit(
            _examples(baskets, settings),
            epochs=rounds,
            steps_per_epoch=baskets.round_steps,
            validation_data=_validation(pairs, settings) if len(pairs.query) else None,
            callbacks=callbacks,
            verbose=0,
        )


def _examples(baskets: Baskets, settings: TrainingSettings) -> tf.data.Dataset:
    """Return an endless dataset: pass after pass over the training examples."""
    return tf.data.Dataset.from_generator(
        lambda: (batch for epoch in itertools.count() for batch in baskets.batches(epoch)),
        output_signature=(
            tf.TensorSpec((None, settings.basket), tf.int32),
            tf.TensorSpec((None,), tf.int32),
        ),
    ).prefetch(8)


def _validation(pairs: ValidationPairs, settings: TrainingSettings) -> tf.data.Dataset:
    """Return the validation pairs as baskets of one article, and articles."""
    baskets = np.full((len(pairs.query), settings.basket), PADDING, np.int32)
    baskets[:, 0] = pairs.query + 1
    examples = tf.data.Dataset.from_tensor_slices((baskets, pairs.relevant + 1))
    return examples.batch(settings.batch_size)


def _all_articles(tower: Tower, articles: int) -> Float32:
    """Return the tower's vectors of all articles, float32 [articles, dim], not of unit length."""
    numbers = np.arange(1, articles + 1, dtype=np.int32)[:, None]
    parts = [tower(numbers[i : i + TOWER_BLOCK]).numpy() for i in range(0, articles, TOWER_BLOCK)]
    return np.concatenate(parts)


def _numbered(groups: Int32, counts: Counts) -> Int32:
    """Return each article's group, int32 [1 + articles]; bought groups are numbered from 1.

    Row 0, and articles whose group nobody bought, are `PADDING`.
    """
    bought = np.unique(groups[counts > 0])
    of_group = np.zeros(int(groups.max()) + 1, np.int32)
    of_group[bought] = np.arange(1, len(bought) + 1)
    return np.append(PADDING, of_group[groups]).astype(np.int32)


def _highest(numbers: tf.Tensor) -> int:
    return int(tf.reduce_max(numbers))


def _present(numbers: tf.Tensor) -> tf.Tensor:
    return tf.cast(numbers != PADDING, tf.float32)[..., None]
