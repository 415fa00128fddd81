"""From a tool call to what it does: its actions, without what is only cosmetic, and their signatures."""
