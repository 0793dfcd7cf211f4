"""Applications, redirect URIs, connectors, sign-in and grants."""

import uuid

from nylas import Client
from nylas.models.errors import NylasOAuthError

from walking import URL, end, grant_id, nylas, refusal, step


def applications():
    step("applications.info and update")
    details = nylas.applications.info().data
    assert details.application_id and details.organization_id
    assert details.region in ("us", "eu")
    updated = nylas.applications.update({"branding": {"name": "Heron Bots"}}).data
    assert updated.branding.name == "Heron Bots"
    assert nylas.applications.info().data.branding.name == "Heron Bots"
    assert updated.application_id == details.application_id


def redirect_uris():
    step("applications.redirect_uris")
    uris = nylas.applications.redirect_uris
    settings = {"sha1_certificate_fingerprint": "AB:CD", "package_name": "example.shop"}
    created = uris.create({"url": "http://localhost:9007/python", "platform": "web", "settings": settings}).data
    assert created.settings.sha1_certificate_fingerprint == "AB:CD"
    assert created.id and created.platform == "web"
    assert uris.find(created.id).data.url == "http://localhost:9007/python"
    assert created.id in [uri.id for uri in uris.list().data]
    changed = uris.update(created.id, {"url": "http://localhost:9007/changed", "platform": "web"}).data
    assert changed.url == "http://localhost:9007/changed"
    assert uris.destroy(created.id).request_id
    refusal(lambda: uris.find(created.id), 404, "not_found_error")


def connectors():
    step("connectors")
    assert "nylas" in [connector.provider for connector in nylas.connectors.list().data]
    assert nylas.connectors.find("nylas").data.provider == "nylas"
    assert nylas.connectors.create({"name": "nylas", "provider": "nylas"}).data.provider == "nylas"
    assert nylas.connectors.update("nylas", {"name": "Agents"}).data.provider == "nylas"
    refusal(lambda: nylas.connectors.find("google"), 404, "not_found_error")
    refusal(lambda: nylas.connectors.create({"name": "g", "provider": "google"}), 400, "not_supported")


def custom_authentication():
    step("auth.custom_authentication")
    grant = nylas.auth.custom_authentication(
        {"provider": "nylas", "name": "Python Agent", "settings": {"email": "python-agent@agents.localhost"}}
    ).data
    assert grant.provider == "nylas" and grant.grant_status == "valid"
    assert grant.email == "python-agent@agents.localhost" and grant.scope == []
    error = refusal(
        lambda: nylas.auth.custom_authentication(
            {"provider": "nylas", "settings": {"email": "agent@nowhere.example"}}
        ),
        404,
        "api.not_found_error",
    )
    assert str(error) == "Provisioning the account failed: Domain not found", str(error)
    refusal(
        lambda: nylas.auth.custom_authentication(
            {"provider": "nylas", "settings": {"email": "weak@agents.localhost", "app_password": "short"}}
        ),
        400,
        "invalid_request_error",
    )
    return grant.id


def grants(own_id):
    step("grants")
    listed = nylas.grants.list({"limit": 200, "provider": "nylas"}).data
    assert {own_id, grant_id} <= {grant.id for grant in listed}
    by_address = nylas.grants.list({"email": "python-agent@agents.localhost"}).data
    assert [grant.id for grant in by_address] == [own_id]
    assert nylas.grants.find(own_id).data.email == "python-agent@agents.localhost"
    # The SDK's model has no display name; the Node walk looks at it.
    updated = nylas.grants.update(own_id, {"name": "Renamed"}).data
    assert updated.id == own_id and updated.updated_at >= updated.created_at
    assert nylas.grants.find("python-agent@agents.localhost").data.id == own_id
    assert nylas.grants.destroy(own_id).request_id
    refusal(lambda: nylas.grants.find(own_id), 404, "not_found_error")
    refusal(lambda: nylas.grants.find(str(uuid.uuid4())), 404, "not_found_error")


def wrong_key_and_tokens():
    step("errors of a wrong key and of what is not offered")
    stranger = Client("phk_" + "0" * 43, URL)
    refusal(lambda: stranger.grants.list(), 401, "unauthorized")
    try:
        nylas.auth.exchange_code_for_token(
            {"redirect_uri": "http://localhost", "code": "x", "client_id": "x", "client_secret": "x"}
        )
        raise AssertionError("tokens are not offered")
    except NylasOAuthError as error:
        assert error.status_code == 400 and error.error == "unsupported_grant_type", error.error


applications()
redirect_uris()
connectors()
grants(custom_authentication())
wrong_key_and_tokens()
end()
