"""The verdicts as rows, and saved queries over them by Athena.

Begin with `model`.
"""
