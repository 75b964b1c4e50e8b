#!/usr/bin/env bash
# Measure on one NVIDIA GPU, in about eight minutes: the official step in PyTorch, our step, the forms of its
# layers. Every case is written as soon as it is measured; the same command goes on where it stopped. It ends
# with a failure if one of the three did.
#
#     bash benchmarks/gpu/run.sh OUT
#
# Needs: Python 3.12, JAX 0.11 with CUDA, and the modules below, or their wheels (prepare.sh); PyTorch with CUDA
# for the official step.
set -u
needed="jax flax optax chex ml_collections einops safetensors scipy tqdm absl PIL setuptools"
out=${1:?folder for the results}
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$out" && out=$(cd "$out" && pwd) && cd "$here" || exit 1
work=${WORK:-runs/gpu}
mkdir -p "$work"
. benchmarks/gpu/prepare.sh
command -v nvidia-smi >/dev/null &&
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$out/card.txt"

failed=""
measured() {  # measured NAME STATUS
  [ "$2" -eq 0 ] || failed="$failed $1 ($2)"
}
# 45 seconds were too few for its start and a first step on an H100; its steps were never timed there.
timeout "${TORCH_SECONDS:-120}" python3 benchmarks/official_step/measure.py --device cuda \
  --steps "${TORCH_STEPS:-10}" --warm-up 2 --unless-finished --out "$out/official.json"
measured official_step $?
step_seconds=${STEP_SECONDS:-300}
timeout $((step_seconds + 20)) python3 benchmarks/gpu/steps.py --seconds "$step_seconds" --out "$out/steps" \
  ${STEP_OPTIONS:---no-profile}
measured steps $?
timeout "${FORM_SECONDS:-120}" python3 benchmarks/gpu/forms.py --out "$out/forms.jsonl"
measured forms $?
if [ -n "$failed" ]; then
  echo "run.sh: failed, with exit codes:$failed" >&2
  exit 1
fi
