"""Running skills: the kit they import, performers, journal, permission, verification."""
