"""The main job against a stack that is deployed already, wherever it is: `python -m tests.smoke`."""
