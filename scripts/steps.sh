# Shared by install.sh and test.sh: numbered steps with their time, one line for what failed, a Python and an environment.
# Sourced; sets `begin`, reads `total` (the number of steps).

begin=$(date +%s)
number=0

# step TEXT: the next step begins.
step() {
	number=$((number + 1))
	printf '[%d/%d] %s (%d s)\n' "$number" "$total" "$1" $(($(date +%s) - begin))
}

# note TEXT: a detail of the step.
note() {
	printf '      %s\n' "$1"
}

# finish TEXT: all is done.
finish() {
	printf '%s (%d s)\n' "$1" $(($(date +%s) - begin))
}

# stop TEXT [STATUS]: one line of what failed and how to go on, then the end.
stop() {
	printf '%s: %s\n' "$(basename -- "$0")" "$1" >&2
	exit "${2:-1}"
}

# find_python: prints the path of a Python 3.11 or later: $PYTHON if set, else the first on PATH.
find_python() {
	for name in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
		path=$(command -v "$name" 2>/dev/null) || path=
		if [ -n "$path" ] && "$path" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
			printf '%s\n' "$path"
			return 0
		fi
		[ -z "${PYTHON:-}" ] || return 1 # what was asked for, or nothing
	done
	return 1
}

# make_environment PYTHON FOLDER LOG: a virtual environment with pip in FOLDER; one that works and is of the same
# Python stays. On failure `failure` says what to do.
make_environment() {
	want=$("$1" -c 'import sys; print(sys.version_info[:3])')
	if [ "$("$2/bin/python" -c 'import pip, sys; print(sys.version_info[:3])' 2>/dev/null)" = "$want" ]; then
		return 0
	fi
	if "$1" -c 'import ensurepip, venv' 2>/dev/null; then
		"$1" -m venv --clear "$2" >>"$3" 2>&1 && return 0
	elif command -v virtualenv >/dev/null 2>&1; then
		virtualenv --quiet --clear --python "$1" "$2" >>"$3" 2>&1 && return 0
	elif "$1" -c 'import venv, pip' 2>/dev/null; then
		# No ensurepip, but a pip that can install into another environment.
		"$1" -m venv --clear --without-pip "$2" >>"$3" 2>&1 &&
			"$1" -m pip --python "$2/bin/python" install --quiet pip >>"$3" 2>&1 && return 0
	else
		failure="$1 cannot make environments: install them (Debian: apt install $("$1" -c \
			'import sys; print("python%d.%d-venv" % sys.version_info[:2])')), then run $0 again"
		return 1
	fi
	failure="the environment $2 could not be made: see $3, then run $0 again"
	return 1
}
