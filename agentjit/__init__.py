"""AgentJIT: a tracing JIT compiler for coding agents.

Kept empty of imports on purpose: the prompt hook pays for every line here.
"""

__version__ = "0.1.0"
