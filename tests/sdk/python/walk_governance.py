"""Policies, rules and lists, and the workspace that has them."""

import uuid
import warnings

from walking import end, nylas, refusal, step

# A workspace may have no domain: null is fine (P-5), the SDK only remarks on it.
warnings.filterwarnings("ignore", message=".*non-optional type domain.*")


def lists():
    step("lists.create, list, find and update")
    made = nylas.lists.create({"name": "Bad domains", "type": "domain"}).data
    assert made.type == "domain" and made.items_count == 0
    assert nylas.lists.find(made.id).data.name == "Bad domains"
    changed = nylas.lists.update(made.id, {"description": "seen in spam"}).data
    assert changed.description == "seen in spam" and changed.name == "Bad domains"
    refusal(lambda: nylas.lists.update(made.id, {"type": "tld"}), 400, "invalid_request_error")
    assert [one.id for one in nylas.lists.list().data] == [made.id]
    refusal(lambda: nylas.lists.find(str(uuid.uuid4())), 404, "not_found_error")

    step("lists.add_items, list_items and remove_items (P-9)")
    items = [f"spam{number}.example" for number in range(7)]
    assert nylas.lists.add_items(made.id, {"items": items}).data.items_count == 7
    page = nylas.lists.list_items(made.id, {"limit": 3})
    rest = nylas.lists.list_items(made.id, {"limit": 200, "page_token": page.next_cursor})
    assert len(page.data) == 3 and rest.next_cursor is None
    assert sorted(one.value for one in page.data + rest.data) == sorted(items)
    left = nylas.lists.remove_items(made.id, {"items": ["SPAM0.example", "unknown.example"]}).data
    assert left.items_count == 6
    return made.id


def rules(bad_domains):
    step("rules.create, list, find and update (P-6)")
    made = nylas.rules.create(
        {
            "name": "No spam",
            "match": {"conditions": [{"field": "from.domain", "operator": "in_list", "value": [bad_domains]}]},
            "actions": [{"type": "block"}],
        }
    ).data
    assert made.enabled is True and made.priority == 10 and made.trigger == "inbound"
    assert made.match.operator == "all" and made.match.conditions[0].value == [bad_domains]
    assert made.actions[0].type == "block"
    assert nylas.rules.find(made.id).data.name == "No spam"
    changed = nylas.rules.update(made.id, {"priority": 1, "actions": [{"type": "trash"}]}).data
    assert changed.priority == 1 and changed.actions[0].type == "trash" and changed.name == "No spam"
    other = nylas.rules.create(
        {
            "name": "Leads",
            "trigger": "outbound",
            "match": {"operator": "any", "conditions": [{"field": "recipient.tld", "operator": "is", "value": "ru"}]},
            "actions": [{"type": "assign_to_folder", "value": "Leads"}, {"type": "mark_as_starred"}],
        }
    ).data
    first = nylas.rules.list({"limit": 1})
    second = nylas.rules.list({"limit": 1, "page_token": first.next_cursor})
    assert [first.data[0].id, second.data[0].id] == [other.id, made.id] and second.next_cursor is None
    unknown = {"match": {"conditions": [{"field": "from.colour", "operator": "is", "value": "x"}]}}
    refusal(lambda: nylas.rules.update(made.id, unknown), 400, "invalid_request_error")
    foreign = {"match": {"conditions": [{"field": "from.tld", "operator": "in_list", "value": [bad_domains]}]}}
    refusal(lambda: nylas.rules.update(made.id, foreign), 400, "invalid_field")
    return made.id, other.id


def policies():
    step("policies.create, list, find and update")
    made = nylas.policies.create({"name": "Trials", "limits": {"limit_count_daily_message_per_grant": 120}}).data
    assert made.name == "Trials" and made.limits.limit_count_daily_message_per_grant == 120
    changed = nylas.policies.update(made.id, {"spam_detection": {"spam_sensitivity": 1.4}}).data
    assert changed.limits.limit_count_daily_message_per_grant == 120
    assert changed.spam_detection.spam_sensitivity == 1.4
    assert [one.id for one in nylas.policies.list().data] == [made.id]
    assert nylas.policies.find(made.id).data.name == "Trials"
    return made.id


def attaching(policy_id, rule_ids):
    step("workspaces.update with a policy and rules")
    workspace_id = nylas.workspaces.list().data[0].workspace_id
    governed = nylas.workspaces.update(workspace_id, {"policy_id": policy_id, "rule_ids": list(rule_ids)}).data
    assert governed.policy_id == policy_id and governed.rule_ids == list(rule_ids)
    unknown = {"rule_ids": [*rule_ids, str(uuid.uuid4())]}
    refusal(lambda: nylas.workspaces.update(workspace_id, unknown), 400, "invalid_field")

    step("what is deleted is taken off")
    assert nylas.rules.destroy(rule_ids[0]).request_id
    assert nylas.workspaces.find(workspace_id).data.rule_ids == [rule_ids[1]]
    assert nylas.policies.destroy(policy_id).request_id
    assert nylas.workspaces.find(workspace_id).data.policy_id is None
    refusal(lambda: nylas.rules.find(rule_ids[0]), 404, "not_found_error")
    refusal(lambda: nylas.policies.find(policy_id), 404, "not_found_error")


bad_domains = lists()
both = rules(bad_domains)
attaching(policies(), both)
assert nylas.lists.destroy(bad_domains).request_id
refusal(lambda: nylas.lists.find(bad_domains), 404, "not_found_error")
end()
