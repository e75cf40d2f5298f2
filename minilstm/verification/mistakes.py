"""Known mistakes in programs that compute an LSTM, each as a program that makes it.

The kinds stand in files of their own: `wrong_weights`, `wrong_equations`, `wrong_time`; `wrong_numbers` has what is
inexact. A mistake that some vectors cannot show, such as one at a seam where there is none, returns what is right.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from .program import forward
from .wrong_equations import wrong_equations
from .wrong_time import MISPLACED, READ_ON, STATES_SWAPPED, wrong_returns, wrong_time
from .wrong_weights import (
    mistakes_of_layers,
    no_initial_state,
    order_name,
    orders_of_parts,
    with_gate_order,
    wrong_orders,
    wrong_states,
    wrong_weights,
)

NO_STATE = "initial state not used, zero instead"
INCLUDED = {  # mistakes that are not named where the simpler one behind them explains as much
    "h and C swapped in what is returned": STATES_SWAPPED,
    f"{STATES_SWAPPED}, and handed on so": STATES_SWAPPED,
    "layers returned in reverse order, output of the first": "h_n and C_n with the layers in reverse order",
    "h and C swapped at every call": "h and C swapped in the initial state",
    "W and U transposed": "recurrent weights U transposed",
    **{f"{name}{READ_ON}": name for name in MISPLACED},
}


def single_mistakes(p):
    """Each known mistake but gate orders by its name: a function that returns what a program with it returns."""
    problems = {**dict(wrong_weights(p)), **dict(wrong_states(p))}
    return _runs(problems) | dict(wrong_equations(p)) | dict(wrong_time(p)) | dict(wrong_returns(p))


def unpaired_mistakes(p):
    """Each wrong gate order, and each mistake in the weights of some arrays or layers alone, likewise.

    Those that are not tried on top of a wrong gate order.
    """
    everywhere = {order_name(order): partial(with_gate_order, p, order) for order in wrong_orders(p.order)}
    return _runs(everywhere | dict(orders_of_parts(p)) | dict(mistakes_of_layers(p)))


def _runs(problems):
    """A problem is made when it is run, and not kept: all together, those of many units would fill the memory."""
    return {name: lambda make=make: forward(make()) for name, make in problems.items()}


def with_and_without_state(p):
    """`p` twice, from its initial state and from zero, as one problem, and what is to be said of each."""
    zero = no_initial_state(p)
    both = replace(p, h_0=np.stack([p.h_0, zero.h_0]), C_0=np.stack([p.C_0, zero.C_0]))
    return both, ["{}", f"{{}} and {NO_STATE}"]


def in_wrong_orders(p):
    """`p` as programs see it that have a wrong gate order, as one problem, and what is to be said of each."""
    orders = wrong_orders(p.order)
    seen = [with_gate_order(p, order) for order in orders]
    parts = ("W", "U", "b", "b_hh") if p.b_hh else ("W", "U", "b")
    stacked = {part: tuple(map(np.stack, zip(*(getattr(q, part) for q in seen), strict=True))) for part in parts}
    return replace(p, **stacked), [f"{order_name(order)} and {{}}" for order in orders]
