"""What an unlearning method is: pairs, targets, losses, what is trained, and what protects it.

`config` is about settings. Each other folder is a method, and the files here are what methods share.
"""
