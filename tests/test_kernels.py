"""The fast recurrence against the plain cell, its sigmoid and tanh in ulp, and the package without Numba."""

import importlib
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import assert_close, assert_same_bits, random_layers, random_state, random_x, tolerance
from small_model import small_model

from minilstm import lstm
from minilstm.errors import MinilstmError
from minilstm.fast import ablation_engine, jit, kernels
from minilstm.training import backpropagation

compiled = pytest.mark.skipif(not kernels.COMPILED, reason="Numba is missing or switched off")
DTYPES = ("float32", "float64")
ROOT = Path(kernels.__file__).parent.parent


def same_as_cell(x, layers, state=None, ablate=(), prepared=None):
    """Kernel = cell to DESIGN.md's tolerances, in every gate and state."""
    trace = kernels.run(x, prepared or layers, state, ablate)
    assert trace.h[0].dtype == trace.state.C[0].dtype == x.dtype
    assert_close(trace, lstm.run(x, layers, state, ablate), **tolerance(layers))
    return trace


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gain", [1, 3])
@pytest.mark.parametrize("batch", [1, 2, 7, 8, 24])  # fewer than a piece, and more
@pytest.mark.parametrize("sizes", [(16,), (17,), (9, 24), (8, 1, 5)])  # with and without units that do not fill a block
def test_kernel_is_cell(sizes, batch, gain, dtype):
    rng = np.random.default_rng([batch, gain, *sizes])
    layers = random_layers(rng, 5, sizes, dtype, gain)
    same_as_cell(random_x(rng, 30, batch, 5, dtype), layers, random_state(rng, batch, sizes, dtype), ablate=[2, 9])


@pytest.mark.parametrize("seed", range(20))
def test_kernel_is_cell_for_random_shapes(seed):
    rng = np.random.default_rng(seed)
    dtype, gain = rng.choice(DTYPES), rng.uniform(0, 3)
    steps, batch, width = rng.integers(0, 12), rng.integers(0, 20), rng.integers(1, 40)
    sizes = tuple(rng.integers(1, 40, rng.integers(1, 4)).tolist())
    ablate = rng.permutation(sum(sizes))[: rng.integers(0, 4)] + 1
    state = random_state(rng, batch, sizes, dtype) if rng.random() < 0.7 else None
    same_as_cell(
        random_x(rng, steps, batch, width, dtype), random_layers(rng, width, sizes, dtype, gain), state, ablate
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 5, 13, 14, 31, 43])
@pytest.mark.parametrize("units", [48, 150])
def test_few_sentences_and_many(units, batch, dtype):
    """Few sentences and whole pieces of many, with and without a rest, ablations included."""
    rng = np.random.default_rng(4)
    layers = random_layers(rng, 5, (units, units), dtype)
    x, state = random_x(rng, 6, batch, 5, dtype), random_state(rng, batch, (units, units), dtype)
    options = {"state": state, "ablate": (3, units + 2)}
    assert_close(kernels.run(x, layers, **options), lstm.run(x, layers, **options), **tolerance(layers))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_paper_sized_layer(dtype):
    """With word vectors of the size that training begins with: sums of 650 larger ones differ by more in float32."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-0.1, 0.1, (3, 2, 650)).astype(dtype)
    same_as_cell(x, random_layers(rng, 650, (650,), dtype, 3))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [1, 20])
def test_enormous_sums(dtype, batch):
    """Every gate of every unit at +-1e4 before squashing, in all combinations of signs, without a warning."""
    rng = np.random.default_rng(1)
    signs = np.array(np.meshgrid(*[(-1, 1)] * 4)).reshape(4, 16)
    small = random_layers(rng, 3, (16,), dtype)[0]
    layer = small._replace(b=(1e4 * signs).astype(dtype).reshape(-1))
    trace = same_as_cell(random_x(rng, 5, batch, 3, dtype), [layer], random_state(rng, batch, (16,), dtype))
    np.testing.assert_allclose(trace.i[0], np.broadcast_to(signs[0] > 0, trace.i[0].shape), atol=1e-37)
    np.testing.assert_array_equal(trace.C_tilde[0], np.broadcast_to(signs[2], trace.i[0].shape))


@pytest.mark.parametrize("batch", [1, 20])
def test_what_is_not_a_number_is_not_hidden(batch):
    rng = np.random.default_rng(2)
    layers, x = random_layers(rng, 3, (4,)), random_x(rng, 3, batch, 3)
    x[1, 0, 2] = np.nan
    trace = same_as_cell(x, layers)
    assert np.isfinite(trace.h[0, 0]).all() and np.isnan(trace.h[0, 1:, 0]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("steps, batch", [(0, 1), (0, 20), (4, 0), (0, 0)])
def test_no_words_and_no_sentences(steps, batch, dtype):
    rng = np.random.default_rng(3)
    layers, state = random_layers(rng, 3, (4, 4), dtype), random_state(rng, batch, (4, 4), dtype)
    trace = same_as_cell(random_x(rng, steps, batch, 3, dtype), layers, state, ablate=[5])
    assert trace.i.shape == (2, steps, batch, 4) and trace.state.h.shape == (2, batch, 4)


@pytest.mark.parametrize("batch", [2, 20])
def test_arrays_that_are_read_only_or_not_contiguous(batch):
    rng = np.random.default_rng(4)
    layers, x, state = (random_layers(rng, 3, (5, 4)), random_x(rng, 6, batch, 3), random_state(rng, batch, (5, 4)))
    expected = kernels.run(x, layers, state, [3])

    def views(arrays):
        """The same numbers: every second column of a wider array, from the last row to the first, read-only."""
        for array in arrays:
            wide = np.repeat(array, 2, axis=-1)[::-1].copy()
            view = wide[::-1, ..., ::2] if array.ndim > 1 else np.repeat(array, 2)[::2]
            view.flags.writeable = False
            assert not view.flags.c_contiguous
            yield view

    strange = [lstm.Layer(*views(layer)) for layer in layers]
    start = lstm.State(*(tuple(views(arrays)) for arrays in state))
    (words,) = views([x])
    assert_close(same_as_cell(words, strange, start, [3]), expected, rtol=1e-14, atol=1e-15)
    fortran = [lstm.Layer(*map(np.asfortranarray, layer)) for layer in layers]
    assert_close(same_as_cell(np.asfortranarray(x), fortran, state, [3]), expected, rtol=1e-14, atol=1e-15)


def test_arguments_are_not_written_to():
    rng = np.random.default_rng(5)
    layers, x, state = random_layers(rng, 3, (4, 4)), random_x(rng, 3, 2, 3), random_state(rng, 2, (4, 4))
    everything = [x, *state.h, *state.C, *(array for layer in layers for array in layer)]
    before = [array.copy() for array in everything]
    kernels.run(x, layers, state, ablate=[1, 8])
    for array, copy in zip(everything, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("sizes", [(4, 4), (4, 5)])
def test_the_state_after_the_last_word_is_a_copy(sizes):
    """Nobody who keeps it keeps the whole trace, or changes the trace with it."""
    rng = np.random.default_rng(5)
    trace = kernels.run(random_x(rng, 3, 2, 3), random_layers(rng, 3, sizes))
    for name in lstm.State._fields:
        for state, kept in zip(getattr(trace.state, name), getattr(trace, name), strict=True):
            assert not np.shares_memory(state, kept)


def test_prepared_layers():
    rng = np.random.default_rng(6)
    layers, x = random_layers(rng, 3, (5, 4), "float32"), random_x(rng, 4, 2, 3, "float32")
    prepared = kernels.prepare(layers, "float32")
    assert kernels.prepare(prepared, "float32")[0] is prepared[0]
    assert_same_bits(kernels.run(x, prepared), kernels.run(x, layers))
    wide = [lstm.Layer(*(array.astype("float64") for array in layer)) for layer in layers]
    same_as_cell(x.astype("float64"), wide, prepared=prepared)  # prepared in another precision than is asked for


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [1, 20])
def test_where_bits_have_to_agree(batch, dtype):
    """A rerun, an empty set, layer 1 under an ablation in layer 2 (DESIGN.md, point 9)."""
    rng = np.random.default_rng(7)
    layers, x = random_layers(rng, 3, (9, 9), dtype), random_x(rng, 10, batch, 3, dtype)
    intact = kernels.run(x, layers)
    assert_same_bits(kernels.run(x.copy(), layers), intact)
    assert_same_bits(kernels.run(x, layers, ablate=set()), intact)
    above = kernels.run(x, layers, ablate=[10, 17])
    for name in lstm.Step._fields:
        assert getattr(above, name)[0].tobytes() == getattr(intact, name)[0].tobytes(), name
    assert (above.h[1] != intact.h[1]).any()


@compiled
def test_units_that_only_fill_a_block_stay_at_0(monkeypatch):
    """Nobody reads them, but not every number that lies in memory by chance is fast to compute with."""
    rng, read, seen = np.random.default_rng(12), kernels.two_cores.read, []
    monkeypatch.setattr(kernels.two_cores, "read", lambda *a: (read(*a), seen.extend((*a[2], *a[3]))))
    for batch in (2, 20):
        arguments = random_x(rng, 3, batch, 3), random_layers(rng, 3, (5, 5)), random_state(rng, batch, (5, 5))
        kernels.run(*arguments)
        kernels.read(*arguments)
    assert len(seen) == 16
    for array in seen:
        assert array[..., :5].all() and array.shape[-1] == 16 and not array[..., 5:].any()


def test_it_refuses_what_the_cell_refuses():
    layers = random_layers(np.random.default_rng(8), 3, (4,))
    for arguments in ((np.zeros((2, 1, 5)), layers), (np.zeros((2, 1, 3)), layers, None, [5])):
        with pytest.raises(MinilstmError) as from_cell:
            lstm.run(*arguments)
        with pytest.raises(MinilstmError, match=re.escape(str(from_cell.value))):
            kernels.run(*arguments)


def loop_over(name):
    """Apply one function of squash.py to an array; compiled here and now, as a cache would not notice its changes."""
    from minilstm.fast import squash

    function = getattr(squash, name)

    @jit.numba.njit(**squash.OPTIONS)
    def loop(z, result):
        for k in range(len(z)):
            result[k] = function(z[k])

    return loop


def dense(limit):
    """Numbers of both signs up to `limit`: evenly spread, by order of magnitude, and dense where it matters."""
    rng = np.random.default_rng(9)
    parts = (
        np.linspace(0, 3, 300_001),
        np.linspace(0, limit, 200_001),
        np.exp(rng.uniform(-60, np.log(limit), 200_000)),
    )
    return np.concatenate([*parts, *(-part for part in parts)])


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_within_2_ulp(name, dtype):
    """Measured 1.5 (sigmoid) and 1.4 (tanh) with fused multiply-adds, 2.3 and 1.6 on processors without them."""
    exact = {"float32": np.float64, "float64": np.longdouble}[dtype]
    if np.finfo(exact).nmant <= np.finfo(dtype).nmant:
        pytest.skip("nothing more precise than float64 here to measure with")
    limit = {"float32": 87, "float64": 708}[dtype]
    z = dense(limit).astype(dtype)
    z = z[abs(z) <= limit]
    got, wide = np.empty_like(z), z.astype(exact)
    loop = loop_over(name)
    loop(z, got)
    e = np.exp(-abs(wide))
    want = np.tanh(wide) if name == "tanh" else np.where(wide >= 0, 1, e) / (1 + e)
    ulps = abs(got - want) / np.spacing(abs(want).astype(dtype))
    fused = "vfmadd" in "".join(loop.inspect_asm().values()) or "fmla" in "".join(loop.inspect_asm().values())
    assert ulps.max() <= (2 if fused else 2.5), f"{ulps.max()} ulp at {z[ulps.argmax()]}"
    assert abs(got).max() <= 1 and (name == "tanh" or got.min() > 0)


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
def test_squashing_beyond_the_range(dtype):
    """Sigmoid far below zero is tiny but no longer exact (absolutely it is); both are flat, odd and not over 1."""
    tiny = {"float32": 2e-38, "float64": 4e-308}[dtype]
    z = np.array([-np.inf, -1e30, -1e4, -1e3, -90 if dtype == "float32" else -709, 1e3, 1e4, 1e30, np.inf], dtype)
    got = np.empty_like(z)
    loop_over("sigmoid")(z, got)
    np.testing.assert_allclose(got, z > 0, rtol=0, atol=tiny)
    loop_over("tanh")(z, got)
    np.testing.assert_array_equal(got, np.sign(z))
    z = np.array([0.0, np.nan], dtype)
    for name, at_zero in (("sigmoid", 0.5), ("tanh", 0)):
        got = np.empty_like(z)
        loop_over(name)(z, got)
        assert got[0] == at_zero and np.isnan(got[1])


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "name", ["two_cores._few", "two_cores._many", "ablation_kernel._read", "training_kernels.recur"]
)
def test_loops_are_vectorised(name, dtype):
    """The widest registers in what the compiler made of squashing (x86: zmm or ymm; ARM: four or two lanes)."""
    widest = "z" if _features().get("avx512f") else "y"
    vector = {"x86_64": rf"v\w*(mul|fm\w+)p[sd]\s.*%{widest}mm", "aarch64": r"f(mul|mla|mls)\s.*v\d+\.(4s|2d)"}
    machine = os.uname().machine.replace("arm64", "aarch64") if hasattr(os, "uname") else ""
    if machine not in vector:
        pytest.skip(f"no pattern for the registers of {machine!r}")
    if machine == "x86_64" and not _features().get("avx2"):
        pytest.skip("a processor with neither ymm nor zmm")
    module, name = name.split(".")
    compiled_before = getattr(importlib.import_module(f"minilstm.{module}"), name)
    model = small_model(dtype=dtype)
    for sentences in (1, 20):
        kernels.run(np.repeat(model.embedding[:3, None], sentences, axis=1), model.prepared)
    ablation_engine.Reader(model, [2] * len(model.sizes)).start("context")
    arrays = (np.zeros(shape, dtype) for shape in ((2, 3, 32), (8, 32), (3, 3, 8), (3, 3, 8)))
    backpropagation.recur(*arrays, 0, 3)
    signature = next(s for s in compiled_before.signatures if dtype in str(s))
    options = {option: value for option, value in compiled_before.targetoptions.items() if option != "nopython"}
    (assembly,) = jit.numba.njit(signature, **options)(compiled_before.py_func).inspect_asm().values()
    squashing = [block for block in re.split(r"\n\.?LBB", assembly) if re.search("v?f?div", block)]
    assert max(len(re.findall(vector[machine], block)) for block in squashing) >= 40
    if name != "recur":
        assert "NRT_incref" not in assembly  # references are not counted


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("K", [1, 2, 17, 100])
def test_tiles_are_the_product(K, dtype):
    """Whole pieces and what is left of them, from any row on; and a row's bits do not depend on those beside it."""
    from minilstm.fast import blocks, tile

    @jit.numba.njit
    def product(z, z_row, h, row, rows, U, U_row, K, packed):
        if rows == tile.TALL:
            blocks._pack(h, row, rows, K, packed, 3)
            tile.add_packed(z, packed, 3, U, U_row, K)
        else:
            tile.add_product(z, z_row, h, row, rows, U, U_row, K)

    rng = np.random.default_rng(11)
    U = rng.normal(size=(K + 5, tile.COLUMNS)).astype(dtype)
    h, before = (rng.normal(size=(tile.TALL + 3, n)).astype(dtype) for n in (K + 2, tile.COLUMNS + 32))
    single = []
    for row in range(tile.TALL):
        z = before.copy()
        product(z, 0, h, 2 + row, 1, U, 4, K, np.empty((K + 3, tile.TALL), dtype))
        np.testing.assert_array_equal(z[1:], before[1:])
        single.append(z[0])
    for rows in range(1, tile.TALL + 1):
        z, z_row = before.copy(), 0 if rows == tile.TALL else 2
        z[z_row : z_row + rows] = before[0]
        product(z, z_row, h, 2, rows, U, 4, K, np.empty((K + 3, tile.TALL), dtype))
        want = before[0, : tile.COLUMNS] + h[2 : 2 + rows, :K].astype(float) @ U[4 : 4 + K]
        np.testing.assert_allclose(
            z[z_row : z_row + rows, : tile.COLUMNS], want, rtol=0, atol=(60 + 4 * K) * np.finfo(dtype).eps
        )
        np.testing.assert_array_equal(z[z_row : z_row + rows], single[:rows])
        np.testing.assert_array_equal(z[z_row + rows :], before[z_row + rows :])
        np.testing.assert_array_equal(z[:z_row], before[:z_row])


def _features():
    import llvmlite.binding

    return llvmlite.binding.get_host_cpu_features()


SCRIPT = """
import sys
{prologue}
import numpy as np
from minilstm import kernels, lstm
{check}
data = np.load(sys.argv[1])
layers = [lstm.Layer(*(data[f"{{part}}{{k}}"] for part in "WUb")) for k in range(2)]
result = {{}}
for batch in (1, 20):
    trace = kernels.run(data["x"][:, :batch], layers, ablate=[2])
    for name in trace._fields[:-1]:
        for k in range(2):
            result[f"{{name}}{{k}} {{batch}}"] = getattr(trace, name)[k]
np.savez(sys.argv[2], **result)
"""


def python(*arguments, **environment):
    """Run Python with the package on its path; variables set to None are unset."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    environment = {name: value for name, value in environment.items() if value is not None}
    command = [sys.executable, "-W", "error", *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=Path(__file__).parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def results_elsewhere(folder, prologue="", check="", **environment):
    """What `kernels.run` gives in another process, compared with what `lstm.run` gives here."""
    rng = np.random.default_rng(10)
    layers, x = random_layers(rng, 3, (5, 9), "float32"), random_x(rng, 6, 20, 3, "float32")
    arrays = {f"{part}{k}": array for k, layer in enumerate(layers) for part, array in zip("WUb", layer, strict=True)}
    np.savez(folder / "in.npz", x=x, **arrays)
    script = SCRIPT.format(prologue=prologue, check=check)
    python("-c", script, folder / "in.npz", folder / "out.npz", **environment)
    got = np.load(folder / "out.npz")
    for batch in (1, 20):
        trace = lstm.run(x[:, :batch], layers, ablate=[2])
        for name in lstm.Step._fields:
            for k in range(2):
                want = getattr(trace, name)[k]
                np.testing.assert_allclose(got[f"{name}{k} {batch}"], want, **tolerance(layers))


def test_with_the_compiler_switched_off(tmp_path):
    results_elsewhere(tmp_path, check="assert not kernels.COMPILED", NUMBA_DISABLE_JIT="1")


def test_without_numba(tmp_path):
    results_elsewhere(tmp_path, "sys.modules['numba'] = None", "assert not kernels.COMPILED", NUMBA_DISABLE_JIT="0")


NARROW = """
from llvmlite import binding
features = binding.get_host_cpu_features()
features.update({name: False for name in features if name.startswith(PREFIXES)})
binding.get_host_cpu_features = lambda: features
import numpy as np
from minilstm import kernels, lstm, tile, two_cores
from networks import assert_close, random_layers, random_state, random_x, tolerance
assert two_cores.GROUP <= tile.TALL == 6  # rows of the work
two_cores.WORTH = 0
for batch in (1, 2, 3, 5, 6, 7, 11, 12, 20):
    rng = np.random.default_rng(batch)
    layers, x = random_layers(rng, 9, (128, 33), "float32"), random_x(rng, 9, batch, 9, "float32")
    arguments = x, layers, random_state(rng, batch, (128, 33), "float32"), (3, 150)
    assert_close(kernels.run(*arguments), lstm.run(*arguments), **tolerance(layers))
"""


@compiled
@pytest.mark.parametrize("prefixes", [("avx512",), ("avx",)])
def test_tiles_for_fewer_and_narrower_registers(prefixes, tmp_path):
    """As on processors without AVX-512, and without AVX: the code is made for those, whatever runs it here."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("names of features of another kind of processor")
    here = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))
    python("-c", NARROW.replace("PREFIXES", repr(prefixes)), PYTHONPATH=here, NUMBA_CACHE_DIR=str(tmp_path))


@compiled
def test_where_no_folder_can_hold_a_cache(tmp_path):
    """Files stand where Numba would make its folders: nobody can write there, not even root."""
    package, nowhere = tmp_path / "minilstm", tmp_path / "nowhere"
    package.mkdir()
    nowhere.touch()
    for source in (ROOT / "minilstm").glob("*.py"):
        (package / source.name).write_bytes(source.read_bytes())
    (package / "__pycache__").touch()
    check = "assert kernels.COMPILED and kernels.two_cores._few.stats.cache_path is None"
    home = {name: str(nowhere) for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "IPYTHONDIR")}
    results_elsewhere(tmp_path, check=check, NUMBA_CACHE_DIR=None, PYTHONPATH=str(tmp_path), **home)


def test_importing_the_package_is_light():
    heavy = {"numba", "scipy", "sklearn", "matplotlib", "torch", "tqdm", "pandas"}
    loaded = python("-c", "import sys, minilstm, minilstm.lstm; print(*sys.modules)").split()
    assert not heavy & {name.split(".")[0] for name in loaded}
    assert "minilstm.lstm" in loaded
