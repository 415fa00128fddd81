"""The contract of a step as arguments of `ensure`."""

from __future__ import annotations

from agentjit.compile.rendering.code import Code, Nest, finder_code, quoted, ranged, shape_code, string
from agentjit.contract import Contract


def outcome(contract: Contract) -> list[Code]:
    """Checks that need no value."""
    checks: list[Code] = []
    if codes := contract.exit_codes:
        checks.append(f"exit_code={codes[0] if len(codes) == 1 else codes}")
    if contract.header:
        checks.append(f"header={quoted(contract.header)}")
    if contract.calm:
        checks.append("calm=True")
    if contract.words:
        columns = [f"{column}: [{', '.join(map(quoted, words))}]" for column, words in contract.words]
        checks.append(Nest("words={", columns, "}"))
    return checks


def content(contract: Contract) -> list[Code]:
    """Checks in which values may stand."""
    checks: list[Code] = []
    if contract.shape:
        checks.append(f"shape={shape_code(contract.shape)}")
        ranges = [f"({piece.low:g}, {piece.high:g})" for piece in contract.shape if ranged(piece)]
        checks += [Nest("within=[", ranges, "]")] if ranges else []
    if contract.holds:
        held = [f"({finder_code(finder)}, {string(value)})" for finder, value in contract.holds]
        checks.append(Nest("holds=[", held, "]"))
    return checks
