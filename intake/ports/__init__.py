"""What the domain asks of the outside world. The AWS adapters stand beside this file, fakes in `tests/fakes`.

Every method may raise what it documents; trouble of the infrastructure propagates as it is and is retried.
"""
