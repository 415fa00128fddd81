"""Which commands check a project, and which only look so."""

from __future__ import annotations

import pytest

from agentjit.detect.checks import is_check
from agentjit.hotspot import Action
from agentjit.trace import Effect


def action(text: str) -> Action:
    return Action(text, text, Effect.UNKNOWN, text)


@pytest.mark.parametrize(
    "text",
    [
        "pytest -q tests/unit",
        "python -m pytest",
        "uv run pytest -x",
        "npx tsc --noEmit",
        "npx --yes jest",
        "go test ./...",
        "go vet ./...",
        "cargo clippy --all",
        "npm run lint",
        "npm test",
        "bun run test:unit",
        "mise run typecheck",
        "make check",
        "just lint",
        "pytest | tail -5",
        "pytest 2>&1 | grep -c passed",
        "mypy src > /dev/null",
    ],
)
def test_checks(text: str) -> None:
    assert is_check(action(text))


@pytest.mark.parametrize(
    "text",
    [
        "git status",
        "npm run deploy",
        "npm run lint:fix",
        "npm run test:update",
        "npm ci",
        "npm install",
        "eslint --fix .",
        "ruff check --fix",
        "go build -o /usr/bin/x ./...",
        "jest -u",
        "make install",
        "make",
        "make build-and-deploy",
        "mise run $TASK",
        "sudo pytest",
        "PYTHONPATH=. pytest",
        "pytest > report.txt",
        "pytest | tee report.txt",
        "pytest && git push",
        "pytest || git checkout .",
        "pytest $(cat args)",
        "tests",
        "",
        "pytest '",
    ],
)
def test_others(text: str) -> None:
    assert not is_check(action(text))
