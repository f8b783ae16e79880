"""The environment that the mail code reads when it is imported."""

import os

os.environ |= {
    "TABLE_NAME": "guestkey",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "BASE_URL": "https://support.vendor.example",
    "MAIL_SENDER": "Käsehandel Support <support@vendor.example>",
    "MAIL_REPLY_TO": "help@vendor.example",
    "MAIL_CONFIGURATION_SET": "guestkey",
}
