"""The two towers as TensorFlow Recommenders sees them. Importing this module imports TensorFlow."""

import itertools
import os

# Before TensorFlow: LLVM aborts a process that loads PyTorch's compiler after it.
import torch  # noqa: F401

# TensorFlow Recommenders needs the Keras that TensorFlow no longer takes by itself.
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
    HeldBackPairs,
    TrainingSettings,
    TwoTower,
)
from recsys.vectors import Float32, Int32, unit

RECALL_AT = (12, 100)
WATCHED = f"val_factorized_top_k/top_{RECALL_AT[0]}_categorical_accuracy"
BLOCK = 8192


class Tower(tf.keras.layers.Layer):  # type: ignore[misc]
    """What articles add to a vector: an embedding of the id, one of the product, and content.

    Args:
        ids: int [1 + articles], the id embedding of each article, `PADDING` for none.
        products: int [1 + articles], likewise the product embedding.
        content: float [1 + articles, content dim]; row 0 stands for no article.
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
        """Return float [batch, dim], the mean over each row of ``articles``, int [batch, width]."""
        ids, products = tf.gather(self.ids, articles), tf.gather(self.products, articles)
        if training:
            seen = tf.random.uniform(tf.shape(articles)) >= self.settings.id_dropout
            ids, products = tf.where(seen, ids, PADDING), tf.where(seen, products, PADDING)
        learned = _present(ids) * self.id_embedding(ids)
        learned += _present(products) * self.product_embedding(products)
        present = _present(articles)
        count = tf.maximum(tf.reduce_sum(present, axis=1), 1)
        # The projection is linear, so it is applied once to the mean and not to each article.
        content = tf.reduce_sum(tf.gather(self.content, articles), axis=1) / count
        return tf.reduce_sum(learned * present, axis=1) / count + self.project(content)


class RetrievalModel(tfrs.Model):  # type: ignore[misc]
    """Both towers and the sampled-softmax task between them.

    Args:
        query: reads baskets.
        article: reads single articles.
        sampling: float32 [1 + articles], how often an article is expected in a batch.
        temperature: what scores are divided by.
    """

    def __init__(self, query: Tower, article: Tower, sampling: Float32, temperature: float) -> None:
        super().__init__()
        self.query, self.article = query, article
        self.sampling = tf.constant(sampling)
        everything = tf.data.Dataset.range(1, len(sampling), output_type=tf.int32)
        self.task = tfrs.tasks.Retrieval(
            metrics=tfrs.metrics.FactorizedTopK(
                everything.batch(BLOCK).map(lambda rows: (rows, self.vectors(rows))), RECALL_AT
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
            # Comparing with every article is for the held-back baskets.
            compute_metrics=not training,
        )


def fit(
    baskets: Baskets,
    pairs: HeldBackPairs,
    counts: Counts,
    products: Int32,
    content: Float32,
    settings: TrainingSettings,
) -> TwoTower:
    """Train both towers and return their vectors of every article; same input, same vectors.

    Args:
        baskets: the training examples.
        pairs: what training is watched by; without any, it takes as many rounds as it is patient.
        counts: int64 [articles], purchases of each in training; an article or product without
            any has no embedding, only content.
        products: int32 [articles], the product of each, from 0.
        content: float32 [articles, content dim].
        settings: how to train.
    """
    tf.keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    tables = (
        tf.constant(_numbered(np.arange(len(counts), dtype=np.int32), counts)),
        tf.constant(_numbered(products, counts)),
        tf.pad(content, [[1, 0], [0, 0]]),
    )
    query, article = Tower(*tables, settings), Tower(*tables, settings)
    # How often each article is expected in a batch: the task cuts smaller figures off at 1e-6.
    sampling = np.append(1, np.maximum(counts, 1)) * (settings.batch_size / max(counts.sum(), 1))
    model = RetrievalModel(query, article, sampling.astype(np.float32), settings.temperature)
    model.compile(optimizer=tf.keras.optimizers.Adagrad(settings.learning_rate))
    _train(model, baskets, pairs, settings)
    return TwoTower(
        articles=unit(_all_articles(article, len(counts))),
        queries=_all_articles(query, len(counts)),
    )


def _train(
    model: RetrievalModel, baskets: Baskets, pairs: HeldBackPairs, settings: TrainingSettings
) -> None:
    """Train until the held-back pairs are found no better, and keep the best state."""
    rounds = settings.most_rounds if len(pairs.asks) else settings.patience
    with tqdm(total=rounds * baskets.round_steps, desc="two_tower, at most", unit="batch") as bar:
        callbacks = [tf.keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_: bar.update())]
        if len(pairs.asks):
            callbacks.append(
                tf.keras.callbacks.EarlyStopping(
                    WATCHED, mode="max", patience=settings.patience, restore_best_weights=True
                )
            )
        model.fit(
            _examples(baskets, settings),
            epochs=rounds,
            steps_per_epoch=baskets.round_steps,
            validation_data=_watched(pairs, settings) if len(pairs.asks) else None,
            callbacks=callbacks,
            verbose=0,
        )


def _examples(baskets: Baskets, settings: TrainingSettings) -> tf.data.Dataset:
    """Return pass after pass over the training examples, without an end."""
    return tf.data.Dataset.from_generator(
        lambda: (batch for epoch in itertools.count() for batch in baskets.batches(epoch)),
        output_signature=(
            tf.TensorSpec((None, settings.basket), tf.int32),
            tf.TensorSpec((None,), tf.int32),
        ),
    ).prefetch(8)


def _watched(pairs: HeldBackPairs, settings: TrainingSettings) -> tf.data.Dataset:
    baskets = np.full((len(pairs.asks), settings.basket), PADDING, np.int32)
    baskets[:, 0] = pairs.asks + 1
    examples = tf.data.Dataset.from_tensor_slices((baskets, pairs.relevant + 1))
    return examples.batch(settings.batch_size)


def _all_articles(tower: Tower, articles: int) -> Float32:
    """Return the tower's vectors of all articles, float32 [articles, dim], not scaled."""
    numbers = np.arange(1, articles + 1, dtype=np.int32)[:, None]
    parts = [tower(numbers[i : i + BLOCK]).numpy() for i in range(0, articles, BLOCK)]
    return np.concatenate(parts)


def _numbered(groups: Int32, counts: Counts) -> Int32:
    """Number from 1 the groups of articles that were bought; row 0 and the others are `PADDING`."""
    bought = np.unique(groups[counts > 0])
    of_group = np.zeros(int(groups.max()) + 1, np.int32)
    of_group[bought] = np.arange(1, len(bought) + 1)
    return np.append(PADDING, of_group[groups]).astype(np.int32)


def _highest(numbers: tf.Tensor) -> int:
    return int(tf.reduce_max(numbers))


def _present(numbers: tf.Tensor) -> tf.Tensor:
    return tf.cast(numbers != PADDING, tf.float32)[..., None]
