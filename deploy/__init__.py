"""Commands for operators: the first deployment, the following ones, and the checks before and after.

They call AWS with boto3 and `sam`, and the deployed API over HTTP. They load nothing of the layer.
"""
