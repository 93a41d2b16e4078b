"""Train the heads of *compact* on photo–text pairs; its towers stay frozen.

The loss moves a photo towards its own text and away from the batch's others, and a text likewise
(Radford et al., 2021, CLIP: symmetric InfoNCE with a learned temperature). It also moves a photo
towards another photo of its product (Khosla et al., 2020, supervised contrastive learning), so that
the colours of one product stay close although their texts differ. Strong dropout on the photos'
embeddings prevents overfitting: there is only one photo per text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from recsys.models.compact_clip import Heads
from recsys.vectors import Float32, Int32, fingerprint, unit

if TYPE_CHECKING:
    import torch


SCORE_AT = 10
"""`score` is a sum of two recalls at this rank, as retrieval by CLIP models is often reported."""


@dataclass(frozen=True)
class Schedule:
    """Hyperparameters of the training.

    Attributes:
        dim: of the common space.
        batch: pairs per step.
        epochs: at most; the learning rate falls to 0 by then.
        patience: epochs without a better score before training stops.
        rate: the highest learning rate, of AdamW.
        decay: the weight decay.
        dropout: share of each photo's inputs that is dropped.
        products: weight of the loss between photos of one product; photos and texts have 1.
        temperature: of both losses at the start; it is learned (CLIP starts at 0.07, too).
        seed: of every random choice.
    """

    dim: int = 512
    batch: int = 1024
    epochs: int = 40
    patience: int = 8
    rate: float = 3e-3
    decay: float = 0.1
    dropout: float = 0.5
    products: float = 0.7
    temperature: float = 0.07
    seed: int = 5


@dataclass(frozen=True)
class PhotoTextPairs:
    """The towers' outputs for photos and their texts.

    Attributes:
        photos: float32 [n, photo dim].
        captions: one float32 [n, caption dim] for each way to caption a photo.
        products: int32 [n], equal for photos of one product.
    """

    photos: Float32
    captions: list[Float32]
    products: Int32

    def __len__(self) -> int:
        return len(self.photos)

    def fingerprint(self) -> str:
        """Return a SHA-256 of all arrays."""
        return fingerprint(self.photos, *self.captions, self.products)

    def of(self, rows: npt.NDArray[np.bool_]) -> "PhotoTextPairs":
        """Return the pairs of the marked rows, bool [n]."""
        captions = [each[rows] for each in self.captions]
        return PhotoTextPairs(self.photos[rows], captions, self.products[rows])


def learn_heads(pairs: PhotoTextPairs, validation: PhotoTextPairs, schedule: Schedule) -> Heads:
    """Return heads trained on ``pairs``, of the epoch with the best `score` on ``validation``.

    Equal pairs give equal heads on the same machine.

    Args:
        pairs: to train on.
        validation: pairs of other products.
        schedule: hyperparameters.
    """
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(schedule.seed)
        return _Training(pairs, schedule).best(validation)


class _Training:
    """Heads in training; the photos' standardisation is folded into the heads it returns."""

    def __init__(self, pairs: PhotoTextPairs, schedule: Schedule) -> None:
        import torch

        self.schedule = schedule
        self.mean, self.spread = pairs.photos.mean(0), pairs.photos.std(0) + 1e-3
        self.photos = torch.from_numpy((pairs.photos - self.mean) / self.spread)
        self.captions = torch.from_numpy(np.stack(pairs.captions))
        # Photos with equal captions are all positives: many are a "black dress".
        _, same = np.unique(np.concatenate(pairs.captions).round(4), axis=0, return_inverse=True)
        self.same = torch.from_numpy(same.reshape(len(pairs.captions), -1))
        self.products = torch.from_numpy(pairs.products)
        self.mates = _Mates(pairs.products)
        self.see = torch.nn.Linear(self.photos.shape[1], schedule.dim)
        self.read = torch.nn.Linear(self.captions.shape[2], schedule.dim, bias=False)
        start = torch.tensor(-np.log(schedule.temperature))
        self.scales = torch.nn.Parameter(torch.stack([start, start]).float())

    def best(self, validation: PhotoTextPairs) -> Heads:
        """Train with early stopping, and return the heads with the best validation score."""
        best, kept, since = -1.0, self.heads(), 0
        steps = self._steps()
        for _ in tqdm(range(self.schedule.epochs), desc="heads", unit="epoch"):
            next(steps)
            heads = self.heads()
            found = score(heads, validation)
            best, kept, since = (found, heads, 0) if found > best else (best, kept, since + 1)
            if since == self.schedule.patience:
                break
        return kept

    def heads(self) -> Heads:
        """Return the heads as they are now."""
        weight = self.see.weight.detach().numpy().T / self.spread[:, None]
        shift = self.see.bias.detach().numpy() - self.mean @ weight
        caption = self.read.weight.detach().numpy().T.copy()
        return Heads(weight.astype(np.float32), shift.astype(np.float32), caption)

    def _steps(self) -> Iterator[None]:
        """Train one epoch before each yield."""
        import torch

        weights = [*self.see.parameters(), *self.read.parameters(), self.scales]
        rate, count = self.schedule.rate, -(-len(self.photos) // self.schedule.batch)
        adam = torch.optim.AdamW(weights, lr=rate, weight_decay=self.schedule.decay)
        slope = torch.optim.lr_scheduler.OneCycleLR(
            adam, rate, total_steps=self.schedule.epochs * count, pct_start=0.1
        )
        for _ in range(self.schedule.epochs):
            order = torch.randperm(len(self.photos))
            for start in range(0, len(order), self.schedule.batch):
                adam.zero_grad()
                torch.autograd.backward(self._loss(order[start : start + self.schedule.batch]))
                adam.step()
                slope.step()
            yield

    def _loss(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Return the loss of a batch; each photo's caption is drawn from its several ones."""
        import torch

        drawn = torch.randint(len(self.captions), (len(rows),))
        scale = self.scales.exp().clamp(max=100)
        photos, words = self._seen(rows), self.read(self.captions[drawn, rows])
        words = torch.nn.functional.normalize(words, dim=1)
        loss = _contrast(scale[0] * photos @ words.T, self.same[drawn, rows])
        others = self._seen(self.mates.of(rows))
        alike = _contrast(scale[1] * photos @ others.T, self.products[rows])
        return torch.add(loss, alike, alpha=self.schedule.products)

    def _seen(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Return unit vectors of photos after dropout, [rows, dim]."""
        import torch

        dropped = torch.nn.functional.dropout(self.photos[rows], self.schedule.dropout)
        seen: torch.Tensor = torch.nn.functional.normalize(self.see(dropped), dim=1)
        return seen


class _Mates:
    """Draws, for each photo, another photo of its product."""

    def __init__(self, products: Int32) -> None:
        import torch

        order = np.argsort(products, kind="stable")
        _, first, count = np.unique(products[order], return_index=True, return_counts=True)
        place = np.empty(len(products), np.int64)
        place[order] = np.arange(len(products)) - np.repeat(first, count)
        group = np.unique(products, return_inverse=True)[1]
        self.order, self.place = torch.from_numpy(order), torch.from_numpy(place)
        self.first, self.count = torch.from_numpy(first[group]), torch.from_numpy(count[group])

    def of(self, rows: "torch.Tensor") -> "torch.Tensor":
        """Return a random other photo of each row's product, or the row itself if it has none."""
        import torch

        others = self.count[rows] - 1
        step = 1 + (torch.rand(len(rows)) * others).long()
        place = (self.place[rows] + step * (others > 0)) % self.count[rows]
        return self.order[self.first[rows] + place]


def score(heads: Heads, pairs: PhotoTextPairs) -> float:
    """Return the recall at `SCORE_AT` of photos by their text plus that of products by a photo."""
    photos = unit(heads.see(pairs.photos))
    words = unit(pairs.captions[0] @ heads.caption)
    found = words @ photos.T
    text = float(((found > np.diag(found)[:, None]).sum(1) < SCORE_AT).mean())
    near = photos @ photos.T
    np.fill_diagonal(near, -np.inf)
    top = np.argpartition(-near, min(SCORE_AT, len(near) - 1), axis=1)[:, :SCORE_AT]
    return text + float((pairs.products[top] == pairs.products[:, None]).any(1).mean())


def _contrast(scores: "torch.Tensor", labels: "torch.Tensor") -> "torch.Tensor":
    """Return the symmetric InfoNCE loss; rows and columns with equal labels are positives.

    Args:
        scores: float [n, n], scaled cosines.
        labels: int [n].
    """
    import torch

    positive = (labels[:, None] == labels[None]).float()
    target = positive / positive.sum(1, keepdim=True)
    rows = -(torch.log_softmax(scores, 1) * target).sum(1).mean()
    columns = -(torch.log_softmax(scores, 0) * target.T).sum(0).mean()
    loss: torch.Tensor = (rows + columns) / 2
    return loss
