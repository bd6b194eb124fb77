"""What tells people how the system fares: metrics, alarms, the dashboard, the budget, how long logs are kept.

Begin with `metrics.py`, which names what the others look at. May import `data`.
"""
