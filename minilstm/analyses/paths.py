"""All paths of a network from a noun to the verb, and the derivative along each.

A path leads through gates, cells and hidden states by the edges of this graph, which are those of Eqs. 1-2:

    x, h below, h one word ago -> i, f, o, C~         i, f, C~, C one word ago -> C         C, o -> h

By the chain rule the derivative of the margin by the noun's embedding is a sum over all paths: of each, the product of
the derivatives along its edges. `count_paths` counts them, `all_paths` computes the term of each.

A path is the product of a vector from its beginning and one from its end, which meet in the middle of the sentence:
with a few hundred of each, one product of two matrices has all paths. `influence.py` says what they tell.
"""

from typing import NamedTuple

import numpy as np

from ..records import short_repr


@short_repr
class Paths(NamedTuple):
    """Paths that share an end: the nodes that each has passed, and the derivative along it."""

    names: list
    values: np.ndarray  # (paths, sentences, points, H)

    def then(self, node, derivative):
        """The same, each one node longer at its end."""
        return Paths([name + node for name in self.names], self.values * derivative)

    def before(self, node, derivative):
        """The same, each one node longer at its beginning."""
        return Paths([node + name for name in self.names], self.values * derivative)

    def times(self, weights):
        """The same, carried through a matrix of weights."""
        flat = self.values.reshape(-1, len(weights)) @ weights
        return Paths(self.names, flat.reshape(*self.values.shape[:-1], weights.shape[1]))


def join(*parts):
    """All paths of several sets."""
    return Paths([name for part in parts for name in part.names], np.concatenate([part.values for part in parts]))


@short_repr
class Derivatives(NamedTuple):
    """Derivatives along the edges of one layer at one word, (sentences, points, H) each; all but the first by gate."""

    layer: int  # from 0
    W: dict  # (H, D): of a gate's pre-activation by x or h below
    U: dict  # (H, H): the same by h one word ago
    activation: dict  # of a gate by its pre-activation
    to_C: dict  # of C by i, f and C~, Eq. 1
    keep: np.ndarray  # of C by C one word ago, Eq. 1: f
    C_to_h: np.ndarray  # Eq. 2
    o_to_h: np.ndarray


def derivatives(layer, weights, step, C_prev):
    """The Derivatives of what `lstm.step` returns, fields of (sentences, points, H), with a layer's weights."""
    i, f, o, C_tilde, C, _ = step
    W, U = (dict(zip(("i", "f", "C~", "o"), np.split(block, 4), strict=True)) for block in (weights.W, weights.U))
    activation = {"i": i * (1 - i), "f": f * (1 - f), "C~": 1 - C_tilde**2, "o": o * (1 - o)}
    to_C = {"i": C_tilde, "f": C_prev, "C~": i}
    return Derivatives(layer, W, U, activation, to_C, keep=f, C_to_h=o * (1 - np.tanh(C) ** 2), o_to_h=np.tanh(C))


def beginnings(steps, start, empty):
    """Paths from the noun to h and to C of each layer after the last of `steps`.

    Parameters
    ----------
    steps : sequence of Derivatives
        From the noun on, word by word and in each layer by layer.
    start : (sentences, points, E) array
    empty : list of Paths
        No paths, to the units of each layer.

    Returns
    -------
    list of Paths
        To h of each layer, then to C of each.
    """
    h, C, x = list(empty), list(empty), Paths([""], start[None])
    for d in steps:
        k, n = d.layer, d.layer + 1
        below = h[k - 1] if k else x
        gate = {
            g: join(below.times(d.W[g].T).then(f" {g}{n}", slope), h[k].times(d.U[g].T).then(f" | {g}{n}", slope))
            for g, slope in d.activation.items()
        }
        C[k] = join(*(gate[g].then(f" C{n}", by) for g, by in d.to_C.items()), C[k].then(f" | C{n}", d.keep))
        h[k] = join(C[k].then(f" h{n}", d.C_to_h), gate["o"].then(f" h{n}", d.o_to_h))
        x = Paths([], x.values[:0])  # later words stay as they are
    return h + C


def ends(steps, end, empty):
    """Paths from h and from C of each layer before the first of `steps` to the margin: `beginnings`, backwards."""
    h, C = [*empty[:-1], Paths([""], end[None])], list(empty)
    for d in reversed(steps):
        k, n = d.layer, d.layer + 1
        C[k] = join(h[k].before(f" h{n}", d.C_to_h), C[k])
        gate = {g: C[k].before(f" C{n}", by) for g, by in d.to_C.items()} | {"o": h[k].before(f" h{n}", d.o_to_h)}
        C[k] = C[k].before(f" | C{n}", d.keep)
        h[k] = join(*(gate[g].before(f" | {g}{n}", slope).times(d.U[g]) for g, slope in d.activation.items()))
        if k:
            below = (gate[g].before(f" {g}{n}", slope).times(d.W[g]) for g, slope in d.activation.items())
            h[k - 1] = join(h[k - 1], *below)
    return h + C


def all_paths(steps, start, end):
    """The influence of every path from a noun to the verb.

    Parameters
    ----------
    steps : sequence of Derivatives
        From the noun to the last word before the verb, word by word and in each layer by layer.
    start : (sentences, points, E) array
        By how much the noun's embedding changes, times the weight of each point.
    end : (sentences, points, H) array
        The derivative of the margin by h of the last layer.

    Returns
    -------
    names : list of str
        The nodes of each path with the number of their layer, and " | " between words.
    influences : (sentences, paths) array
    """
    layers, middle = 1 + max(d.layer for d in steps), (len(steps) + 1) // 2
    empty = [Paths([], np.empty((0, *d.keep.shape), d.keep.dtype)) for d in steps[:layers]]
    names, influences = [], []
    for a, b in zip(beginnings(steps[:middle], start, empty), ends(steps[middle:], end, empty), strict=True):
        names += [f"{one}{other}"[1:] for one in a.names for other in b.names]
        size = a.values.shape[2] * a.values.shape[3]
        left, right = (np.moveaxis(x.values, 1, 0).reshape(len(start), len(x.names), size) for x in (a, b))
        influences.append((left @ right.swapaxes(1, 2)).reshape(len(start), len(a.names) * len(b.names)))
    return names, np.concatenate(influences, axis=1)


def primary_name(layers, words):
    """The nodes of the primary path."""
    below = "".join(f"C~{n} C{n} h{n} " for n in range(1, layers))
    return f"{below}C~{layers} C{layers}{f' | C{layers}' * (words - 1)} h{layers}"


def primary_units(steps, start, end):
    """The influence of the primary path, unit by unit of the last layer: (sentences, H). Parameters: `all_paths`."""
    layers = 1 + max(d.layer for d in steps)
    for d in steps[:layers]:
        C = start @ d.W["C~"].T * d.activation["C~"] * d.to_C["C~"]
        start = C * d.C_to_h
    for d in steps[2 * layers - 1 :: layers]:
        C = C * d.keep
    return (C * steps[-1].C_to_h * end).sum(axis=1)


def count_paths(layers, words):
    """Number of paths from a noun to the verb.

    Parameters
    ----------
    layers : int
    words : int
        From the noun to the last word before the verb, both counted.

    Examples
    --------
    >>> [count_paths(2, words) for words in (1, 2, 4, 5)]  # Simple, Adv, nounPP, nounPPAdv
    [16, 152, 6946, 41561]
    """
    h, C = [0] * layers, [0] * layers
    for t in range(words):
        below = int(t == 0)
        for k in range(layers):
            gate = below + h[k]
            C[k] += 3 * gate
            h[k] = below = C[k] + gate
    return h[-1]
