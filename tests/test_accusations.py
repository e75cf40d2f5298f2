"""What a program is not accused of: mistakes that the numbers it returned cannot show."""

import numpy as np

from minilstm import verify
from minilstm.verification.comparing import Errors
from minilstm.verification.mistakes import single_mistakes
from minilstm.verification.program import forward
from minilstm.verification.vectors import make_vectors, read_vectors
from minilstm.verification.verdict import Departure, Verdict


def test_a_mistake_that_would_pass_itself_is_not_named():
    """In float16, z clipped at 10 lies within the tolerance; so it is no reason why a number lies outside."""
    vectors = make_vectors()
    v = read_vectors(vectors)
    output, clipped = forward(v)["output"], single_mistakes(v)["z clipped at 10"]()["output"]
    tolerance = 5e-3 + 1e-2 * np.abs(output)
    words = np.arange(len(output))[:, None, None] < v.lengths[:, None]
    towards = words * (clipped - output) / tolerance
    where = np.unravel_index(np.argmax(np.abs(towards)), output.shape)
    assert 0.2 < abs(towards[where]) < 1
    output[where] += 1.1 * np.sign(towards[where]) * tolerance[where]
    verdict = verify(vectors, {"output": output.astype(np.float16)})
    assert not verdict and verdict.diagnosis == (), verdict


def test_a_rest_without_a_place_is_told_so():
    errors = Errors(0.1, 0.25, 9.0, "bfloat16", 0.05, 0.03, False, "bfloat16")
    first = Departure("output", 3, 1, 2, 12, 0.5, 0.4)
    told = str(Verdict(False, {"output": errors}, first, (), "looks like h and C kept in bfloat16", 0.13))
    assert "leaves 13 % of the squared difference.\nWhat it leaves there is within the tolerance." in told
    assert "lies in ." not in told
