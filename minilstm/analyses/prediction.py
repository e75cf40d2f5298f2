"""Predictions of the paper for a unit that keeps a number (section 4.1, Fig. 1c), compared with a unit."""

import numpy as np

from ..stimuli import SUBJECT
from .number_units import NUMBERS

OPEN = 0.5  # a gate above this counts as open


def predicted(conditions, steps, verb, number="S", sign=-1, subject=SUBJECT):
    """The pattern that a unit should show that keeps one number from the subject to the verb (Fig. 1c).

    Parameters
    ----------
    conditions : sequence of str
        The first letter of each is the subject's number.
    steps, verb : int
        How many words, and where the verb is.
    number : {"S", "P"}
        The number that the unit keeps.
    sign : {1, -1}
        The sign of C that stands for it.
    subject : int
        Where the subject is.

    Returns
    -------
    dict of str to (conditions, steps) masked array
        C_tilde, i, f, C and o; masked where the paper makes no prediction. Numbered as in section 4.1: (1) C~
        tells the numbers apart at the subject; (2) i opens there for the unit's own number only, and is shut until
        the verb; (3) f is shut at the subject and open from there to the verb; (4) so C keeps the number; (5) o is
        open when the verb is predicted.
    """
    own = np.array([condition[0] == number for condition in conditions])
    pattern = {name: np.ma.masked_all((len(own), steps)) for name in ("C_tilde", "i", "f", "C", "o")}
    between = slice(subject + 1, verb)
    pattern["C_tilde"][:, subject] = np.where(own, sign, -sign)
    pattern["i"][:, subject] = own
    pattern["i"][:, between] = 0
    pattern["f"][:, subject] = 0
    pattern["f"][:, between] = 1
    pattern["C"][:, subject:verb] = np.where(own, sign, 0)[:, None]
    pattern["o"][:, verb - 1] = 1
    return pattern


def against_prediction(dynamics, unit, number=None):
    """Table of the gates that should be near 1 or near 0, and where they are (i, f and o of Fig. 1c).

    Parameters
    ----------
    dynamics : Dynamics
        Its conditions begin with the number of the subject.
    unit : int
    number : {"S", "P"}, optional
        The number that the unit should keep; see `Dynamics.encoded` for what is taken if it is not given.

    Returns
    -------
    columns, rows
        For i, f and o: what Fig. 1c asks for, and the mean of the gate over all conditions and words concerned. A
        number that had to be guessed is called a guess.
    """
    guess = "" if number else " (a guess)"
    number, sign = dynamics.encoded(unit, number)
    pattern = predicted(dynamics.conditions, len(dynamics.words), dynamics.verb, number, sign)
    own = np.array([condition[0] == number for condition in dynamics.conditions])[:, None]
    at_subject = np.arange(len(dynamics.words)) == SUBJECT
    places = {
        "at the subject, own number": own & at_subject,
        "at the subject, other number": ~own & at_subject,
        "from there to the verb": np.broadcast_to(~at_subject, pattern["i"].shape),
    }
    rows = []
    for gate in ("i", "f", "o"):
        values = dynamics.mean[gate][:, :, dynamics.units.index(unit)]
        for place, where in places.items():
            asked = where & ~np.ma.getmaskarray(pattern[gate])
            if asked.any():
                should = "open" if pattern[gate][asked].mean() > OPEN else "shut"
                rows.append([unit, NUMBERS[number] + guess, gate, place, should, float(np.nanmean(values[asked]))])
    return ["unit", "keeps", "gate", "where", "should be", "is"], rows
