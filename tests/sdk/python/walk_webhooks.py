"""Webhooks, as far as their management goes."""

from walking import end, hook_url, nylas, refusal, step


def webhooks():
    step("webhooks")
    created = nylas.webhooks.create(
        {
            "trigger_types": ["message.created"],
            "webhook_url": f"{hook_url}/python",
            "description": "walk",
            "notification_email_addresses": ["operator@shop.example"],
        }
    ).data
    assert len(created.webhook_secret) == 64 and created.status == "active"
    found = nylas.webhooks.find(created.id).data
    assert found.webhook_url == f"{hook_url}/python" and found.description == "walk"
    assert created.id in [webhook.id for webhook in nylas.webhooks.list().data]
    changed = nylas.webhooks.update(created.id, {"trigger_types": ["message.created", "grant.created"]}).data
    assert changed.trigger_types == ["message.created", "grant.created"] and changed.description == "walk"
    rotated = nylas.webhooks.rotate_secret(created.id).data
    assert len(rotated.webhook_secret) == 64 and rotated.webhook_secret != created.webhook_secret
    assert isinstance(nylas.webhooks.ip_addresses().data.ip_addresses, list)
    assert nylas.webhooks.destroy(created.id).data.status == "success"
    refusal(lambda: nylas.webhooks.find(created.id), 404, "not_found_error")
    refusal(
        lambda: nylas.webhooks.create(
            {"trigger_types": ["message.created"], "webhook_url": "http://127.0.0.1:1/nobody"}
        ),
        400,
        "70005",
    )


webhooks()
end()
