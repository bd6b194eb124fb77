"""Contracts: what a port promises, asked of its adapter and of the fake that stands for it in all other tests."""
