"""What others wrote and we deliver: bills of materials, licences, and what is known against it.

Begin with `sbom.py`. Knows the bundles (`infra/build/bundle.py`) and the lock files; nothing of the stacks.
"""
