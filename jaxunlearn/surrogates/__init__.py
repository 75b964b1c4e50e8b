"""Who a forgotten person becomes: a surrogate for each (SUGAR, Eq. 2-4).

`mapper` holds D(w), `unet` and `transformer` the networks behind it, `objective` and `training` how they learn,
`nearest` the cheap alternative: another synthetic person.
"""
