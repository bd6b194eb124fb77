"""Builds what is deployed, where its inputs changed: code bundles, the assembly, styles and scripts.

Begin with `bundle.py`. Imports nothing else of the infrastructure.
"""
