"""What PyTorch computed (make_golden.py), recomputed without it."""

from pathlib import Path

import numpy as np
import pytest
from networks import FIELDS, TOLERANCE

from minilstm import lstm
from minilstm.fast import recurrence
from minilstm.io.conventions import layers_from

FILES = sorted((Path(__file__).parent / "golden").glob("*.npz"))


def read(path):
    with np.load(path) as file:
        return dict(file)


def recomputed(run, golden):
    tensors = {name: array for name, array in golden.items() if name[-3:-1] == "_l"}
    trace = run(golden["x"], layers_from(tensors), lstm.State(golden["h_0"], golden["C_0"]))
    got = {name: getattr(trace, name) for name in FIELDS}
    return got | {"output": trace.h[-1], "h_n": trace.state.h, "C_n": trace.state.C}


@pytest.mark.parametrize("run", [lstm.run, recurrence.run], ids=["lstm", "fast"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden(path, run):
    golden = read(path)
    assert str(golden["magic"]) == "minilstm golden vectors" and golden["version"] == 1 and str(golden["torch"])
    for name, array in recomputed(run, golden).items():
        assert array.dtype == golden["x"].dtype
        np.testing.assert_allclose(array, golden[name], **TOLERANCE[array.dtype], err_msg=name)


def test_the_files_cover_what_they_should():
    files = [read(path) for path in FILES]
    cases = {(*file["h_0"].shape[:2], len(file["x"]), int(file["gain"]), file["x"].dtype.name) for file in files}
    layers, batches, steps, gains, dtypes = (set(values) for values in zip(*cases, strict=True))
    assert layers == {1, 2, 3} and {1, 7} <= batches and {1, 200} <= steps and gains == {1, 3}
    assert dtypes == {"float32", "float64"}
    for file in files:
        for name in ("h_0", "C_0", *(name for name in file if name[-3:-1] == "_l")):
            assert len(np.unique(file[name])) == file[name].size and np.all(file[name] != 0)


def test_any_wrong_number_is_seen():
    golden = read(FILES[-1])
    for name in (name for name in golden if name[-3:-1] == "_l" or name in ("x", "h_0", "C_0")):
        spoilt = golden | {name: golden[name] * np.float32(1.01)}
        got = recomputed(lstm.run, spoilt)["output"]
        assert not np.allclose(got, golden["output"], **TOLERANCE[got.dtype]), name
