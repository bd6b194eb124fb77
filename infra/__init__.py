"""The one definition of the infrastructure, and the runner that brings it up on this machine."""
