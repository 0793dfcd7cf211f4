// Webhooks, as far as their management goes.

import assert from 'node:assert/strict';

import { end, hookUrl, nylas, refusal, step } from './walking.mjs';

async function webhooks() {
  step('webhooks');
  const requestBody = { triggerTypes: ['message.created'], webhookUrl: `${hookUrl}/node`, description: 'walk' };
  const created = (await nylas.webhooks.create({ requestBody })).data;
  const webhookId = created.id;
  assert.equal(created.webhookSecret.length, 64);
  assert.equal(created.status, 'active');
  assert.equal((await nylas.webhooks.find({ webhookId })).data.webhookUrl, requestBody.webhookUrl);
  assert.ok((await nylas.webhooks.list()).data.some((webhook) => webhook.id === webhookId));
  const triggerTypes = ['message.created', 'grant.created'];
  const changed = (await nylas.webhooks.update({ webhookId, requestBody: { triggerTypes } })).data;
  assert.deepEqual(changed.triggerTypes, triggerTypes);
  const rotated = (await nylas.webhooks.rotateSecret({ webhookId })).data;
  assert.equal(rotated.webhookSecret.length, 64);
  assert.notEqual(rotated.webhookSecret, created.webhookSecret);
  assert.ok(Array.isArray((await nylas.webhooks.ipAddresses()).data.ipAddresses));
  assert.equal((await nylas.webhooks.destroy({ webhookId })).data.status, 'success');
  await refusal(() => nylas.webhooks.find({ webhookId }), 404, 'not_found_error');
  const unanswered = { triggerTypes: ['message.created'], webhookUrl: 'http://127.0.0.1:1/nobody' };
  await refusal(() => nylas.webhooks.create({ requestBody: unanswered }), 400, '70005');
}

await webhooks();
end();
