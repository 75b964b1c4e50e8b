"""Who a forgotten person becomes: a surrogate for each (SUGAR, Eq. 2-4).

`strategy` chooses; `unet` and `transformer` are the networks behind D(w), `objective` and `training` how they
learn, `nearest` is the cheap alternative: another synthetic person.
"""
