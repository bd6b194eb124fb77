"""The one definition of the infrastructure, and the runner that brings it up on this machine.

Begin with `stack.py`, the core stack's table of contents; then `resources.py`, what its functions work on, and
`functions/grants.py`, what they may do. All form layers, and none imports one above it (`make lint`):
`compliance`, `costs`, `local`, `supply_chain` · the app · `audit`, `delivery` · the core stack · `functions`,
`malware` · its resources · `edge` · `observability` · `data` · `messaging`, `stages`, `build` · configuration, errors.
"""
