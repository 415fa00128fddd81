# Record one hook event: copy the payload on stdin to a file of its own in the spool.
# Run as `sh -c '. record.sh' record.sh EVENT [HOME]`; HOME is written into hooks.json by `aj init`.
#
# Whatever goes wrong, it prints nothing and exits 0: status 2 would block the agent's tool or the user's prompt. (dash
# ends with 2 by itself when a special builtin fails, hence the trap; hence no `exec cat` either.)
trap 'exit 0' EXIT
{
	umask 077
	set -C # a file that exists is another event, waiting
	file=
	home=${2:-${AJ_HOME:-${HOME:+$HOME/.aj}}}
	# A project that is opted out is not even spooled; opt-out files elsewhere are seen to when the spool is drained.
	[ ! -e "${CLAUDE_PROJECT_DIR:-}/.aj-off" ] || home=
	case ${AJ_OBSERVE:-1}$home in
	0/*)
		# Of a session that is not to be recorded its id is noted, so that no import of transcripts takes it either.
		[ "$1" = SessionStart ] && [ -d "$home/spool" ] && id=$(sed -n 's/.*"session_id" *: *"\([^"\\]*\)".*/\1/p') &&
			[ -n "$id" ] && printf '{"aj":"off","session_id":"%s"}\n' "$id" >"$home/spool/$1.$$"
		;;
	1/* | self/*)
		# A home that `aj init` made and `aj uninstall` removed stays removed, though a running client still calls us.
		if [ -d "$home/spool" ] || { [ -z "${2:-}" ] || [ -d "$home" ]; } && mkdir -p "$home/spool"; then
			for n in '' .1 .2 .3 .4 .5 .6 .7 .8 .9; do
				[ -e "$home/spool/$1.$$$n" ] || {
					file=$home/spool/$1.$$$n
					break
				}
			done
		fi
		;;
	esac
	# What cannot be recorded is still read to its end, and no half of a payload stays on a full disk. In a session that
	# AgentJIT started itself (AJ_OBSERVE=self), a line of ours that says so comes after the payload, or neither stays.
	[ -n "$file" ] && cat >"$file" && [ -s "$file" ] && {
		[ "${AJ_OBSERVE:-1}" != self ] || printf '\n{"aj":"own","own":"a skill"}\n' >>"$file"
	} || {
		[ -z "$file" ] || rm -f "$file"
		cat
	}
} >/dev/null 2>&1
exit 0
