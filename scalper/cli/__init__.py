"""The partner's commands: as they are typed, what they do, and how they tell of it.

Begin with `commands.py`, which imports the others only when a command runs. May import everything of the client.
"""
