#!/usr/bin/env bash
# Measure on one NVIDIA GPU, in about eight minutes: the official step in PyTorch, our step, the forms of its
# layers. Every case is written as soon as it is measured; the same command goes on where it stopped.
#
#     bash benchmarks/gpu/run.sh OUT
#
# Needs: Python 3.12, JAX 0.11 with CUDA, flax, optax, chex, ml-collections, einops, safetensors, scipy, tqdm,
# setuptools; PyTorch with CUDA for the official step. Nothing has to be installed from the tree.
set -u
out=${1:?folder for the results}
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$out"
cd "$here" || exit 1
export PYTHONPATH="$here:$here/ports${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
# Without these, JAX 0.11 tries out forms of every fusion, and the step compiles for more than two minutes.
export XLA_FLAGS="${XLA_FLAGS:---xla_gpu_experimental_enable_fusion_autotuner=false --xla_gpu_autotune_level=2}"
# The package's version is read from its metadata, which an installation would have written.
python3 -c 'import setuptools; setuptools.setup()' --quiet egg_info
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$out/card.txt"
python3 -c 'import jax, flax; print("jax", jax.__version__, "flax", flax.__version__, jax.devices())'

# 45 seconds were too few for its start and a first step on an H100; its steps were never timed there.
if [ ! -e "$out/official.json" ]; then
  timeout "${TORCH_SECONDS:-120}" python3 benchmarks/official_step/measure.py --device cuda \
    --steps "${TORCH_STEPS:-10}" --warm-up 2 --out "$out/official.json"
fi
timeout "${STEP_SECONDS:-300}" python3 benchmarks/gpu/steps.py --out "$out/steps" ${STEP_OPTIONS:---no-profile}
timeout "${FORM_SECONDS:-120}" python3 benchmarks/gpu/forms.py --out "$out/forms.jsonl"
