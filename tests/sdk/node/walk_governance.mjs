// Policies, rules and lists, and the workspace that has them.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { end, nylas, refusal, step } from './walking.mjs';

step('lists.create, list, find and update');
const list = (await nylas.lists.create({ requestBody: { name: 'Bad domains', type: 'domain' } })).data;
assert.deepEqual([list.type, list.itemsCount], ['domain', 0]);
const listId = list.id;
assert.equal((await nylas.lists.find({ listId })).data.name, 'Bad domains');
const described = (await nylas.lists.update({ listId, requestBody: { description: 'seen in spam' } })).data;
assert.deepEqual([described.name, described.description], ['Bad domains', 'seen in spam']);
assert.deepEqual((await nylas.lists.list()).data.map((one) => one.id), [listId]);
await refusal(() => nylas.lists.find({ listId: randomUUID() }), 404, 'not_found_error');

step('lists.addItems, listItems and removeItems');
const items = Array.from({ length: 7 }, (_, number) => `spam${number}.example`);
assert.equal((await nylas.lists.addItems({ listId, requestBody: { items } })).data.itemsCount, 7);
// N-5: a limit is met across pages.
const some = (await nylas.lists.listItems({ listId, queryParams: { limit: 5 } })).data;
assert.equal(some.length, 5);
const seen = [];
for await (const page of nylas.lists.listItems({ listId })) seen.push(...page.data.map((one) => one.value));
assert.deepEqual(seen.sort(), items);
const left = await nylas.lists.removeItems({ listId, requestBody: { items: ['SPAM0.example', 'unknown.example'] } });
assert.equal(left.data.itemsCount, 6);

step('rules.create, list, find and update');
const inList = { field: 'from.domain', operator: 'in_list', value: [listId] };
const rule = (await nylas.rules.create({
  requestBody: { name: 'No spam', match: { conditions: [inList] }, actions: [{ type: 'block' }] },
})).data;
assert.deepEqual([rule.enabled, rule.priority, rule.trigger, rule.match.operator], [true, 10, 'inbound', 'all']);
const ruleId = rule.id;
assert.deepEqual((await nylas.rules.find({ ruleId })).data.match.conditions[0].value, [listId]);
const changed = (await nylas.rules.update({ ruleId, requestBody: { priority: 1 } })).data;
assert.deepEqual([changed.priority, changed.name], [1, 'No spam']);
const other = (await nylas.rules.create({
  requestBody: {
    name: 'Leads',
    trigger: 'outbound',
    match: { operator: 'any', conditions: [{ field: 'recipient.tld', operator: 'is', value: 'ru' }] },
    actions: [{ type: 'mark_as_starred' }],
  },
})).data;
// N-6: the rows are one level deeper, and the SDK takes them from there.
assert.deepEqual((await nylas.rules.list()).data.map((one) => one.id), [other.id, ruleId]);
assert.equal((await nylas.rules.list({ queryParams: { limit: 1 } })).data.length, 1);
const colour = { match: { conditions: [{ field: 'from.colour', operator: 'is', value: 'x' }] } };
await refusal(() => nylas.rules.update({ ruleId, requestBody: colour }), 400, 'invalid_request_error');

step('policies.create, list, find and update');
const policy = (await nylas.policies.create({
  requestBody: { name: 'Trials', limits: { limitCountDailyEmailSent: 120 } },
})).data;
const policyId = policy.id;
assert.equal(policy.limits.limitCountDailyEmailSent, 120);
// The SDK's own name for it.
assert.equal(policy.limits.limitCountDailyMessagePerGrant, 120);
const merged = (await nylas.policies.update({ policyId, requestBody: { spamDetection: { spamSensitivity: 1.4 } } })).data;
assert.deepEqual([merged.limits.limitCountDailyEmailSent, merged.spamDetection.spamSensitivity], [120, 1.4]);
assert.deepEqual((await nylas.policies.list()).data.map((one) => one.id), [policyId]);
assert.equal((await nylas.policies.find({ policyId })).data.name, 'Trials');

step('workspaces.update with a policy and rules');
const [{ workspaceId }] = (await nylas.workspaces.list()).data;
const govern = (requestBody) => nylas.workspaces.update({ workspaceId, requestBody });
const governed = (await govern({ policyId, ruleIds: [ruleId, other.id] })).data;
assert.deepEqual([governed.policyId, governed.ruleIds], [policyId, [ruleId, other.id]]);
await refusal(() => govern({ ruleIds: [ruleId, randomUUID()] }), 400, 'invalid_field');

step('what is deleted is taken off');
assert.ok((await nylas.rules.destroy({ ruleId })).requestId);
assert.ok((await nylas.policies.destroy({ policyId })).requestId);
const freed = (await nylas.workspaces.find({ workspaceId })).data;
assert.deepEqual([freed.policyId, freed.ruleIds], [null, [other.id]]);
await refusal(() => nylas.rules.find({ ruleId }), 404, 'not_found_error');
assert.ok((await nylas.lists.destroy({ listId })).requestId);
await refusal(() => nylas.lists.find({ listId }), 404, 'not_found_error');
end();
