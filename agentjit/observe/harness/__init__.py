"""One reader for each format of each harness: wire -> event -> record."""
