"""Domains, by requests that the SDK signs with the key of a service account."""

import json
import os

from nylas.handler.service_account import ServiceAccountSigner

from walking import end, nylas, refusal, step

with open(os.environ["SERVICE_ACCOUNT"]) as file:
    key_file = json.load(file)

signer = ServiceAccountSigner(key_file["private_key"], key_file["private_key_id"])


def domains():
    step("domains")
    created = nylas.domains.create({"name": "B\u00fccher \u2028 \"quoted\"", "domain_address": "sdk.example.org"}, signer=signer).data
    assert created.domain_address == "sdk.example.org" and created.organization_id == key_file["organization_id"]
    assert created.verified_ownership is False and created.branded is False
    assert created.name == "B\u00fccher \u2028 \"quoted\""
    found = nylas.domains.find("sdk.example.org", signer=signer).data
    assert found.id == created.id
    listed = nylas.domains.list(signer=signer).data
    assert created.id in [domain.id for domain in listed]
    changed = nylas.domains.update(created.id, {"name": "Books"}, signer=signer).data
    assert changed.name == "Books"


def records():
    step("records")
    info = nylas.domains.get_info("sdk.example.org", {"type": "dkim", "options": {"key_length": 2048}}, signer=signer).data
    assert info.attempt.options["host"] == info.attempt.host == "ph1._domainkey", info
    assert info.attempt.options["value"].startswith("v=DKIM1; k=rsa; p=")
    verified = nylas.domains.verify("sdk.example.org", {"type": "ownership"}, signer=signer).data
    assert verified.attempt.status == "pending" and verified.message, verified


def refusals():
    step("refusals")
    stranger = ServiceAccountSigner(key_file["private_key"], "nobody")
    refusal(lambda: nylas.domains.find("sdk.example.org", signer=stranger), 401, "unauthorized")
    refusal(lambda: nylas.domains.find("other.example.org", signer=signer), 404, "not_found_error")
    assert nylas.domains.destroy("sdk.example.org", signer=signer).request_id


domains()
records()
refusals()
end()
