"""The seven stages of validation, one module each; each gives all its findings."""
