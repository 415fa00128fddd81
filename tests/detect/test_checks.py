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
        "npx jest --ci src/a.test.ts",
        "pytest -q -k 'one or two' tests/test_a.py::test_b",
        "cargo test --workspace",
        "npm run test:unit:ci",
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
        *("make test deploy", "make lint fix", "just test deploy", "turbo run build deploy", "rake test db:drop"),
        *("mvn test deploy", "gradle build publish", "mise run test ::: deploy", "tox -e deploy", "nox -s release"),
        *("uv run make test deploy", "rake db:test:drop", "npm run build:upload", "npm run test:reset-db"),
        *("make check-in", "make ci-upload", "npm run check:autocorrect", "rubocop -A", "ruff check --fix-only"),
        *(
            "ruff check --add-noqa",
            "go test ./... -update",
            "jest -iu",
            "pytest --force-regen",
            "pytest --basetemp=src",
        ),
        *("pytest >& src/main.py", "pytest &> src/main.py", "eslint --output-file src/a.js", "eslint -oF"),
        *("vitest run --coverage.reportsDirectory=src", "tsc --build --clean", "tsc --init", "pytest --pastebin=all"),
        *("cargo build --target-dir /etc", "mypy --install-types --non-interactive", "npx -y jest", "pnpm dlx jest"),
        *("go test -exec ./x", "go vet -vettool=./x", "make test SHELL=./x", "ctest -S x", "pylint --init-hook=x"),
        *("make test -f other.mk", "npm run test -- --update", "pytest -k", "pytest -p evil/../x --help"),
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
