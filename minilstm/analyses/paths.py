"""All paths of a network from a noun to the verb, and the derivative along each.

A path leads through the nodes of each layer and word by the edges of this graph, which are those of Eqs. 1-2:

    x, h below, h one word ago -> i, f, o, C~         i, f, C~, C one word ago -> C         C, o -> h

By the chain rule the derivative of the margin by the noun's embedding is a sum over all paths: of each, the product of
the derivatives along its edges. `count_paths` counts them, `all_paths` computes the term of each.

A path is the product of a vector from its beginning and one from its end, which meet in the middle of the sentence:
with a few hundred of each, one product of two matrices has all paths. `influence.py` says what they tell.
"""

from typing import NamedTuple

import numpy as np


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
        """The same behind a matrix of weights."""
        flat = self.values.reshape(-1, self.values.shape[-1]) @ weights
        return Paths(self.names, flat.reshape(*self.values.shape[:-1], weights.shape[1]))


def join(*parts):
    """All paths of several sets."""
    return Paths([name for part in parts for name in part.names], np.concatenate([part.values for part in parts]))


class Derivatives(NamedTuple):
    """Derivatives along the edges of one layer at one word, (sentences, points, H) each; weights by gate."""

    W: dict  # {gate: (H, D)}
    U: dict  # {gate: (H, H)}
    activation: dict  # {gate: of a gate by its pre-activation}
    to_C: dict  # {"i", "f", "C~": of C by the gate}, Eq. 1
    keep: np.ndarray  # of C by C one word ago: f, Eq. 1
    C_to_h: np.ndarray  # Eq. 2
    o_to_h: np.ndarray


def derivatives(layer, step, C_prev):
    """The Derivatives of one step of `lstm.step`, whose fields may have any shape (..., H)."""
    i, f, o, C_tilde, C, _ = step
    names = "i", "f", "C~", "o"  # the order of the blocks
    return Derivatives(
        dict(zip(names, np.split(layer.W, 4), strict=True)),
        dict(zip(names, np.split(layer.U, 4), strict=True)),
        {"i": i * (1 - i), "f": f * (1 - f), "C~": 1 - C_tilde**2, "o": o * (1 - o)},
        {"i": C_tilde, "f": C_prev, "C~": i},
        keep=f,
        C_to_h=o * (1 - np.tanh(C) ** 2),
        o_to_h=np.tanh(C),
    )


def beginnings(words, start):
    """Paths from the noun to h and to C of each layer after the last of `words`.

    Parameters
    ----------
    words : list of lists of Derivatives
        The noun and the words after it, in order; each layer by layer.
    start : (sentences, points, E) array

    Returns
    -------
    h, C : lists of Paths
    """
    h = [Paths([], np.empty((0, *d.keep.shape), d.keep.dtype)) for d in words[0]]
    C = list(h)
    for t, word in enumerate(words):
        below = Paths([""], start[None]) if t == 0 else Paths([], np.empty((0, *start.shape), start.dtype))
        for k, d in enumerate(word):
            gate = {
                g: join(
                    below.times(d.W[g].T).then(f" {g}{k + 1}", slope),
                    h[k].times(d.U[g].T).then(f" | {g}{k + 1}", slope),
                )
                for g, slope in d.activation.items()
            }
            written = [gate[g].then(f" C{k + 1}", derivative) for g, derivative in d.to_C.items()]
            C[k] = join(*written, C[k].then(f" | C{k + 1}", d.keep))
            h[k] = below = join(C[k].then(f" h{k + 1}", d.C_to_h), gate["o"].then(f" h{k + 1}", d.o_to_h))
    return h, C


def ends(words, sizes, end):
    """Paths from h and from C of each layer before the first of `words` to the margin: `beginnings` backwards.

    Parameters
    ----------
    words : list of lists of Derivatives
    sizes : sequence of int
        Units of each layer.
    end : (sentences, points, H) array
        The derivative of the margin by h of the last layer.
    """
    h = [Paths([], np.empty((0, *end.shape[:-1], size), end.dtype)) for size in sizes]
    C = list(h)
    h[-1] = Paths([""], end[None])
    for word in reversed(words):
        for k, d in reversed(list(enumerate(word))):
            C[k] = join(h[k].before(f" h{k + 1}", d.C_to_h), C[k])
            gate = {g: C[k].before(f" C{k + 1}", derivative) for g, derivative in d.to_C.items()}
            gate["o"] = h[k].before(f" h{k + 1}", d.o_to_h)
            C[k] = C[k].before(f" | C{k + 1}", d.keep)
            if k:
                below = [gate[g].before(f" {g}{k + 1}", s).times(d.W[g]) for g, s in d.activation.items()]
                h[k - 1] = join(h[k - 1], *below)
            h[k] = join(*(gate[g].before(f" | {g}{k + 1}", s).times(d.U[g]) for g, s in d.activation.items()))
    return h, C


def all_paths(words, start, end):
    """The influence of every path from a noun to the verb.

    Parameters
    ----------
    words : list of lists of Derivatives
        From the noun to the last word before the verb.
    start : (sentences, points, E) array
        The noun's embedding less the neutral one, times the weight of each point.
    end : (sentences, points, H) array
        The derivative of the margin by h of the last layer.

    Returns
    -------
    names : list of str
        The nodes of each path, with " | " between words.
    influences : (sentences, paths) array
    """
    middle = (len(words) + 1) // 2
    first, last = beginnings(words[:middle], start), ends(words[middle:], [d.keep.shape[-1] for d in words[0]], end)
    names, influences = [], []
    for a, b in zip(sum(first, []), sum(last, []), strict=True):
        if a.names and b.names:
            names += [f"{one}{other}"[1:] for one in a.names for other in b.names]
            left, right = (np.moveaxis(x.values, 1, 0).reshape(len(start), len(x.names), -1) for x in (a, b))
            influences.append((left @ right.swapaxes(1, 2)).reshape(len(start), -1))
    return names, np.concatenate(influences, axis=1)


def primary_name(layers, words):
    """The nodes of the primary path."""
    below = "".join(f"C~{k} C{k} h{k} " for k in range(1, layers))
    return f"{below}C~{layers} C{layers}{f' | C{layers}' * (words - 1)} h{layers}"


def primary_units(words, start, end):
    """The influence of the primary path, unit by unit of the last layer: (sentences, H).

    Parameters are those of `all_paths`.
    """
    for d in words[0]:
        C = start @ d.W["C~"].T * d.activation["C~"] * d.to_C["C~"]
        start = C * d.C_to_h
    for word in words[1:]:
        C = C * word[-1].keep
    return (C * words[-1][-1].C_to_h * end).sum(axis=1)


def count_paths(layers, words):
    """How many paths lead from a noun to the verb.

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
