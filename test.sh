#!/bin/sh
# The one test command: an environment in .venv, the pinned Claude Code, then every check and every test.
# Arguments go to pytest: ./test.sh tests/install -k shim
set -u

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
cd "$checkout" || exit 1
. scripts/steps.sh || exit 1
total=3
log=$checkout/.cache/test.log
mkdir -p .cache && : >"$log" || stop "cannot write $log"

step "environment in .venv"
python=$(find_python) || stop "no Python 3.11 or later found: install one, or set PYTHON to its path"
make_environment "$python" .venv "$log" || stop "$failure"
# The stamp is what was installed: a change of pyproject.toml or of Python installs again.
stamp=$(cksum <pyproject.toml)" $(.venv/bin/python -V) $checkout"
if [ "$(cat .venv/stamp 2>/dev/null)" != "$stamp" ]; then
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input -e '.[dev]' >>"$log" 2>&1 ||
		stop "pip could not install (offline?): see $log, then run $0 again"
	printf '%s\n' "$stamp" >.venv/stamp
fi

step "the pinned Claude Code"
if ! client=$(.venv/bin/python -m tests.support.client 2>>"$log"); then
	[ "${AJ_REQUIRE_CLIENT:-}" != 1 ] || stop "the pinned Claude Code could not be installed: see $log"
	client="not to be had, so tests with it are skipped: see $log"
fi
note "$client"

step "checks and tests"
exec .venv/bin/python -m pytest -n 2 "$@"
