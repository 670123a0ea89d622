#!/usr/bin/env bash
# Build the wheel once and run the demo from it in an environment that has no source tree.
#
#     tests/wheel_check.sh .venv/bin/python
set -euo pipefail
python=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$python" -m pip wheel --quiet --no-deps --wheel-dir "$scratch" .
"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install --quiet --no-compile "$(echo "$scratch"/zdm_orchestrator-*.whl)[demo]"
cd "$scratch"
"$scratch/venv/bin/zdm" --version
"$scratch/venv/bin/zdm" demo --rows 50000
