"""The table of secrets: tokens known by their form first, then those known by their place (pure)."""

from __future__ import annotations

from agentjit.observe.secrets.places import PLACES
from agentjit.observe.secrets.shape import Kind
from agentjit.observe.secrets.tokens import TOKENS
from agentjit.observe.secrets.words import is_secret_name, looks_secret

__all__ = ["KINDS", "Kind", "is_secret_name", "looks_secret"]

KINDS: tuple[Kind, ...] = (*PLACES[:2], *TOKENS, *PLACES[2:])  # the first that finds a place has it
