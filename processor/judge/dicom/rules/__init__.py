"""What is held against a walked file: identity, modules, geometry, pixels."""
