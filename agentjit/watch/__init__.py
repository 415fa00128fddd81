"""Watching the spool: the only importer of watchdog."""
