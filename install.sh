#!/bin/sh
# Installs AgentJIT from this checkout: an environment of its own under ~/.aj, `aj` in ~/.local/bin, Claude Code wired.
# Run it again to upgrade; run it with --uninstall to remove everything.
set -u

usage() {
	cat <<-'END'
		Usage: ./install.sh [--no-harness] [--uninstall [--keep-data]] [--help]

		  --no-harness   install, but leave Claude Code alone
		  --uninstall    unwire Claude Code, restore its settings, remove everything AgentJIT put here
		  --keep-data    with --uninstall: keep what was recorded and the skills
		  --help         show this text

		Environment: AJ_HOME   where AgentJIT lives (default: ~/.aj)
		             PYTHON    the Python to use (3.11 or later; default: the first one found)
	END
}

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
. "$checkout/scripts/steps.sh" || exit 1

uninstall='' keep_data='' init_options=''
for option; do
	case $option in
	--uninstall) uninstall=1 ;;
	--keep-data) keep_data=--keep-data ;;
	--no-harness) init_options=--no-harness ;;
	-h | --help)
		usage
		exit 0
		;;
	*) stop "unknown option $option (--help lists them)" 2 ;;
	esac
done

[ -n "${HOME:-}" ] || stop "HOME is not set: set it, or nothing can be installed for you"
AJ_HOME=${AJ_HOME:-$HOME/.aj}
case $AJ_HOME in
/*) ;;
*) AJ_HOME=$(pwd)/$AJ_HOME ;;
esac
export AJ_HOME
log=$AJ_HOME/install.log
aj=$AJ_HOME/bin/aj
link=$HOME/.local/bin/aj
total=6

if [ -n "$uninstall" ]; then
	[ -d "$AJ_HOME" ] || stop "nothing to uninstall: there is no $AJ_HOME" 0
	if [ ! -e "$AJ_HOME/plugin" ] && [ ! -e "$AJ_HOME/backups" ] && [ -d "$AJ_HOME/spool" ] && [ -z "$keep_data" ]; then
		# Never finished: nothing outside is wired, and all there is was made by this script.
		rm -rf "$AJ_HOME/venv" "$AJ_HOME/spool" "$AJ_HOME/bin" "$AJ_HOME/quarantine" "$AJ_HOME/skills" "$log" "$AJ_HOME/lib"
		[ ! -L "$link" ] || [ "$(readlink "$link")" != "$aj" ] || rm -f "$link"
		rmdir "$AJ_HOME" 2>/dev/null || note "$AJ_HOME has other files in it and stays"
		exit 0
	fi
	[ -x "$aj" ] && "$aj" --version >/dev/null 2>&1 ||
		stop "the installation in $AJ_HOME is damaged: run $0 to mend it, then $0 --uninstall"
	# From a folder that stays: the environment that runs this is removed at the end.
	cd / && "$aj" uninstall $keep_data || stop "see above for what is left and why"
	[ -n "$keep_data" ] || rmdir "$HOME/.local/bin" "$HOME/.local" 2>/dev/null
	exit 0
fi

# --- the environment

step "Python 3.11 or later"
python=$(find_python) || stop "no Python 3.11 or later found: install one (Debian: apt install python3 python3-venv), or set PYTHON to its path"
note "$("$python" -c 'import sys; print(sys.executable, "%d.%d.%d" % sys.version_info[:3])')"

step "environment in $AJ_HOME/venv"
if [ -d "$AJ_HOME" ] && [ -n "$(ls -A "$AJ_HOME" | grep -vx backups)" ] && [ ! -d "$AJ_HOME/spool" ]; then
	stop "$AJ_HOME has other files in it: set AJ_HOME to a folder that AgentJIT can have alone"
fi
(umask 077 && mkdir -p "$AJ_HOME/spool") 2>/dev/null || stop "cannot make $AJ_HOME: set AJ_HOME to a folder you can write to"
(umask 077 && : >"$log") 2>/dev/null || stop "cannot write $log"
umask 077 # all that follows is for you alone
make_environment "$python" "$AJ_HOME/venv" "$log" || stop "$failure"

step "AgentJIT and what it needs"
# No cache: --uninstall must leave nothing. A folder is installed again even if its version is installed already.
"$AJ_HOME/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-cache-dir --upgrade \
	"$checkout" >>"$log" 2>&1 ||
	stop "pip could not install (offline?): see $log, then run $0 again"
note "$("$AJ_HOME/venv/bin/python" -c 'import agentjit; print("agentjit", agentjit.__version__)')"

# --- what it is for

step "setting up, and wiring Claude Code"
run_aj() { (cd / && "$AJ_HOME/venv/bin/python" -E -P -m agentjit "$@"); }
run_aj init $init_options || stop "\`aj init\` failed: mend what it says, then run $0 again"
mkdir -p "$HOME/.local/bin" 2>/dev/null || stop "cannot make $HOME/.local/bin"
if [ -e "$link" ] && [ ! -L "$link" ]; then
	note "$link is not ours and stays: run AgentJIT as $aj"
else
	ln -sf "$aj" "$link" 2>/dev/null || stop "cannot link $link"
	case :$PATH: in
	*:"$HOME/.local/bin":*) ;;
	*) note "$HOME/.local/bin is not on PATH: add it (export PATH=\"\$HOME/.local/bin:\$PATH\"), or run $link" ;;
	esac
fi

step "past sessions"
run_aj import || stop "\`aj import\` failed: mend what it says, then run \`$aj import\`"
recorded=$(run_aj stats --json | "$AJ_HOME/venv/bin/python" -I -c \
	'import json, sys; print(json.load(sys.stdin)["recorded"]["sessions"])' 2>/dev/null) ||
	stop "\`aj stats\` failed: AgentJIT is installed, \`$aj doctor\` tells more"
if [ "$recorded" -gt 0 ]; then
	step "skills from what recurs"
	run_aj compile || stop "\`aj compile\` failed: mend what it says, then run \`$aj compile\`"
	run_aj hotspots || stop "\`aj hotspots\` failed: AgentJIT is installed, \`$aj doctor\` tells more"
	run_aj list || stop "\`aj list\` failed: AgentJIT is installed, \`$aj doctor\` tells more"
else
	step "no past sessions: a demonstration with sample sessions"
	run_aj demo || stop "\`aj demo\` failed: AgentJIT is installed, \`$aj doctor\` tells more"
fi
finish "AgentJIT is installed. \`aj doctor\` checks every part, \`aj list\` shows the skills, $0 --uninstall removes it."
