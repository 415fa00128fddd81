"""Observe: what a harness sends or keeps becomes records (`Seen`), redacted, and goes into the store."""
