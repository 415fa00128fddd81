"""Walking through a history in time order: what AgentJIT would have done, learning only from the past."""
