"""Measurements against the budgets of docs/benchmarks.md: ratios of things measured side by side in one run."""
