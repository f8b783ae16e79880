"""The whole stack on this machine: an AWS emulator, an issuer of tokens, the deployment, the sample world.

`python -m local up` is the way in. Nothing in here runs on AWS, and nothing that runs on AWS imports it.
"""
