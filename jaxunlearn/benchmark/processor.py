"""The machine that numbers were measured on."""

import platform
from pathlib import Path


def processor() -> str:
    """Number and name of this machine's CPUs."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()
