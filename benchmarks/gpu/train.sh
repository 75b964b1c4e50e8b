#!/usr/bin/env bash
# Train the generator of synthetic people on one NVIDIA GPU with 16 cores, in at most nine minutes: the cores
# render people while the GPU trains. Ends with a table of the evaluation and a picture.
#
#     bash benchmarks/gpu/train.sh OUT          # a new training
#     bash benchmarks/gpu/train.sh OUT FROM     # resume the one whose OUT was FROM
#
# A training in WORK (runs/gpu) is resumed by either, and with the settings that it began with.
#
# OUT gets, in files of at most 16 MB: the network in 8 bits, evaluation.json, heads.png, metrics.jsonl, log.txt,
# and in parts what it is resumed from (run.tar.00, ...; 3 parts). SECONDS_TO_TRAIN (390), for compiling
# and all steps, and SECONDS_IN_ALL (510) change the limits.
#
# Needs: Python 3.12, JAX 0.11 with CUDA, and the modules below, or their wheels (prepare.sh).
set -u
needed="jax flax orbax.checkpoint optax chex ml_collections einops safetensors scipy tqdm absl PIL numba setuptools"
out=$(mkdir -p "${1:?folder for the results}" && cd "$1" && pwd) || exit 1
from=${2:-}
[ -z "$from" ] || from=$(cd "$from" && pwd) || exit 1
here=$(cd "$(dirname "$0")/../.." && pwd)
cd "$here" || exit 1
work=${WORK:-runs/gpu}
mkdir -p "$work"
. benchmarks/gpu/prepare.sh
export JAX_COMPILATION_CACHE_DIR="${JAX_COMPILATION_CACHE_DIR:-$work/compiled}"
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
if [ -f "$work/run/config.json" ]; then
  echo "train.sh: resumes the training in $work/run; for another one set WORK" >&2
elif [ -n "$from" ]; then
  cat "$from"/run.tar.* | tar -xf - -C "$work" || exit 1
fi

# In the foreground, so that the processes that render go on until the step that waits for them is saved.
timeout --foreground --signal TERM --kill-after 20 "${SECONDS_IN_ALL:-510}" python3 benchmarks/gpu/train.py \
  --out "$out" --work "$work" --seconds "${SECONDS_TO_TRAIN:-390}" ${TRAIN_OPTIONS:-} 2>&1 | tee "$out/log.txt"
status=${PIPESTATUS[0]}
cp "$work/run/metrics.jsonl" "$out/" 2>/dev/null
bash benchmarks/gpu/pack.sh "$work" "$out"
exit "$status"
