"""Sending files so that any end of a run can be taken up by the next one, and following them to their verdicts.

Begin with `delivery.py`. May import `api` and the errors.
"""
