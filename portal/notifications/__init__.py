"""Who is told of what, by e-mail or webhook.

Begin with `subscriptions`.
"""
