"""Verifies webhooks by the official Python library: reads one JSON object a line, prints a JSON list of what it found."""
import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def verified(line):
    told = json.loads(line)
    try:
        return Webhook(told["secret"]).verify(told["body"], told["headers"])["type"]
    except WebhookVerificationError:
        return "refused"


print(json.dumps([verified(line) for line in sys.stdin]))
