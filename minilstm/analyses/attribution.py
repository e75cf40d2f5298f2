"""Direct logit attribution: what each unit of the last layer contributes to the choice of a verb form.

The decoder is linear, so the difference of the logits of two verb forms is a sum over units,

    logit(right) - logit(wrong) = sum over u of h_u * (w_right,u - w_wrong,u)  +  b_right - b_wrong,

and each term is the *direct effect* of one unit on this choice. It is exact, and it is not what ablating the unit
costs, its *total effect* (`effects.py`), which also reaches the choice through other units.
"""

from dataclasses import dataclass

import numpy as np

from ..activity import last_hidden
from ..errors import StimulusError
from ..records import short_repr
from ..units import columns_of, last_layer
from .number_agreement import by_condition, check_words, scored_items


@short_repr
@dataclass(frozen=True, eq=False)
class Attribution:
    """Contribution of each unit of the last layer to each choice.

    Attributes
    ----------
    items : tuple of stimuli.Item
    units : tuple of int
        The last layer, in the paper's numbers.
    contributions : (items, units) array
        h_u * (w_right,u - w_wrong,u) at the word before the verb, in nats: positive where the unit favours the right
        form.
    bias : (items,) array
        b_right - b_wrong.
    """

    items: tuple
    units: tuple
    contributions: np.ndarray
    bias: np.ndarray

    @property
    def margins(self):
        """log p(right) - log p(wrong), (items,): the sum of all contributions and the bias."""
        return self.contributions.sum(axis=1) + self.bias

    def of(self, units):
        """Summed contribution of these units to each margin: (items,)."""
        return self.contributions[:, columns_of(units, self.units)].sum(axis=1)

    def only(self, where):
        """The same for some of the items, (items,) bool."""
        items = tuple(item for item, keep in zip(self.items, where, strict=True) if keep)
        return Attribution(items, self.units, self.contributions[where], self.bias[where])

    def by_condition(self):
        """{(task, condition): (units,) mean contributions}."""
        return {key: self.contributions[where].mean(axis=0) for key, where in by_condition(self.items).items()}


def attribution(model, items, state="context", ablate=(), unknown="error"):
    """Direct effects of each unit of the last layer, and of the bias, on the logit difference of two verb forms.

    Parameters
    ----------
    model : LanguageModel
    items : sequence of stimuli.Item
        Those of which the model lacks a verb form are left out; see `Attribution.items`.
    state : None, "context" or lstm.State with a batch of 1
    ablate : iterable of int
    unknown : {"error", "<unk>"}

    Returns
    -------
    Attribution

    References
    ----------
    Elhage, N. et al. (2021). A mathematical framework for transformer circuits. Transformer Circuits Thread.

    Examples
    --------
    >>> import minilstm
    >>> model = minilstm.load("planted")
    >>> items = minilstm.stimuli.na_task("nounPP", "SP", 20)
    >>> result = attribution(model, items)
    >>> bool(np.allclose(result.margins, minilstm.agreement(model, items).margins, atol=1e-4))
    True
    >>> result.units[int(result.contributions.mean(axis=0).argmax())]  # the planted long-range singular unit
    71
    """
    items = scored_items(model, items)
    if not items:
        raise StimulusError("attribution: expected at least one item whose verb forms the model knows, got none")
    check_words(model, items, unknown)
    h = last_hidden(model, [item.prefix for item in items], state, unknown, ablate)
    weights, bias = model.contrast([item.right for item in items], [item.wrong for item in items])
    return Attribution(tuple(items), tuple(last_layer(model.sizes)), h * weights, bias)
