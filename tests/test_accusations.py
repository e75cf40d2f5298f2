"""What a program is not accused of: mistakes that the numbers it returned cannot show."""

import numpy as np

from minilstm import verify
from minilstm.verification.mistakes import single_mistakes
from minilstm.verification.program import forward, problem_of
from minilstm.verification.vectors import make_vectors, read_vectors


def test_a_mistake_that_would_pass_itself_is_not_named():
    """In float16, z clipped at 10 lies within the tolerance; so it is no reason why a number lies outside."""
    vectors = make_vectors()
    v = read_vectors(vectors)
    p = problem_of(v)
    output, clipped = forward(p)["output"], single_mistakes(p)["z clipped at 10"]()["output"]
    tolerance = 5e-3 + 1e-2 * np.abs(output)
    words = np.arange(len(output))[:, None, None] < v.lengths[:, None]
    towards = words * (clipped - output) / tolerance
    where = np.unravel_index(np.argmax(np.abs(towards)), output.shape)
    assert 0.2 < abs(towards[where]) < 1
    output[where] += 1.1 * np.sign(towards[where]) * tolerance[where]
    verdict = verify(vectors, {"output": output.astype(np.float16)})
    assert not verdict and verdict.diagnosis == (), verdict
