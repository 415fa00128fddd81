"""The `aj` command: one file a command, loaded when it is called."""

from __future__ import annotations

import errno
import importlib
import os
import sys

import click

from agentjit import __version__
from agentjit.errors import AjError

COMMANDS = {
    "init": "init",
    "uninstall": "uninstall",
    "import": "import_",
    "ingest": "ingest",
    "hotspots": "hotspots",
    "backtest": "backtest",
    "compile": "compile",
    "list": "list",
    "show": "show",
    "run": "run",
    "approve": "approve",
    "disable": "disable",
    "enable": "enable",
    "remove": "remove",
    "prune": "prune",
    "forget": "forget",
    "why": "why",
    "log": "log",
    "stats": "stats",
    "doctor": "doctor",
    "watch": "watch",
    "tools": "tools",
    "demo": "demo",
}


class _Lazy(click.Group):
    """A group whose commands are modules of this package: `aj list` does not pay for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"agentjit.cli.{COMMANDS[cmd_name]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Every error of ours is one line on stderr, and the exit status of its class."""
        try:
            return super().invoke(ctx)
        except AjError as error:
            click.echo(f"aj: {error}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f" ({os.fsdecode(error.filename)!r})" if error.filename else ""
            mend = "make room on the disk, or let `aj doctor` look at it"
            click.echo(f"aj: {error.strerror or error}{where}; {mend}", err=True)
            ctx.exit(1)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else f"aj {ctx.invoked_subcommand or ''}".strip()
            click.echo(f"aj: {error.format_message()} See `{command} --help`.", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="aj")
def cli() -> None:
    """AgentJIT compiles the workflows your coding agent repeats into small programs, and runs those instead.

    Everything lives under ~/.aj (AJ_HOME). Start with `aj init`, look at `aj hotspots` and `aj list`.

    \b
    Completion:  eval "$(_AJ_COMPLETE=bash_source aj)"     (or zsh_source, fish_source)
    """


def main() -> None:
    """Entry point of `aj`. What cannot be printed (a full disk, a closed pipe) is one line, too."""
    try:
        cli(prog_name="aj")
    finally:
        try:
            sys.stdout.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            click.echo(f"aj: the output could not be written: {error.strerror}", err=True)
            sys.exit(1)
