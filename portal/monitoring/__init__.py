"""The pipeline at a glance: figures, costs, analytics.

Begin with `dashboard`.
"""
