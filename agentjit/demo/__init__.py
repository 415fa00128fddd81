"""The demonstration: sample sessions on the real road, in a throw-away home. Called by `aj demo` only."""
