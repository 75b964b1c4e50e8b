#!/usr/bin/env bash
# Write what a training is resumed from, in parts of 15 MB: settings, metrics and the newest checkpoint. The best
# checkpoint, pictures and the finished network are left out.
#
#     bash benchmarks/gpu/pack.sh WORK OUT      # WORK/run -> OUT/run.tar.00, ...
set -u
work=$1 out=$2
rm -f "$out"/run.tar.*
newest=$(find "$work/run/checkpoints" -mindepth 1 -maxdepth 1 -regex '.*/[0-9]+' -printf '%f\n' 2>/dev/null |
  sort -n | tail -n 1)
[ -n "$newest" ] || exit 0 # nothing to resume from
tar -cf - -C "$work" run/config.json run/metrics.jsonl "run/checkpoints/$newest" |
  split -b 15000000 -d - "$out/run.tar."
