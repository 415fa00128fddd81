"""What the world does to a drainer: kills it, fills its disk, sets its clock, corrupts its files, sends it a crowd."""
