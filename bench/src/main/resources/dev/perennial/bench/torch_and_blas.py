# The beginning of every script here: PyTorch, and what it computes with.
# Exit code 3 where there is no PyTorch, 4 where it computes with the reference BLAS.
import sys

try:
    import torch
except ImportError:
    sys.exit(3)


def blas():
    if torch.backends.mkl.is_available():
        return "MKL"
    try:
        with open("/proc/self/maps") as maps:
            loaded = maps.read()
    except OSError:
        return "unknown BLAS"
    for path, name in (("openblas", "OpenBLAS"), ("blis", "BLIS"), ("/blas/libblas.so", "reference BLAS")):
        if path in loaded:
            return name
    return "unknown BLAS"


if blas() == "reference BLAS":
    sys.exit(4)
