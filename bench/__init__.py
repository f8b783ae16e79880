"""Benchmarks of Guestkey. They print counts, or ratios within one run, because absolute times vary with the machine.

`make bench` runs every part, `python -m bench warm` runs one. Each part is a module that prints its measurements and,
for those with a target, whether the target is met. Each part runs in its own process, so that its imports and patches
do not affect the others.
"""
