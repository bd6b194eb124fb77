"""What carries word from one part to another: queues, alerts, webhooks, and the events of AWS itself.

Begin with `queues.py`. May import the stage's configuration, and nothing else of the infrastructure.
"""
