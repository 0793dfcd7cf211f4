"""What every walk with the official Python SDK shares. The SDK is unmodified: only the base URL is ours.

The test that runs a walk has made the account GRANT_ID ("reader") and its neighbour NEIGHBOUR_ID ("neighbour"), has delivered to the reader
what the walk needs, and answers webhook challenges at HOOK_URL. Every step asserts; the name of the last one begun is printed, so that a
failure says where it was.
"""

import os
import time
import uuid
import warnings

from nylas import Client
from nylas.models.errors import NylasApiError

# The SDK warns, and answers None, where a row of a list lacks a key it needs (P-5). That is a failure here.
warnings.simplefilter("error", RuntimeWarning)

DEADLINE_SECONDS = 60

URL = os.environ["POSTHOUSE_URL"]
nylas = Client(os.environ["POSTHOUSE_API_KEY"], URL)
grant_id = os.environ["GRANT_ID"]
neighbour_id = os.environ["NEIGHBOUR_ID"]
hook_url = os.environ["HOOK_URL"]

READER = "reader@agents.localhost"
NEIGHBOUR = "neighbour@agents.localhost"


def step(name):
    print(name, flush=True)


def end():
    print("walked to the end")


def refusal(call, status_code, error_type):
    """Returns the SDK's own error for a call that must be refused (P-4)."""
    try:
        call()
    except NylasApiError as error:
        assert error.status_code == status_code, (error.status_code, str(error))
        assert error.type == error_type, (error.type, str(error))
        assert str(error), "an error without a message"
        assert uuid.UUID(error.request_id), "an error without a request id"
        assert error.headers["X-Request-Id"] == error.request_id
        return error
    raise AssertionError(f"expected {status_code} {error_type}")


def eventually(what, probe):
    """Returns what the probe finds, asking until it finds something."""
    end_at = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < end_at, f"waited in vain for {what}"
        time.sleep(0.05)


def arrived(subject, at=neighbour_id):
    """Returns the one message with this subject once it is in an inbox of this server."""

    def probe():
        rows = nylas.messages.list(at, {"subject": subject, "in": ["INBOX"]}).data
        assert len(rows) <= 1, f"{len(rows)} messages {subject}"
        return rows[0] if rows else None

    return eventually(f"{subject} to arrive", probe)


def the_letter():
    """Returns the message that every walk finds: from Zoë, with text, HTML and an attachment."""
    (letter,) = nylas.messages.list(grant_id, {"from": ["zoe@shop.example"]}).data
    return letter
