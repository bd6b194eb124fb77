"""Rendering templates, and serving what the build made."""
