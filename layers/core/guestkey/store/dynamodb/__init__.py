"""The one DynamoDB table as a library: keys, models, reads, transactions, retries."""
