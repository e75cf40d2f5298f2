"""The paper's unit numbers, which count from 1 over all layers, as a layer and an index within it, from 0."""

from numbers import Integral

import numpy as np

from .errors import MinilstmError


def collection_of(units):
    """`units` as a tuple; MinilstmError for what is no collection of numbers: a single one, a text, a mask.

    Examples
    --------
    >>> collection_of(np.array([3, 17])) == (3, 17)
    True
    """
    if isinstance(units, (str, bytes)) or not np.iterable(units):
        raise MinilstmError(f"units: expected a collection of unit numbers, got {units!r}")
    units = tuple(units)
    if any(isinstance(unit, (bool, np.bool_)) for unit in units):
        raise MinilstmError("units: expected numbers, got a mask; those of its units are np.flatnonzero(mask) + 1")
    return units


def by_layer(units, sizes):
    """Sort units by layer.

    Parameters
    ----------
    units : iterable of int
        In the paper's numbers.
    sizes : sequence of int
        The number of units of each layer.

    Returns
    -------
    tuple of int arrays
        For each layer the indices of its units, from 0, rising, none twice.

    Raises
    ------
    MinilstmError
        For a number that is no unit.

    Examples
    --------
    >>> [indices.tolist() for indices in by_layer([6, 1, 3], sizes=(5, 2))]
    [[0, 2], [0]]
    """
    units, total = collection_of(units), sum(sizes)
    if not units:
        return tuple([np.empty(0, np.intp) for _ in sizes])
    for unit in units:
        if not isinstance(unit, Integral) or not 1 <= unit <= total:
            raise MinilstmError(f"unit {unit}: this network has units 1 to {total}")
    indices = np.array(sorted({int(unit) - 1 for unit in units}), dtype=np.intp)
    ends = np.cumsum(sizes)
    return tuple(
        indices[(indices >= end - H) & (indices < end)] - (end - H) for end, H in zip(ends, sizes, strict=True)
    )


def places(units, sizes):
    """Find the layer of each unit, and its index there, in the order given.

    Returns
    -------
    layer, index : (units,) int arrays
    """
    by_layer(units, sizes)  # an error for what is no unit
    first = np.cumsum([0, *sizes])  # of each layer, counted from 0 over all
    layer = np.searchsorted(first, np.asarray(units) - 1, side="right") - 1
    return layer, np.asarray(units) - 1 - first[layer]


def pick(field, units, sizes):
    """Select units, in the order given, from one field of a Trace.

    Parameters
    ----------
    field : (layers, steps, batch, units) array, or a tuple of arrays, one a layer
    units : sequence of int
        In the paper's numbers.
    sizes : sequence of int

    Returns
    -------
    (steps, batch, len(units)) array
    """
    return np.stack([field[k][:, :, u] for k, u in zip(*places(units, sizes), strict=True)], axis=-1)


def last_layer(sizes):
    """The numbers of the units of the last layer: a range."""
    return range(sum(sizes) - sizes[-1] + 1, sum(sizes) + 1)


def columns_of(units, last, what="weights to words"):
    """Units of the last layer, whose numbers are `last`, as indices into it in the order given; or MinilstmError.

    `what` they have that units of lower layers have not.
    """
    lower = [unit for unit in units if unit not in last]
    if lower:
        raise MinilstmError(f"unit {lower[0]} has no {what}: only the last layer has, units {last[0]} to {last[-1]}")
    return np.array([unit - last[0] for unit in units], np.intp)
