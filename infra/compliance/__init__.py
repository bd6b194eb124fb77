"""Findings of cdk-nag and checkov: those that are acknowledged, those that misread, and nothing else.

Begin with `checks.py`. May import the app, the stages and `build`.
"""
