"""Benchmarks: every figure of ours stands beside a baseline that was measured in the same run, on the same stack."""
