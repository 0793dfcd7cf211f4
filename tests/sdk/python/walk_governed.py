"""What governs accounts acts: three ways into a workspace, and what the SDK is told of quotas, rules and holds."""

import json
import os
import urllib.request
import warnings

from walking import URL, arrived, end, grant_id, neighbour_id, nylas, refusal, step

# A workspace may have no domain: null is fine (P-5), the SDK only remarks on it.
warnings.filterwarnings("ignore", message=".*non-optional type domain.*")


def raw(method, path, body=None):
    """What the SDK has no call for, in its own style."""
    request = urllib.request.Request(URL + path, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["POSTHOUSE_API_KEY"])
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return answer.status, json.load(answer)["data"]


def three_ways():
    step("named, grouped by domain, or default")
    (default,) = nylas.workspaces.list().data
    named = nylas.workspaces.create({"name": "Named"}).data.workspace_id
    grouping = {"name": "Grouping", "domain": "walk.agents.localhost", "auto_group": True}
    grouping = nylas.workspaces.create(grouping).data.workspace_id
    ways = [
        ("one@walk.agents.localhost", {"workspace_id": named}, named),
        ("two@walk.agents.localhost", {}, grouping),
        ("three@agents.localhost", {}, default.workspace_id),
    ]
    for email, more, expected in ways:
        body = {"provider": "nylas", "settings": {"email": email}, **more}
        made = nylas.auth.custom_authentication(body).data
        assert raw("GET", f"/v3/grants/{made.id}")[1]["workspace_id"] == expected, email
    return default.workspace_id


def letter(subject, to="neighbour@agents.localhost"):
    return {"to": [{"email": to}], "subject": subject, "body": "Hello"}


def rule(name, subject, action, trigger="outbound"):
    condition = {"field": "subject", "operator": "contains", "value": subject}
    made = {"name": name, "trigger": trigger, "match": {"conditions": [condition]}, "actions": [{"type": action}]}
    return nylas.rules.create(made).data.id


def rules(workspace_id):
    step("a block is 403, a hold waits, and evaluations say why")
    blocks, holds = rule("No secrets", "secret", "block"), rule("Ask first", "offer", "hold")
    stars = rule("Invoices", "invoice", "mark_as_starred", "inbound")
    nylas.workspaces.update(workspace_id, {"rule_ids": [blocks, holds, stars]})
    error = refusal(lambda: nylas.messages.send(grant_id, letter("A secret")), 403, "forbidden")
    assert str(error) == f'Blocked by rule "No secrets" ({blocks})', str(error)
    tried = {"trigger": "outbound", "grant_id": grant_id, "message": {"subject": "An offer", "to": ["a@b.example"]}}
    assert raw("POST", "/v3/rules/dry-run", tried)[1]["outcome"] == "hold"

    # The SDK shows the message that waits as any message.
    waiting = nylas.messages.send(grant_id, letter("An offer")).data
    assert waiting.subject == "An offer" and waiting.grant_id == grant_id
    refusal(lambda: nylas.messages.find(grant_id, waiting.id), 404, "not_found_error")
    (hold,) = raw("GET", "/v3/holds?status=pending")[1]
    assert hold["rule_ids"] == [holds]
    assert raw("POST", f"/v3/holds/{hold['id']}/approve", {"note": "fine"})[0] == 200
    assert nylas.messages.find(grant_id, waiting.id).data.id == waiting.id
    arrived("An offer")
    nylas.messages.send(grant_id, letter("An invoice"))
    assert arrived("An invoice").starred is True

    seen = nylas.rules.list_evaluations(grant_id, {"limit": 10}).data
    assert [one.evaluation_stage for one in seen] == ["outbound_send"] * len(seen)
    (blocked,) = [one for one in seen if one.applied_actions.blocked]
    assert blocked.matched_rule_ids == [blocks] and blocked.message_id is None
    (starred,) = [one for one in nylas.rules.list_evaluations(neighbour_id).data if one.applied_actions.marked_starred]
    assert starred.matched_rule_ids == [stars] and starred.evaluation_stage == "inbox_processing"
    assert starred.evaluation_input.from_address == "reader@agents.localhost"
    nylas.workspaces.update(workspace_id, {"rule_ids": None})


def quota(workspace_id):
    step("a day that is used up is 429 with Retry-After")
    policy = nylas.policies.create({"name": "Trials", "limits": {"limit_count_daily_email_sent": 1}}).data
    nylas.workspaces.update(workspace_id, {"policy_id": policy.id})
    error = refusal(lambda: nylas.messages.send(grant_id, letter("One too many")), 429, "rate_limit_error")
    assert int(error.headers["Retry-After"]) >= 1
    draft = nylas.drafts.create(grant_id, letter("Draft")).data
    refusal(lambda: nylas.drafts.send(grant_id, draft.id), 429, "rate_limit_error")
    assert nylas.drafts.find(grant_id, draft.id).data.id == draft.id
    nylas.policies.update(policy.id, {"limits": {"limit_count_daily_email_sent": -1}})
    assert nylas.drafts.send(grant_id, draft.id).data.subject == "Draft"


def suspension():
    step("a suspended account is 423, and the audit log has it all")
    raw("POST", f"/v3/grants/{grant_id}/suspend", {"reason": "looping"})
    refusal(lambda: nylas.messages.send(grant_id, letter("Now")), 423, "api.resource_blocked")
    raw("POST", f"/v3/grants/{grant_id}/resume", {})
    nylas.messages.send(grant_id, letter("Again"))
    told = raw("GET", f"/v3/admin/audit?grant_id={grant_id}&limit=200")[1]
    seen = {(one["action"], one["outcome"]) for one in told}
    expected = {("grant.suspend", "done"), ("message.send", "blocked"), ("message.send", "held"), ("hold.approve", "done")}
    assert expected <= seen, seen


default = three_ways()
rules(default)
quota(default)
suspension()
end()
