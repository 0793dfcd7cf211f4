"""Contacts."""

from walking import end, grant_id, nylas, refusal, step


def contacts():
    step("contacts")
    created = nylas.contacts.create(
        grant_id,
        {
            "given_name": "Zoë",
            "surname": "Buyer",
            "birthday": "1984-02-29",
            "emails": [{"email": "zoe@shop.example", "type": "work"}],
            "phone_numbers": [{"number": "+49 30 1234", "type": "mobile"}],
        },
    ).data
    assert created.id and created.grant_id == grant_id and created.object == "contact"
    assert created.given_name == "Zoë" and created.emails[0].email == "zoe@shop.example", created
    assert nylas.contacts.find(grant_id, created.id).data.phone_numbers[0].number == "+49 30 1234"
    changed = nylas.contacts.update(grant_id, created.id, {"surname": "Seller"}).data
    assert changed.surname == "Seller" and changed.given_name == "Zoë"
    assert [c.id for c in nylas.contacts.list(grant_id, {"email": "ZOE@shop.example"}).data] == [created.id]
    assert nylas.contacts.list(grant_id, {"source": "inbox"}).data == []
    assert nylas.contacts.list_groups(grant_id).data == []
    assert nylas.contacts.destroy(grant_id, created.id).request_id
    refusal(lambda: nylas.contacts.find(grant_id, created.id), 404, "not_found_error")
    refusal(lambda: nylas.contacts.create(grant_id, {"nickname": "Z"}), 400, "invalid_request_error")


contacts()
end()
