"""How services of AWS other than the table are called: they answer within seconds, or have failed."""

from botocore.config import Config

PROMPT = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
