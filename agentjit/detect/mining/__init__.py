"""From episodes to hotspots: what recurs, in which order, how often by chance, and what is worth most."""
