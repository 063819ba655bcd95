"""Entry points, one file each: decode, call one use case, map its outcome."""
