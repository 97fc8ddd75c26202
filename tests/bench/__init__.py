"""What it costs: `make bench` measures on large, skewed data and writes docs/benchmarks.md."""
