"""The emulator's saved state: whether it is whole, what to go back to, and how it is waited for while it is written.

Begin with `saved_state.py`. May import `build`.
"""
