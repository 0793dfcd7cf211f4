// What governs accounts acts: three ways into a workspace, and what the SDK is told of quotas, rules and holds.

import assert from 'node:assert/strict';

import { arrived, end, identifier, neighbourId, nylas, refusal, step, url } from './walking.mjs';

/** What the SDK has no call for, in its own style. */
async function raw(method, path, body) {
  const headers = { Authorization: `Bearer ${process.env.POSTHOUSE_API_KEY}`, 'Content-Type': 'application/json' };
  const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return (await answer.json()).data;
}

step('named, grouped by domain, or default');
const [{ workspaceId }] = (await nylas.workspaces.list()).data;
const make = async (requestBody) => (await nylas.workspaces.create({ requestBody })).data.workspaceId;
const named = await make({ name: 'Named' });
const grouping = await make({ name: 'Grouping', domain: 'walk.agents.localhost', autoGroup: true });
for (const [email, more, expected] of [
  ['one@walk.agents.localhost', { workspaceId: named }, named],
  ['two@walk.agents.localhost', {}, grouping],
  ['three@agents.localhost', {}, workspaceId],
]) {
  const made = await nylas.auth.customAuthentication({ requestBody: { provider: 'nylas', settings: { email }, ...more } });
  const grant = (await nylas.grants.find({ grantId: made.data.id })).data;
  assert.equal(grant.workspaceId, expected, email);
}

const letter = (subject) => ({ to: [{ email: 'neighbour@agents.localhost' }], subject, body: 'Hello' });
const send = (subject) => nylas.messages.send({ identifier, requestBody: letter(subject) });
const rule = async (name, value, type, trigger = 'outbound') => {
  const match = { conditions: [{ field: 'subject', operator: 'contains', value }] };
  return (await nylas.rules.create({ requestBody: { name, trigger, match, actions: [{ type }] } })).data.id;
};
const govern = (requestBody) => nylas.workspaces.update({ workspaceId, requestBody });

step('a block is 403, a hold waits, and evaluations say why');
const blocks = await rule('No secrets', 'secret', 'block');
const holds = await rule('Ask first', 'offer', 'hold');
const stars = await rule('Invoices', 'invoice', 'mark_as_starred', 'inbound');
await govern({ ruleIds: [blocks, holds, stars] });
const blocked = await refusal(() => send('A secret'), 403, 'forbidden');
assert.equal(blocked.message, `Blocked by rule "No secrets" (${blocks})`);
const waiting = (await send('An offer')).data;
assert.equal(waiting.subject, 'An offer');
await refusal(() => nylas.messages.find({ identifier, messageId: waiting.id }), 404, 'not_found_error');
const [hold] = await raw('GET', '/v3/holds?status=pending');
assert.deepEqual(hold.rule_ids, [holds]);
await raw('POST', `/v3/holds/${hold.id}/approve`, {});
assert.equal((await nylas.messages.find({ identifier, messageId: waiting.id })).data.id, waiting.id);
await arrived('An offer');
await send('An invoice');
assert.equal((await arrived('An invoice')).starred, true);
const seen = (await nylas.rules.listEvaluations({ identifier, queryParams: { limit: 10 } })).data;
const [why] = seen.filter((one) => one.appliedActions.blocked);
assert.deepEqual([why.matchedRuleIds, why.messageId, why.evaluationStage], [[blocks], null, 'outbound_send']);
const there = (await nylas.rules.listEvaluations({ identifier: neighbourId })).data;
const [starred] = there.filter((one) => one.appliedActions.markedStarred);
assert.deepEqual([starred.matchedRuleIds, starred.evaluationStage], [[stars], 'inbox_processing']);
await govern({ ruleIds: [] });

step('a day that is used up is 429');
const limits = (limitCountDailyEmailSent) => ({ limits: { limitCountDailyEmailSent } });
const policyId = (await nylas.policies.create({ requestBody: { name: 'Trials', ...limits(1) } })).data.id;
await govern({ policyId });
const used = await refusal(() => send('One too many'), 429, 'rate_limit_error');
assert.ok(Number(used.headers['retry-after'] ?? used.headers.get?.('retry-after')) >= 1);
const draft = (await nylas.drafts.create({ identifier, requestBody: letter('Draft') })).data;
await refusal(() => nylas.drafts.send({ identifier, draftId: draft.id }), 429, 'rate_limit_error');
await nylas.policies.update({ policyId, requestBody: limits(-1) });
assert.equal((await nylas.drafts.send({ identifier, draftId: draft.id })).data.subject, 'Draft');

step('a suspended account is 423');
await raw('POST', `/v3/grants/${identifier}/suspend`, { reason: 'looping' });
await refusal(() => send('Now'), 423, 'api.resource_blocked');
await raw('POST', `/v3/grants/${identifier}/resume`, {});
await send('Again');
end();
