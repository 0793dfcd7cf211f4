// Sending for the domain of the application, without an account.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { arrived, end, neighbour, neighbourId, nylas, refusal, step } from './walking.mjs';

const domainName = 'walk.agents.localhost';
const large = Buffer.alloc(3 * 1024 * 1024 + 5, 'posthouse ');
const from = { name: 'Desk', email: `desk@${domainName}` };

const send = (requestBody, overrides) =>
  nylas.transactionalSend.send({ domainName, requestBody: { to: [{ email: neighbour }], ...requestBody }, overrides });

step('transactionalSend.send');
const overrides = { headers: { 'Idempotency-Key': randomUUID() } };
const requestBody = { from, subject: 'From the domain', body: '<p>Hello</p>', replyTo: [{ email: 'answers@shop.example' }] };
const sent = await send(requestBody, overrides);
assert.deepEqual([sent.data.grantId, sent.data.object, sent.data.subject], ['', 'message', 'From the domain']);
assert.deepEqual(sent.data.from, [from]);
assert.equal((await send(requestBody, overrides)).data.id, sent.data.id);
const there = await arrived('From the domain');
assert.deepEqual([there.from, there.replyTo[0].email], [[from], 'answers@shop.example']);

step('transactionalSend.send, a chunked form');
const file = { filename: 'large.bin', contentType: 'application/octet-stream', content: large, size: large.length };
await send({ from, subject: 'Form', attachments: [file] });
const form = await arrived('Form');
const queryParams = { messageId: form.id };
const attachmentId = form.attachments[0].id;
assert.ok(large.equals(await nylas.attachments.downloadBytes({ identifier: neighbourId, attachmentId, queryParams })));

step('transactionalSend.send, refused');
await refusal(() => send({ subject: 'Never' }), 400, 'invalid_request_error');
await refusal(() => send({ subject: 'Never', from: { email: 'desk@shop.example' } }), 400, 'invalid_request_error');
const nowhere = { domainName: 'nowhere.example', requestBody: { to: [{ email: neighbour }], from, subject: 'Never' } };
await refusal(() => nylas.transactionalSend.send(nowhere), 404, 'not_found_error');
end();
