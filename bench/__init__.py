"""Benchmarks, each beside its ceiling in the same run: `./run bench [name]`."""
