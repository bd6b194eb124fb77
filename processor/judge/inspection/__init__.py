"""What every reader is given and gives: the bytes at hand, what they look like at first sight, the findings.

Begin with `envelope`.
"""
