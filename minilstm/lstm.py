"""The LSTM: Eqs. 1-2 of the paper and the gates they leave out, in plain NumPy. Read this file first.

The paper writes the two lines that make an LSTM remember (section 4.1)::

    C_t = f_t * C_{t-1} + i_t * C~_t     (Eq. 1)
    h_t = o_t * tanh(C_t)                (Eq. 2)

and leaves out where the gates come from. Each is a weighted sum of the word that comes in, x_t, and of the layer's own
hidden state one word ago, h_{t-1}, passed through a sigmoid for the gates i, f, o, which so lie in (0, 1), and through
tanh for the candidate C~, in (-1, 1). The four sums of all units, their pre-activations, are stacked in one vector z;
its blocks stand in the order i, f, g, o, where g is the pre-activation of C~.

Nothing here is fast, and no speed work touches this file: `fast/recurrence.py` computes the same and is tested equal.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from .checks import check, pack
from .records import short_repr


@short_repr
class Layer(NamedTuple):
    """The weights of one layer of H units that reads vectors of length D; blocks along the first axis: i, f, g, o.

    Frameworks that keep two bias vectors only ever use their sum, which is `b`.
    """

    W: np.ndarray  # (4 * H, D)  from the input x_t
    U: np.ndarray  # (4 * H, H)  from the layer's own h_{t-1}
    b: np.ndarray  # (4 * H,)


@short_repr
class Step(NamedTuple):
    """Gates and states of one layer at one word; each field has shape (batch, H)."""

    i: np.ndarray  # input gate, 0 to 1: how much of the candidate is written
    f: np.ndarray  # forget gate, 0 to 1: how much of the old cell is kept
    o: np.ndarray  # output gate, 0 to 1: how much of the cell becomes visible
    C_tilde: np.ndarray  # candidate, -1 to 1: what would be written
    C: np.ndarray  # cell
    h: np.ndarray  # hidden state, -1 to 1: what the other units, the next layer and the decoder see


@short_repr
class State(NamedTuple):
    """The state carried from word to word: shape (layers, batch, units), or one array a layer."""

    h: np.ndarray
    C: np.ndarray


@short_repr
class Trace(NamedTuple):
    """Every gate and state at every word: shape (layers, steps, batch, units).

    Where layers differ in size, each field is a tuple of arrays (steps, batch, units), one a layer.
    """

    i: np.ndarray
    f: np.ndarray
    o: np.ndarray
    C_tilde: np.ndarray
    C: np.ndarray
    h: np.ndarray
    state: State  # after the last word


def sigmoid(z: np.ndarray | float) -> np.ndarray:
    """1 / (1 + exp(-z)) for any finite z: only ever takes exp of a negative number, so it cannot overflow."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def step(x: np.ndarray, h_prev: np.ndarray, C_prev: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray) -> Step:
    """One layer reads one word: the gates, then Eqs. 1-2.

    Parameters
    ----------
    x : (batch, D) array, float32 or float64
    h_prev, C_prev : (batch, H) arrays
        The layer's own hidden state and cell after the word before.
    W, U, b : (4 * H, D), (4 * H, H), (4 * H,) arrays
        Blocks i, f, g, o along the first axis.

    Returns
    -------
    Step
        i, f, o, C_tilde, C, h, each (batch, H).

    See Also
    --------
    run : A stack of layers reads a sequence.
    minilstm.training.backpropagation.backward : The same step backwards, for learning.

    References
    ----------
    Lakretz et al. (2019), section 4.1, Eqs. 1-2. The gates are those of Hochreiter and Schmidhuber (1997), Long
    short-term memory, and Gers, Schmidhuber and Cummins (2000), Learning to forget.

    Examples
    --------
    One unit whose weights are all 0: its gates stand at 1/2, its candidate at 0, so that it forgets half of its cell.

    >>> x, h_prev, C_prev = np.ones((1, 3)), np.zeros((1, 1)), np.ones((1, 1))
    >>> now = step(x, h_prev, C_prev, np.zeros((4, 3)), np.zeros((4, 1)), np.zeros(4))
    >>> now.f.item(), now.C_tilde.item(), now.C.item()
    (0.5, 0.0, 0.5)
    """
    z = x @ W.T + h_prev @ U.T + b  # (batch, 4 * H)
    z_i, z_f, z_g, z_o = np.split(z, 4, axis=-1)  # (batch, H) each
    i = sigmoid(z_i)
    f = sigmoid(z_f)
    o = sigmoid(z_o)
    C_tilde = np.tanh(z_g)
    C = f * C_prev + i * C_tilde  # Eq. 1
    h = o * np.tanh(C)  # Eq. 2
    return Step(i, f, o, C_tilde, C, h)


def run(x: np.ndarray, layers: Sequence[Layer], state: State | None = None, ablate: Iterable[int] = ()) -> Trace:
    """A stack of layers reads a sequence; each layer reads the hidden states of the one below.

    Parameters
    ----------
    x : (steps, batch, D) array, float32 or float64
    layers : sequence of Layer
    state : State, optional
        Where to start, h and C each (layers, batch, units); zero if not given.
    ablate : iterable of int
        Units to ablate, in the paper's numbers: 1 is the first unit of the first layer, counting on through all
        layers. Their h is 0 at every step (section 4.1, 'fixing its activation to zero'), the initial state's too.

    Returns
    -------
    Trace
        Gates, cells and hidden states at every step, and the state after the last.

    Raises
    ------
    MinilstmError
        If shapes do not fit together or a unit does not exist.

    See Also
    --------
    minilstm.LanguageModel.trace : The same for words.

    References
    ----------
    Lakretz et al. (2019), section 4.1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> layer = Layer(rng.normal(size=(8, 3)), rng.normal(size=(8, 2)), np.zeros(8))  # two units read three numbers
    >>> trace = run(rng.normal(size=(5, 1, 3)), [layer], ablate=[2])
    >>> trace
    Trace(i, f, o, C_tilde, C, h: (1, 5, 1, 2) float64; state: State(h, C: (1, 1, 2) float64))
    >>> trace.h[0, :, 0, 1]  # unit 2
    array([0., 0., 0., 0., 0.])
    """
    x, h_start, C_start, ablated = check(x, layers, state, ablate)
    traces, h_end, C_end = [], [], []  # one entry a layer
    for k, layer in enumerate(layers):
        W, U, b = (np.asarray(weights, x.dtype) for weights in layer)
        h, C = h_start[k].copy(), C_start[k]
        h[:, ablated[k]] = 0
        steps = []
        for x_t in x:
            now = step(x_t, h, C, W, U, b)
            now.h[:, ablated[k]] = 0
            h, C = now.h, now.C
            steps.append(now)
        trace = _stack(steps, (len(x), *h.shape), x.dtype)
        traces.append(trace)
        h_end.append(h)
        C_end.append(C)
        x = trace.h  # what the next layer reads
    i, f, o, C_tilde, C, h = (pack([trace[field] for trace in traces]) for field in range(len(Step._fields)))
    return Trace(i, f, o, C_tilde, C, h, State(pack(h_end), pack(C_end)))


def _stack(steps, shape, dtype):
    """Steps of one layer as a Step of arrays (steps, batch, H), also where there are none."""
    return Step(
        *(np.array([step[field] for step in steps], dtype).reshape(shape) for field in range(len(Step._fields)))
    )
