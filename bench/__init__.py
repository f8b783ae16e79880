"""What Guestkey costs, measured: counts, or ratios inside one run, since a busy machine makes seconds worthless.

`make bench` runs every part, `python -m bench warm` one. Each part is a module that prints what it found and, where
there is a target, whether it is met. Parts run in processes of their own: what one imports or patches, none else has.
"""
