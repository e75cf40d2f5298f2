"""What a large vocabulary would cost at each step of training, and how to pay for a tenth of it only.

The softmax is taken over the words of the batch and some more, drawn from unigram^0.75; from each logit goes
the log of its word's probability to be among them, so that the model still learns the probabilities over all
words. Adam touches only those rows of embedding and decoder that were used.
"""

import numpy as np
import torch

POWER = 0.75


class Sampler:
    """The words that a step's softmax is taken over, and what to subtract from their logits."""

    def __init__(self, counts, samples, batch_words, device="cpu"):
        p = counts / counts.sum()
        q = p**POWER / (p**POWER).sum()
        self.cumulative, self.samples, self.device = torch.from_numpy(np.cumsum(q) / q.sum()), samples, device
        absent = batch_words * np.log1p(-p) + samples * np.log1p(-q)  # neither in the batch nor drawn
        included = -np.expm1(absent) if samples else np.ones(len(p))
        self.log_inclusion = torch.from_numpy(np.log(np.maximum(included, 1e-12))).float().to(device)

    def draw(self, targets):
        """Sorted candidates (all targets and the words drawn; every word if `samples` is 0), their log
        probabilities to be among them, and the targets' places among them."""
        if not self.samples:
            return torch.arange(len(self.cumulative), device=self.device), self.log_inclusion, targets
        drawn = torch.searchsorted(self.cumulative, torch.rand(self.samples, dtype=torch.float64))
        drawn = drawn.clamp_(max=len(self.cumulative) - 1).to(self.device)
        candidates = torch.unique(torch.cat([targets, drawn]))
        return candidates, self.log_inclusion[candidates], torch.searchsorted(candidates, targets)


def softmax_and_gradients(h, W, b, targets):
    """Mean cross-entropy of softmax(h W' + b), and the gradients of its sum by h, W and b.

    By hand and a few rows at a time: the logits then stay in the cache and are never all in memory at once.
    """
    rows = 512 if h.device.type == "cpu" else 8192
    loss, db, dW = torch.zeros_like(b[0]), torch.zeros_like(b), torch.zeros_like(W, dtype=b.dtype)
    dh = torch.empty_like(h)
    for low in range(0, len(h), rows):
        part, y = h[low : low + rows], targets[low : low + rows, None]
        logits = part @ W.T + b
        dz = torch.softmax(logits, 1)
        loss -= dz.gather(1, y).clamp_(min=1e-30).log_().sum()
        dz.scatter_add_(1, y, torch.full_like(y, -1, dtype=b.dtype))
        db += dz.sum(0)
        dz = dz.to(h.dtype)
        dh[low : low + rows] = dz @ W
        dW += dz.T @ part
    return loss / len(h), dh, dW, db


class RowAdam:
    """Adam that updates, and lets decay, only the rows that a step used."""

    def __init__(self, table, betas, epsilon):
        self.table, self.m, self.v = table, torch.zeros_like(table), torch.zeros_like(table)
        self.betas, self.epsilon = betas, epsilon

    def step(self, rows, gradient, rate, t):
        """`gradient` of these rows, update number t = 1, 2, ..."""
        beta_1, beta_2 = self.betas
        m = self.m[rows].lerp_(gradient, 1 - beta_1)
        v = self.v[rows].mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
        self.m[rows], self.v[rows] = m, v
        scale = (v / (1 - beta_2**t)).sqrt_().add_(self.epsilon)
        self.table.index_add_(0, rows, (m / scale).mul_(-rate / (1 - beta_1**t)))
