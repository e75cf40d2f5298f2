"""The fast recurrence against the plain cell, its sigmoid and tanh in ulp, and the package without Numba."""

import ast
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from networks import (
    assert_close,
    assert_layers_close,
    assert_same_bits,
    random_layers,
    random_state,
    random_x,
    tolerance,
)

from minilstm import lstm
from minilstm.errors import MinilstmError
from minilstm.fast import jit, recurrence

compiled = pytest.mark.skipif(not jit.in_use(), reason="Numba is missing or switched off")
DTYPES = ("float32", "float64")
ROOT = Path(lstm.__file__).parent.parent


def same_as_cell(x, layers, state=None, ablate=(), prepared=None):
    """Fast = plain to DESIGN.md's tolerances, in every gate and state."""
    trace = recurrence.run(x, prepared or layers, state, ablate)
    assert trace.h[0].dtype == trace.state.C[0].dtype == x.dtype
    assert_close(trace, lstm.run(x, layers, state, ablate), **tolerance(layers))
    return trace


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gain", [1, 3])
@pytest.mark.parametrize("batch", [1, 2, 7, 8, 24])  # compiled as a whole, and around BLAS
@pytest.mark.parametrize("sizes", [(16,), (17,), (9, 24), (8, 1, 5)])
def test_fast_is_plain(sizes, batch, gain, dtype):
    rng = np.random.default_rng([batch, gain, *sizes])
    layers = random_layers(rng, 5, sizes, dtype, gain)
    same_as_cell(random_x(rng, 30, batch, 5, dtype), layers, random_state(rng, batch, sizes, dtype), ablate=[2, 9])


@pytest.mark.parametrize("seed", range(20))
def test_fast_is_plain_for_random_shapes(seed):
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
    """Sizes of which the vector registers leave a rest, ablations included."""
    rng = np.random.default_rng(4)
    layers = random_layers(rng, 5, (units, units), dtype)
    x, state = random_x(rng, 6, batch, 5, dtype), random_state(rng, batch, (units, units), dtype)
    options = {"state": state, "ablate": (3, units + 2)}
    assert_close(recurrence.run(x, layers, **options), lstm.run(x, layers, **options), **tolerance(layers))


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
    expected = recurrence.run(x, layers, state, [3])

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
    recurrence.run(x, layers, state, ablate=[1, 8])
    for array, copy in zip(everything, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("sizes", [(4, 4), (4, 5)])
def test_the_state_after_the_last_word_is_a_copy(sizes):
    """Nobody who keeps it keeps the whole trace, or changes the trace with it."""
    rng = np.random.default_rng(5)
    trace = recurrence.run(random_x(rng, 3, 2, 3), random_layers(rng, 3, sizes))
    for name in lstm.State._fields:
        for state, kept in zip(getattr(trace.state, name), getattr(trace, name), strict=True):
            assert not np.shares_memory(state, kept)


def test_prepared_layers():
    rng = np.random.default_rng(6)
    layers, x = random_layers(rng, 3, (5, 4), "float32"), random_x(rng, 4, 2, 3, "float32")
    prepared = recurrence.prepare(layers, "float32")
    for once, twice in zip(prepared, recurrence.prepare(prepared, "float32"), strict=True):
        assert all(a is b for a, b in zip(once, twice, strict=True)) and once.U.T.flags.c_contiguous
    assert_same_bits(recurrence.run(x, prepared), recurrence.run(x, layers))
    wide = [lstm.Layer(*(array.astype("float64") for array in layer)) for layer in layers]
    same_as_cell(x.astype("float64"), wide, prepared=prepared)  # prepared in another precision than is asked for


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("batch", [1, 20])
def test_where_bits_have_to_agree(batch, dtype):
    """A rerun, an empty set, layer 1 under an ablation in layer 2 (DESIGN.md, point 9)."""
    rng = np.random.default_rng(7)
    layers, x = random_layers(rng, 3, (9, 9), dtype), random_x(rng, 10, batch, 3, dtype)
    intact = recurrence.run(x, layers)
    assert_same_bits(recurrence.run(x.copy(), layers), intact)
    assert_same_bits(recurrence.run(x, layers, ablate=set()), intact)
    above = recurrence.run(x, layers, ablate=[10, 17])
    for name in lstm.Step._fields:
        assert getattr(above, name)[0].tobytes() == getattr(intact, name)[0].tobytes(), name
    assert (above.h[1] != intact.h[1]).any()


def test_it_refuses_what_the_cell_refuses():
    layers = random_layers(np.random.default_rng(8), 3, (4,))
    for arguments in ((np.zeros((2, 1, 5)), layers), (np.zeros((2, 1, 3)), layers, None, [5])):
        with pytest.raises(MinilstmError) as from_cell:
            lstm.run(*arguments)
        with pytest.raises(MinilstmError, match=re.escape(str(from_cell.value))):
            recurrence.run(*arguments)


def loop_over(name):
    """Apply one function of `loops.py` to an array."""
    import numba

    from minilstm.fast import loops

    function = getattr(loops, name)

    @numba.njit(**loops.OPTIONS)
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
def test_sigmoid_and_tanh_beyond_the_range(dtype):
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
@pytest.mark.parametrize("name", ["_gates_of_row", "_gates_backward_of_row"])
def test_loops_are_vectorised(name, dtype):
    """Wide registers in what the compiler made of the nonlinearities (x86: zmm or ymm; ARM: four or two lanes)."""
    import numba

    from minilstm.fast import loops

    vector = {
        "x86_64": r"v\w*(?:mul|fm\w+)p[sd]\s.*%[yz]mm",
        "aarch64": r"f(?:mul|mla|mls)(?:\.(?:4s|2d)\s|\s.*v\d+\.(?:4s|2d))",  # Apple's assembler, and others
    }
    machine = platform.machine().replace("arm64", "aarch64").replace("AMD64", "x86_64")
    if machine not in vector:
        pytest.skip(f"no pattern for the registers of {machine!r}")
    row = numba.typeof(np.empty(3, dtype))
    loop = numba.njit(numba.types.void(row, row, row, row, row), **loops.OPTIONS)(getattr(loops, name).py_func)
    (assembly,) = loop.inspect_asm().values()
    if machine == "x86_64" and "ymm" not in assembly and "zmm" not in assembly and "vmulss" not in assembly:
        pytest.skip("a processor with neither ymm nor zmm")
    assert len(re.findall(vector[machine], assembly)) >= 20


SCRIPT = """
import sys
{prologue}
import numpy as np
from minilstm import lstm
from minilstm.fast import jit, recurrence
{check}
data = np.load(sys.argv[1])
layers = [lstm.Layer(*(data[f"{{part}}{{k}}"] for part in "WUb")) for k in range(2)]
result = {{}}
for batch in (1, 20):
    trace = recurrence.run(data["x"][:, :batch], layers, ablate=[2])
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
    """What `recurrence.run` gives in another process, compared with what `lstm.run` gives here."""
    rng = np.random.default_rng(10)
    layers, x = random_layers(rng, 3, (5, 9), "float32"), random_x(rng, 6, 20, 3, "float32")
    arrays = {f"{part}{k}": array for k, layer in enumerate(layers) for part, array in zip("WUb", layer, strict=True)}
    np.savez(folder / "in.npz", x=x, **arrays)
    script = SCRIPT.format(prologue=prologue, check=check)
    printed = python("-c", script, folder / "in.npz", folder / "out.npz", **environment)
    got = np.load(folder / "out.npz")
    for batch in (1, 20):
        trace = lstm.run(x[:, :batch], layers, ablate=[2])
        for name in lstm.Step._fields:
            for k in range(2):
                want = getattr(trace, name)[k]
                np.testing.assert_allclose(got[f"{name}{k} {batch}"], want, **tolerance(layers))
    return printed


def test_with_the_compiler_switched_off(tmp_path):
    results_elsewhere(tmp_path, check="assert not jit.in_use()", NUMBA_DISABLE_JIT="1")


def test_without_numba(tmp_path):
    results_elsewhere(tmp_path, "sys.modules['numba'] = None", "assert not jit.in_use()", NUMBA_DISABLE_JIT="0")


@compiled
def test_compiled_for_a_processor_with_narrow_registers(tmp_path):
    """As on processors without AVX: the code is made for those, whatever runs it here."""
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("names of features of another kind of processor")
    environment = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    results_elsewhere(tmp_path, check="assert jit.in_use()", **environment)


def copy_of_the_package(folder):
    """The sources in another folder, without what Numba has kept of them."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(lstm.__file__).parent, folder / "minilstm", ignore=ignored)
    return folder / "minilstm"


@compiled
def test_where_no_folder_can_hold_a_cache(tmp_path):
    """Files stand where Numba would make its folders: nobody can write there, not even root."""
    package, nowhere = copy_of_the_package(tmp_path), tmp_path / "nowhere"
    nowhere.touch()
    (package / "fast" / "__pycache__").touch()
    check = "from minilstm.fast import loops\nassert jit.in_use() and loops.gates.stats.cache_path is None"
    home = {name: str(nowhere) for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "IPYTHONDIR")}
    results_elsewhere(tmp_path, check=check, NUMBA_CACHE_DIR=None, PYTHONPATH=str(tmp_path), **home)


@compiled
def test_a_change_is_compiled_anew(tmp_path):
    """Numba keeps what it has compiled. A change deep inside must not leave the old code in use."""
    loops = copy_of_the_package(tmp_path) / "fast" / "loops.py"
    script = """
import numpy as np
from minilstm.fast.gates import gates
from minilstm.fast import loops
z, C, h = np.zeros((1, 1, 8), "f4"), np.zeros((1, 1, 2), "f4"), np.zeros((1, 1, 2), "f4")
gates(z, z.copy(), C, C.copy(), h)
print(z[0, 0, 0], sum(loops.gates.stats.cache_hits.values()))
"""
    environment = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert python("-c", script, **environment).split() == ["0.5", "0"]
    assert python("-c", script, **environment).split() == ["0.5", "1"]  # kept
    source = loops.read_text()
    assert source.count("return _divide(a, a - a, s, e - (s - one), one)\n") == 1  # the last line of sigmoid
    loops.write_text(source.replace("return _divide(a, a - a", "return one + _divide(a, a - a"))
    assert python("-c", script, **environment).split() == ["1.5", "0"]


def test_loops_stand_alone():
    """Numba would not notice a change in what `loops.py` takes from another file of the package."""
    from importlib.util import find_spec

    tree = ast.parse(Path(find_spec("minilstm.fast.loops").origin).read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    origins = {(node.level, node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"math", "numba", "numpy"} and origins == {(0, "numba.extending")}


@compiled
@pytest.mark.parametrize(
    "prologue, reason",
    [
        ("import numba; numba.njit = None", "TypeError: 'NoneType' object is not callable"),
        ("sys.modules['numba.extending'] = None", "ModuleNotFoundError: import of numba.extending halted"),
        ("from minilstm.fast import loops; loops._divide = None", "TypingError"),
    ],
)
def test_where_compiling_fails_the_plain_code_runs_and_says_so_once(prologue, reason, tmp_path):
    prologue += f"""
import warnings
caught = warnings.catch_warnings(record=True).__enter__()
warnings.simplefilter("always")
import atexit, re
def check():
    (warning,) = [w for w in caught if "plain code" in str(w.message)]
    assert re.search({reason!r}, str(warning.message)), warning.message
    print("said once")
atexit.register(check)
"""
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert results_elsewhere(tmp_path, prologue, **environment) == "said once\n"


def test_reading_without_keeping():
    """`read` = the last layer of `run`, across the pieces that it reads at a time, and from word to word."""
    rng = np.random.default_rng(3)
    for batch, sizes, steps in ((1, (6, 6), 5), (3, (9, 4), 2500), (20, (4, 4, 4), 300), (2, (5,), 0)):
        layers, x = random_layers(rng, 3, sizes), random_x(rng, steps, batch, 3)
        start, ablate = random_state(rng, batch, sizes), [2]
        h, state = recurrence.read(x, layers, start, ablate)
        want = recurrence.run(x, layers, start, ablate)
        assert h.shape == (1 + steps, batch, sizes[-1])
        np.testing.assert_allclose(h[1:], want.h[-1], rtol=1e-10, atol=1e-12)
        first = start.h[-1].copy()
        first[:, [unit - 1 - sum(sizes[:-1]) for unit in ablate if unit > sum(sizes[:-1])]] = 0
        np.testing.assert_array_equal(h[0], first)
        for name in lstm.State._fields:
            assert_layers_close(getattr(state, name), getattr(want.state, name), name, 1e-10, 1e-12)
    with pytest.raises(MinilstmError, match="unit 9"):
        recurrence.read(x, layers, start, [9])


def test_in_several_threads_at_once():
    rng = np.random.default_rng(4)
    problems = [(random_x(rng, 30, batch, 9), random_layers(rng, 9, (37, 37))) for batch in (1, 3, 13, 40) * 3]
    with ThreadPoolExecutor(6) as pool:
        traces = list(pool.map(lambda problem: recurrence.run(*problem), problems))
    for trace, problem in zip(traces, problems, strict=True):
        assert_close(trace, lstm.run(*problem), **tolerance(problem[1]))


def test_importing_the_package_is_light():
    heavy = {"numba", "scipy", "sklearn", "matplotlib", "torch", "tqdm", "pandas"}
    loaded = python("-c", "import sys, minilstm, minilstm.lstm; print(*sys.modules)").split()
    assert not heavy & {name.split(".")[0] for name in loaded}
    assert "minilstm.lstm" in loaded
