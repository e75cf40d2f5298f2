#!/usr/bin/env bash
# The page on frameworks that have no place in the environment of CI, each in a virtual environment of its own:
#   tests/frameworks.sh > tests/frameworks.md
#   tests/frameworks.sh "dm-haiku jax"             only this one, with the packages it needs
# FOLDER=... keeps the environments there, and takes those that are there already. tinygrad needs clang.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${FOLDER:-$(mktemp -d)}
[ -n "${FOLDER:-}" ] || trap 'rm -rf "$folder"' EXIT
cat <<'END'
# Frameworks with an environment of their own

What `minilstm verify --installed --device cpu` prints in each, as `tests/frameworks.sh` runs it: `ulps` is the largest
error of what comes out, in units in the last place; gradients are looked at too, but for those of tinygrad. Below stands
what came of the tests that need this environment: of the names and order of a cell's weights, or of a model file.

The rows of TensorFlow are those of its operation BlockLSTMV2. That its gradients are wrong is so: TensorFlow registers for it
the gradient of the older BlockLSTM (`tensorflow/python/ops/rnn_grad.py`), whose blocks stand i g f o where those of
BlockLSTMV2 stand i f g o. Keras, which runs on TensorFlow here, has an LSTM of its own. On the processor MLX computes
`exp` and `sigmoid` of float64 no more exactly than of float32, which is why that row departs from the equations.
END
echo
echo "$(date -u +%Y-%m-%d), $(uname -m), $(python3 --version)"
[ $# -gt 0 ] || set -- tinygrad "equinox jax" "dm-haiku jax" "mlx[cpu]" "tensorflow tf_keras" "silero-vad torch==2.13.0 onnx onnxruntime safetensors"
declare -A tests=(
    [equinox]="tests/test_cells.py -k equinox"
    [dm-haiku]="tests/test_cells.py -k haiku"
    [tensorflow]="tests/test_cells.py -k tensorflow_1"
    [silero-vad]="tests/test_model_files.py -k silero"
)
for packages in "$@"; do
    name=${packages%%[ []*}
    python=$folder/$name/bin/python
    if [ ! -x "$python" ]; then
        python3 -m venv "$folder/$name"
        # shellcheck disable=SC2086
        "$python" -m pip install --quiet . pytest ${packages#silero-vad } >&2
        # the files that it brings are enough; what it needs to run them would take gigabytes
        [ "$name" != silero-vad ] || "$python" -m pip install --quiet --no-deps silero-vad >&2
    fi
    verify="--installed --device cpu"
    if [ "$name" = silero-vad ]; then
        verify=$(echo "$folder/$name"/lib/python*/site-packages/silero_vad/data/silero_vad_16k.safetensors)
    fi
    printf '\n## %s\n\n```text\n' "$name"
    export JAX_PLATFORMS=cpu PYTHONPATH=$PWD
    # shellcheck disable=SC2086
    "$python" -m minilstm verify $verify 2>"$folder/errors" || true
    printf '```\n'
    if [ -n "${tests[$name]:-}" ]; then
        # shellcheck disable=SC2086
        result=$("$python" -m pytest -o addopts= -q ${tests[$name]} 2>&1 | tail -n 1) || true
        printf '\n`%s`: %s\n' "${tests[$name]}" "${result% in *}"
    fi
done
