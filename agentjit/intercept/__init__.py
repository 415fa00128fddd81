"""Interception: does this prompt mean a skill, may it run now, and what does the harness get to hear."""
