"""What a secret looks like: the table of kinds, and how they are found."""
