"""Temporary name; see agentjit.kit/process.py."""

from agentjit.kit.process import Completed, run

__all__ = ["Completed", "run"]
