#!/usr/bin/env bash
# The suite on another Python, with the oldest versions of the packages that setup.cfg allows or with the newest:
#   tests/pythons.sh python3.10 oldest
#   tests/pythons.sh python3.13 newest tests/test_lstm.py
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1 versions=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder"
touch "$folder/constraints.txt"
if [ "$versions" = oldest ]; then # numpy>=1.26 becomes numpy==1.26.*
    sed -n '/^install_requires/,/^\[/p; /^test =/,/^torch =/p' setup.cfg |
        sed -nE 's/^ +([a-z-]+)>=([0-9.]+).*/\1==\2.*/p' > "$folder/constraints.txt"
fi
"$folder/bin/pip" install --quiet -c "$folder/constraints.txt" ".[test]"
"$folder/bin/pip" uninstall --quiet --yes minilstm # the tests are of this checkout
PYTHONPATH=$PWD "$folder/bin/python" -m pytest "$@"
