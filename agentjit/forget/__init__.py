"""Forgetting: what a person names is removed everywhere and does not come back; what is too old expires."""

from agentjit.forget.removal import Survey, forget, session, survey
from agentjit.forget.retention import Expired, due, expire
from agentjit.forget.wanted import EVERYTHING, QUARANTINE, Wanted, before, matching, project

__all__ = [
    "EVERYTHING",
    "QUARANTINE",
    "Expired",
    "Survey",
    "Wanted",
    "before",
    "due",
    "expire",
    "forget",
    "matching",
    "project",
    "session",
    "survey",
]
