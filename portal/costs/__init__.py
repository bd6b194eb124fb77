"""What files cost on AWS: one table of prices and one computation, for the admins' page and for `make cost`.

Begin with `marginal.py`. `infra/costs` adds what a month costs in which no file comes, which stands in the templates.
"""
