#!/usr/bin/env bash
# `minilstm verify --installed` for frameworks that do not go well together, each in a virtual environment of its own:
#   tests/frameworks.sh equinox "dm-haiku jax" tinygrad > tests/frameworks.md
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "\`minilstm verify --installed\`, $(date -u +%Y-%m-%d), $(uname -m), $(python3 --version)"
for packages in "${@:-equinox}"; do
    package=${packages%% *}
    python3 -m venv "$folder/$package"
    # shellcheck disable=SC2086
    "$folder/$package/bin/pip" install --quiet . $packages >&2
    printf '\n## %s\n\n```text\n' "$package"
    (cd "$folder" && JAX_PLATFORMS=cpu "$folder/$package/bin/minilstm" verify --installed --device cpu) || true
    printf '```\n'
done
