"""The machine that something is timed on."""

import contextlib
import os
import platform


def machine():
    """Processor, cores and vector width, in words."""
    return f"{processor()}, {os.cpu_count()} cores, vectors of {vector_width()}"


def processor():
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as info:
        return next((line.split(":")[1].strip() for line in info if "model name" in line), platform.machine())
    return platform.machine()


def vector_width():
    """The widest vectors that the processor says it has (Linux; unknown elsewhere)."""
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as info:
        flags = set(next((line for line in info if line.startswith(("flags", "Features"))), "").split())
        for flag, width in (
            ("avx512f", "512 bits (AVX-512)"),
            ("avx2", "256 bits (AVX2)"),
            ("asimd", "128 bits (NEON)"),
        ):
            if flag in flags:
                return width
    return "of unknown width"
