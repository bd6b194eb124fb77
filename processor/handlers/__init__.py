"""The Lambdas: each reads its events, calls what it is wired with, and answers AWS.

Begin with `judge`.
"""
