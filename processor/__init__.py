"""Decides each file's fate: judges arriving objects, files and records them, and projects what follows."""
