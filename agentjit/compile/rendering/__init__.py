"""Pieces of a program's text."""
