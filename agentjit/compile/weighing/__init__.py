"""Plans that do the same, and which of them is cheapest."""
