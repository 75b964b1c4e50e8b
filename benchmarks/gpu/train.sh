#!/usr/bin/env bash
# Train the generator of synthetic people on one NVIDIA GPU with 16 cores, in at most nine minutes: the cores
# render people while the GPU trains. Ends with a table of the evaluation and a picture.
#
#     bash benchmarks/gpu/train.sh OUT          # a new training
#     bash benchmarks/gpu/train.sh OUT FROM     # resume the one whose OUT was FROM
#
# OUT gets, in files of at most 16 MB: the network in 8 bits, evaluation.json, heads.png, metrics.jsonl, log.txt,
# and the run folder in parts (run.tar.00, ...), from which it is resumed. SECONDS_TO_TRAIN (390), for compiling
# and all steps, and SECONDS_IN_ALL (510) change the limits.
#
# Needs: Python 3.12, JAX 0.11 with CUDA, flax with orbax-checkpoint, optax, chex, ml-collections, einops,
# safetensors, scipy, tqdm, absl-py, Pillow, setuptools, numba. The folder wheels/ may hold those that the
# machine lacks, such as numba and llvmlite; they are unpacked, nothing is installed. To fill it:
#
#     pip download --dest wheels --no-deps --only-binary :all: --python-version 3.12 \
#       --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 numba llvmlite pillow
set -u
out=$(mkdir -p "${1:?folder for the results}" && cd "$1" && pwd) || exit 1
from=${2:-}
[ -z "$from" ] || from=$(cd "$from" && pwd) || exit 1
here=$(cd "$(dirname "$0")/../.." && pwd)
cd "$here" || exit 1
work=${WORK:-runs/gpu}
wheels=${WHEELS:-wheels}
mkdir -p "$work"
export PYTHONPATH="$here:$here/ports${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
# Without these, JAX 0.11 tries out forms of every fusion, and a step compiles for more than two minutes.
export XLA_FLAGS="${XLA_FLAGS:---xla_gpu_experimental_enable_fusion_autotuner=false --xla_gpu_autotune_level=2}"
export JAX_COMPILATION_CACHE_DIR="${JAX_COMPILATION_CACHE_DIR:-$work/compiled}"
if compgen -G "$wheels/*.whl" >/dev/null; then
  for wheel in "$wheels"/*.whl; do python3 -m zipfile -e "$wheel" "$work/packages"; done
  PYTHONPATH="$PYTHONPATH:$(cd "$work/packages" && pwd)"
fi
missing=$(python3 - <<'PYTHON'
from importlib.util import find_spec
names = "jax flax orbax.checkpoint optax chex ml_collections einops safetensors scipy tqdm absl PIL numba llvmlite"
def is_there(name):
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
print(*(name for name in names.split() if not is_there(name)))
PYTHON
)
if [ -n "$missing" ]; then
  echo "train.sh: these packages are missing: $missing; put their wheels into $wheels" >&2
  exit 2
fi
# The package's version is read from its metadata, which an installation would have written.
[ -d jaxunlearn.egg-info ] || python3 -c 'import setuptools; setuptools.setup()' --quiet egg_info
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
if [ -n "$from" ] && [ ! -d "$work/run" ]; then
  cat "$from"/run.tar.* | tar -xf - -C "$work" || exit 1
fi

timeout --signal TERM --kill-after 20 "${SECONDS_IN_ALL:-510}" python3 benchmarks/gpu/train.py \
  --out "$out" --work "$work" --seconds "${SECONDS_TO_TRAIN:-390}" ${TRAIN_OPTIONS:-} 2>&1 | tee "$out/log.txt"
status=${PIPESTATUS[0]}
cp "$work/run/metrics.jsonl" "$out/" 2>/dev/null
rm -f "$out"/run.tar.*
tar -cf - -C "$work" run | split -b 15000000 -d - "$out/run.tar."
exit "$status"
