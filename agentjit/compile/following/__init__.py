"""Following the occurrences side by side: steps, loops, forks, holes, endings."""
