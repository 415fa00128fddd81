"""What every benchmark ends with: a small table, each budget with its verdict, exit status 1 if one is not kept."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

CHECKOUT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Row:
    """A thing measured: its median, in `unit`, and the middle half of its samples."""

    name: str
    median: float
    low: float
    high: float
    samples: int
    unit: str = "ms"

    @classmethod
    def of(cls, name: str, samples: Sequence[float], *, scale: float = 1000.0, unit: str = "ms") -> Row:
        """From samples in seconds (or whatever `scale` makes into `unit`); at least two."""
        low, _, high = (each * scale for each in quantiles(samples, n=4))
        return cls(name, median(samples) * scale, low, high, len(samples), unit)


@dataclass(frozen=True, slots=True)
class Budget:
    """A figure that must not be above `limit`."""

    name: str
    value: float
    limit: float
    unit: str = "x"

    @property
    def kept(self) -> bool:
        return self.value <= self.limit


def options(description: str | None, *, runs: int, what: str) -> argparse.ArgumentParser:
    """The options that all benchmarks share: `--runs`, `--json`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=int, default=runs, help=f"{what} (default: {runs})")
    parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    return parser


def machine() -> str:
    """The machine and the Python that the figures are of."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def finish(rows: Sequence[Row], budgets: Sequence[Budget], *, as_json: bool) -> int:
    """Print what was measured; the exit status."""
    kept = all(budget.kept for budget in budgets)
    if as_json:
        measured = [
            {"name": r.name, "median": r.median, "low": r.low, "high": r.high, "samples": r.samples, "unit": r.unit}
            for r in rows
        ]
        judged = [{"name": b.name, "value": b.value, "limit": b.limit, "unit": b.unit, "kept": b.kept} for b in budgets]
        json.dump({"machine": machine(), "rows": measured, "budgets": judged, "kept": kept}, sys.stdout, indent=2)
        print()
        return 0 if kept else 1
    print(machine())
    width = max(len(name) for name in [*(row.name for row in rows), *(budget.name for budget in budgets)])
    for row in rows:
        middle = f"middle half {row.low:.1f} to {row.high:.1f}"
        print(f"{row.name:{width}}  {row.median:9.2f} {row.unit}  {middle}, {row.samples} samples")
    for budget in budgets:
        verdict = "pass" if budget.kept else "OVER BUDGET"
        unit = "x" if budget.unit == "x" else f" {budget.unit}"
        print(f"{budget.name:{width}}  {budget.value:9.2f}{unit}  budget {budget.limit:g}{unit}: {verdict}")
    return 0 if kept else 1
