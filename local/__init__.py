"""Runs the whole stack on this machine: an AWS emulator, a token issuer, the deployment and the sample world.

`python -m local up` starts it. No code of this package runs on AWS, and no code that runs on AWS imports it.
"""
