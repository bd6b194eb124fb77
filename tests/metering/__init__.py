"""Meters what files cost: the deployed functions' own code, run here on the emulator with every call counted."""
