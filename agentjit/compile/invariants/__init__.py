"""Candidate checks, one family a module: what was true of a step's outcome in every trace."""
