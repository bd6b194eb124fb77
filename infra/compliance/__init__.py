"""What is wrong with the stacks before AWS says so: findings of scanners, policies too long, permissions in vain.

Begin with `checks.py`. May import the app, the stages and `build`.
"""
