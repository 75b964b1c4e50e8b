# Read in by run.sh and train.sh. Sets what Python needs to run from a plain checkout, and ends the script with
# 2 if a module cannot be imported.
#
# Expects: `here`, the checkout; `work`, a folder for unpacked wheels; `needed`, names of modules.
#
# The folder wheels/ (or WHEELS) may hold the packages that a machine lacks. They are unpacked, nothing is
# installed. To fill it elsewhere, with what an image with JAX for GPUs usually lacks:
#
#     pip download --dest wheels --no-deps --only-binary :all: --python-version 3.12 \
#       --platform manylinux_2_28_x86_64 --platform manylinux2014_x86_64 ml_collections
#
# Such an image usually has numba and llvmlite, whose wheels have 60 MB: name them only if they are missed.
wheels=${WHEELS:-wheels}
export PYTHONPATH="$here:$here/ports${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
# Without these, JAX 0.11 tries out forms of every fusion, and a step compiles for more than two minutes.
export XLA_FLAGS="${XLA_FLAGS:---xla_gpu_experimental_enable_fusion_autotuner=false --xla_gpu_autotune_level=2}"
if compgen -G "$wheels/*.whl" >/dev/null; then
  for wheel in "$wheels"/*.whl; do python3 -m zipfile -e "$wheel" "$work/packages" || exit 2; done
  PYTHONPATH="$PYTHONPATH:$(cd "$work/packages" && pwd)"
fi
missing=$(python3 - $needed <<'PYTHON'
import importlib
import sys

for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{name} ({error})", end="; ")
PYTHON
) || exit 2
if [ -n "$missing" ]; then
  echo "$(basename "$0"): cannot import: ${missing}put their wheels into $wheels" >&2
  exit 2
fi
# The package's version is read from its metadata, which an installation would have written.
[ -d jaxunlearn.egg-info ] || python3 -c 'import setuptools; setuptools.setup()' --quiet egg_info || exit 2
