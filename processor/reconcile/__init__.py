"""The scheduled look for what fell between two steps.

Begin with `sweep`.
"""
