// Messages that are sent later.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { end, identifier, neighbour, neighbourId, nylas, refusal, step } from './walking.mjs';

const hour = 3600;
const now = () => Math.floor(Date.now() / 1000);
const send = (requestBody) => nylas.messages.send({ identifier, requestBody: { to: [{ email: neighbour }], ...requestBody } });
const find = async (scheduleId) => (await nylas.messages.findScheduledMessage({ identifier, scheduleId })).data;

step('messages.send with sendAt');
const sendAt = now() + hour;
const answer = await send({ subject: 'Later', body: 'x', sendAt, useDraft: true });
const { data: message } = answer;
const { scheduleId } = message;
assert.ok(scheduleId);
assert.deepEqual([message.grantId, message.sendAt, message.useDraft], [identifier, sendAt, false]);
assert.deepEqual([answer.grantId, answer.scheduleId, answer.sendAt], [identifier, scheduleId, sendAt]);
await refusal(() => nylas.messages.find({ identifier, messageId: message.id }), 404, 'not_found_error');

step('messages.listScheduledMessages and findScheduledMessage');
const { data: other } = await send({ subject: 'Much later', sendAt: sendAt + hour });
const listed = (await nylas.messages.listScheduledMessages({ identifier })).data;
assert.deepEqual(new Set(listed.map((one) => one.scheduleId)), new Set([scheduleId, other.scheduleId]));
for (const one of listed) {
  assert.equal(one.status.code, 'pending');
  assert.ok(one.status.description);
  assert.equal(one.closeTime, undefined);
}
assert.equal((await find(scheduleId)).status.code, 'pending');
assert.deepEqual((await nylas.messages.listScheduledMessages({ identifier: neighbourId })).data, []);
await refusal(() => find(randomUUID()), 404, 'not_found_error');

step('messages.stopScheduledMessage');
const stop = (id) => nylas.messages.stopScheduledMessage({ identifier, scheduleId: id });
assert.ok((await stop(scheduleId)).data.message);
const stopped = await find(scheduleId);
assert.equal(stopped.status.code, 'cancelled');
assert.ok(Number.isInteger(stopped.closeTime));
await refusal(() => stop(scheduleId), 400, 'invalid_request_error');
await refusal(() => stop(randomUUID()), 404, 'not_found_error');
await refusal(() => send({ subject: 'Never', sendAt: now() + 10 }), 400, 'invalid_request_error');
end();
