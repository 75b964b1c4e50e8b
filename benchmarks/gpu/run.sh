#!/usr/bin/env bash
# Measure on one NVIDIA GPU, in at most about eight minutes: the step, the forms of its layers, the official
# step in PyTorch. Every case is written as soon as it is measured; the same command goes on where it stopped.
#
#     bash benchmarks/gpu/run.sh OUT
#
# Needs: Python 3.12, JAX 0.11 with CUDA, flax, optax, chex, ml-collections, einops, safetensors, scipy, tqdm;
# PyTorch with CUDA for the last part. Nothing has to be installed from the tree.
set -u
out=${1:?folder for the results}
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$out"
cd "$here" || exit 1
export PYTHONPATH="$here:$here/ports${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
# The package's version is read from its metadata, which an installation would have written.
python3 -c 'import setuptools; setuptools.setup()' --quiet egg_info
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$out/card.txt"
python3 -c 'import jax, flax; print("jax", jax.__version__, "flax", flax.__version__, jax.devices())'

timeout "${STEP_SECONDS:-200}" python3 benchmarks/gpu/steps.py --out "$out/steps" ${STEP_OPTIONS:-}
timeout "${FORM_SECONDS:-120}" python3 benchmarks/gpu/forms.py --out "$out/forms.jsonl"
if [ -n "${TORCH_SECONDS:-}" ]; then
  timeout "$TORCH_SECONDS" python3 benchmarks/official_step/measure.py --device cuda --steps "${TORCH_STEPS:-20}" \
    --out "$out/official.json"
fi
