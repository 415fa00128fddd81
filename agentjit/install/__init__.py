"""Wiring AgentJIT into a machine and an agent, and undoing it: links, the plugin's copy, settings, backups.

Called by `aj init`, `aj uninstall` and `aj doctor` only. Everything replaced is kept and restored.
"""
