"""Brings the whole system up on this machine: the emulator, the deployed stack, demo data, the portal.

Begin with `up.py`, then `stack.py`. May import `build`; nothing that is deployed imports it.
"""
