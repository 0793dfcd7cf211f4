"""Workspaces and the accounts in them."""

import uuid
import warnings

from walking import end, grant_id, nylas, refusal, step

# A workspace may have no domain: null is fine (P-5), the SDK only remarks on it.
warnings.filterwarnings("ignore", message=".*non-optional type domain.*")


def workspaces():
    step("workspaces.create, list, find and update")
    (default,) = nylas.workspaces.list().data
    assert default.default is True and default.rule_ids == [] and default.policy_id is None
    created = nylas.workspaces.create({"name": "Second", "auto_group": False}).data
    assert created.name == "Second" and created.application_id == default.application_id
    assert created.auto_group is False and created.default is False
    listed = nylas.workspaces.list().data
    assert {one.workspace_id for one in listed} == {default.workspace_id, created.workspace_id}
    assert nylas.workspaces.find(created.workspace_id).data.name == "Second"
    changed = nylas.workspaces.update(created.workspace_id, {"name": "Renamed", "policy_id": None}).data
    assert changed.name == "Renamed" and changed.workspace_id == created.workspace_id
    refusal(lambda: nylas.workspaces.find(str(uuid.uuid4())), 404, "not_found_error")
    return default.workspace_id, created.workspace_id


def assignment(default, second):
    step("workspaces.manual_assign and auto_group")
    moved = nylas.workspaces.manual_assign(second, {"assign_grants": [grant_id]}).data
    assert moved.workspace_id == second and moved.grants_assigned == [grant_id]
    back = nylas.workspaces.manual_assign(second, {"remove_grants": [grant_id]}).data
    assert back.grants_removed == [grant_id]
    job = nylas.workspaces.auto_group({"specific_domain": "agents.localhost"}).data
    assert job.job_id and job.message
    assert nylas.workspaces.destroy(second).request_id
    refusal(lambda: nylas.workspaces.find(second), 404, "not_found_error")
    refusal(lambda: nylas.workspaces.destroy(default), 400, "invalid_request_error")


assignment(*workspaces())
end()
