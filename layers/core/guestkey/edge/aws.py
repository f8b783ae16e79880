"""Client settings for services of AWS other than DynamoDB: a call fails after a few seconds."""

from botocore.config import Config

PROMPT = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
