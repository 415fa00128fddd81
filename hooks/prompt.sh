# A prompt: record it, and where a skill is active let the hook program decide whether a skill answers it.
# Run as `sh -c '. prompt.sh' prompt.sh UserPromptSubmit [HOME]`. Like record.sh it never fails and never prints an error.
# A session that a skill started (AJ_OBSERVE=self) is recorded, but answered by no skill: it could be the same one again.
trap 'exit 0' EXIT
home=${2:-${AJ_HOME:-${HOME:+$HOME/.aj}}}
if [ "${AJ_OBSERVE:-1}" = 1 ] && [ -s "$home/entries.idx" ] && [ ! -e "${CLAUDE_PROJECT_DIR:-}/.aj-off" ]; then
	python=$home/bin/python3 hook=$home/lib/agentjit/hook.py
	if [ ! -x "$python" ] || [ ! -r "$hook" ]; then
		# The links of `aj init` are broken, or there are none: a plugin used straight from the checkout brings the program.
		python=$(command -v python3 2>/dev/null) hook=${CLAUDE_PLUGIN_ROOT:-}/agentjit/hook.py
	fi
	if [ -x "$python" ] && [ -r "$hook" ]; then
		# Not exec: an interpreter that cannot start must not become an exit status that the client shows or acts on.
		# In the background, so that a signal is passed on; a shell would give it /dev/null as its input, hence the 3.
		{
			"$python" -I -S "$hook" "$home" <&3 3<&- 2>/dev/null &
			trap 'kill "$!"; exit 0' HUP INT TERM
			wait "$!" && exit 0
			umask 077
			printf '%s\n' "prompt hook: $python $hook ended with $?" 2>/dev/null >>"$home/aj.log"
			trap - HUP INT TERM
		} 3<&0 2>/dev/null
	fi
fi
# Also when the program failed: if it had not read the prompt yet, the prompt is still there to be recorded.
[ ! -r "${0%/*}/record.sh" ] || . "${0%/*}/record.sh"
