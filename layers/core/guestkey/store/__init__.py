"""The one DynamoDB table. Modules take and return values of the rules; no item class leaves this package."""
