"""The deployment's secrets and what is sealed with them.

Begin with `deployment_secrets`.
"""
