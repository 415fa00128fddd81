"""From recorded calls to hotspots: reading shell lines, signatures and effects, mining, heat."""
