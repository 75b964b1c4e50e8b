"""Start the command anew with huge pages, which make a step on a Linux CPU about a fifth faster.

XLA takes its temporary memory anew in every step. With pages of 4 KiB that is some hundred thousand of them,
which the kernel clears one by one. The C library asks for pages of 2 MiB if it finds a word in the
environment when it starts. So the variable must be set before Python starts.
"""

import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "GLIBC_TUNABLES"
"""Whoever sets this variable, to whatever value, keeps it."""

WORD = "glibc.malloc.hugetlb=1"
_OLDEST = (2, 35)
"""First version of glibc that knows the word."""

_KERNEL = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def wanted(environment: Mapping[str, str], libc: tuple[str, str], kernel: str) -> bool:
    """Return True if this machine offers huge pages and nobody has set the variable.

    Args:
      environment: of the process.
      libc: name and version, as of `platform.libc_ver`.
      kernel: its setting, such as "always [madvise] never"; see `kernel_setting`.
    """
    name, version = libc
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    return VARIABLE not in environment and "[madvise]" in kernel and name == "glibc" and numbers >= _OLDEST


def kernel_setting() -> str:
    """Return the kernel's setting of transparent huge pages; "" where it has none."""
    return _KERNEL.read_text() if _KERNEL.exists() else ""


def start_anew() -> None:
    """Replace this process by one with huge pages and the same arguments, where that helps."""
    if sys.executable and wanted(os.environ, platform.libc_ver(), kernel_setting()):
        command = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, command, {**os.environ, VARIABLE: WORD})
