"""What comes by queue and topic, and what is told by them: events, alerts, subscriptions, webhooks.

It imports `files`, `orders` and `table`. Begin with `events`.
"""
