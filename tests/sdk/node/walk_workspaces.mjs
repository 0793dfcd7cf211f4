// Workspaces and the accounts in them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { end, identifier, nylas, refusal, step } from './walking.mjs';

const find = async (workspaceId) => (await nylas.workspaces.find({ workspaceId })).data;

step('workspaces.create, list, find and update');
const [standard] = (await nylas.workspaces.list()).data;
assert.deepEqual([standard.default, standard.ruleIds, standard.policyId], [true, [], null]);
const created = (await nylas.workspaces.create({ requestBody: { name: 'Second', autoGroup: false } })).data;
const { workspaceId } = created;
assert.deepEqual([created.name, created.autoGroup, created.default], ['Second', false, false]);
assert.equal(created.applicationId, standard.applicationId);
const listed = (await nylas.workspaces.list()).data.map((one) => one.workspaceId);
assert.deepEqual(new Set(listed), new Set([standard.workspaceId, workspaceId]));
assert.equal((await find(workspaceId)).name, 'Second');
const changed = (await nylas.workspaces.update({ workspaceId, requestBody: { name: 'Renamed', policyId: null } })).data;
assert.deepEqual([changed.name, changed.workspaceId], ['Renamed', workspaceId]);
await refusal(() => find(randomUUID()), 404, 'not_found_error');

step('workspaces.manualAssign and autoGroup');
const assign = (requestBody) => nylas.workspaces.manualAssign({ workspaceId, requestBody });
assert.deepEqual((await assign({ assignGrants: [identifier] })).data.grantsAssigned, [identifier]);
assert.equal((await nylas.grants.find({ grantId: identifier })).data.workspaceId, workspaceId);
assert.deepEqual((await assign({ removeGrants: [identifier] })).data.grantsRemoved, [identifier]);
assert.notEqual((await nylas.grants.find({ grantId: identifier })).data.workspaceId, workspaceId);
const job = (await nylas.workspaces.autoGroup({ requestBody: { specificDomain: 'agents.localhost' } })).data;
assert.ok(job.jobId && job.message);
assert.ok((await nylas.workspaces.destroy({ workspaceId })).requestId);
await refusal(() => find(workspaceId), 404, 'not_found_error');
await refusal(() => nylas.workspaces.destroy({ workspaceId: standard.workspaceId }), 400, 'invalid_request_error');
end();
