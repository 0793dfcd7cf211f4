"""What the compatible service has and agent accounts do not: each answer is one that the SDK understands."""

from nylas.models.errors import NylasOAuthError

from walking import end, grant_id, nylas, refusal, step, the_letter


def families():
    step("families that are not offered: lists are empty")
    assert nylas.notetakers.list(grant_id).data == [] and nylas.notetakers.list().data == []
    assert nylas.contacts.list_groups(grant_id).data == []
    assert nylas.scheduler.configurations.list(grant_id).data == []
    assert nylas.connectors.credentials.list("nylas").data == []

    step("families that are not offered: everything else says so")
    letter = the_letter()
    prompt = {"prompt": "Say hello"}
    calls = [
        lambda: nylas.messages.smart_compose.compose_message(grant_id, prompt),
        lambda: nylas.messages.smart_compose.compose_message_reply(grant_id, letter.id, prompt),
        lambda: nylas.notetakers.invite({"meeting_link": "https://meet.example/x"}, grant_id),
        lambda: nylas.notetakers.find("one"),
        lambda: nylas.scheduler.sessions.create({"configuration_id": "one"}),
        lambda: nylas.scheduler.bookings.find("one"),
        lambda: nylas.scheduler.configurations.destroy(grant_id, "one"),
        lambda: nylas.connectors.credentials.destroy("nylas", "one"),
        lambda: nylas.attachments.create_upload_session(
            grant_id, {"filename": "a", "content_type": "text/plain", "size": 1}
        ),
    ]
    for call in calls:
        error = refusal(call, 400, "not_supported")
        assert "not supported" in str(error), str(error)


def oauth_error(call):
    try:
        call()
    except NylasOAuthError as error:
        assert error.status_code == 400 and "not supported" in str(error), str(error)
        return error
    raise AssertionError("tokens are not offered")


def tokens():
    step("auth: tokens are not offered, providers are detected")
    for call in (
        lambda: nylas.auth.refresh_access_token(
            {"redirect_uri": "http://localhost", "refresh_token": "x", "client_id": "x", "client_secret": "x"}
        ),
        lambda: nylas.auth.revoke("x"),
    ):
        assert oauth_error(call).error == "unsupported_grant_type"
    # The SDK takes this path for one of OAuth; what it says is what other refusals say.
    for call in (lambda: nylas.auth.validate_access_token("x"), lambda: nylas.auth.id_token_info("x")):
        assert "not_supported" in oauth_error(call).error
    here = nylas.auth.detect_provider({"email": "new@agents.localhost"}).data
    assert (here.email_address, here.detected, here.provider) == ("new@agents.localhost", True, "nylas")
    elsewhere = nylas.auth.detect_provider({"email": "new@shop.example"}).data
    assert (elsewhere.detected, elsewhere.provider) == (False, None)


families()
tokens()
end()
