"""Rows of a table in eight bits: whole numbers from -127 to 127, times a scale of the row."""

import numpy as np

LARGEST = 127


def to_int8(table):
    """(numbers, scale) of a table: its rows rounded to 255 steps between minus and plus their largest number.

    Parameters
    ----------
    table : array (rows, columns)

    Returns
    -------
    numbers : int8 array (rows, columns)
    scale : float32 array (rows,)
        What a row's numbers are to be multiplied with; 0 where the row is.

    >>> numbers, scale = to_int8(np.array([[1.0, -0.5], [0.0, 0.0]]))
    >>> numbers.tolist()
    [[127, -64], [0, 0]]
    """
    scale = (np.abs(table).max(axis=1) / LARGEST).astype(np.float32)
    return np.rint(table / np.where(scale == 0, 1, scale)[:, None]).astype(np.int8), scale


def from_int8(numbers, scale):
    """The float32 table that they stand for."""
    return numbers.astype(np.float32) * scale[:, None]
