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
error of what comes out, in units in the last place; gradients are looked at too, but for those of tinygrad.

The rows of TensorFlow are those of its operation BlockLSTMV2. That its gradients are wrong is so: TensorFlow registers for it
the gradient of the older BlockLSTM (`tensorflow/python/ops/rnn_grad.py`), whose blocks stand i g f o where those of
BlockLSTMV2 stand i f g o. Keras, which runs on TensorFlow here, has an LSTM of its own. On the processor MLX computes
`exp` and `sigmoid` of float64 no more exactly than of float32, which is why that row departs from the equations.
END
echo
echo "$(date -u +%Y-%m-%d), $(uname -m), $(python3 --version)"
[ $# -gt 0 ] || set -- tinygrad "equinox jax" "dm-haiku jax" "mlx[cpu]" tensorflow
for packages in "$@"; do
    name=${packages%%[ []*}
    python=$folder/$name/bin/python
    if [ ! -x "$python" ]; then
        python3 -m venv "$folder/$name"
        # shellcheck disable=SC2086
        "$python" -m pip install --quiet . $packages >&2
    fi
    printf '\n## %s\n\n```text\n' "$name"
    JAX_PLATFORMS=cpu PYTHONPATH=$PWD "$python" -m minilstm verify --installed --device cpu 2>"$folder/errors" || true
    printf '```\n'
done
