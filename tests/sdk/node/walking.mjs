// What every walk with the official Node SDK shares. The SDK is unmodified: only the base URL is ours.
//
// The test that runs a walk has made the account GRANT_ID ("reader") and its neighbour NEIGHBOUR_ID ("neighbour"), has delivered to the
// reader what the walk needs, and answers webhook challenges at HOOK_URL. Every step asserts; the name of the last one begun is printed, so
// that a failure says where it was.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { default: Nylas, NylasApiError, NylasOAuthError } = require('nylas');

const deadlineMilliseconds = 60_000;

export { Nylas, NylasApiError, NylasOAuthError };
export const url = process.env.POSTHOUSE_URL;
export const nylas = new Nylas({ apiKey: process.env.POSTHOUSE_API_KEY, apiUri: url });
export const identifier = process.env.GRANT_ID;
export const neighbourId = process.env.NEIGHBOUR_ID;
export const hookUrl = process.env.HOOK_URL;
export const reader = 'reader@agents.localhost';
export const neighbour = 'neighbour@agents.localhost';

export function step(name) {
  console.log(name);
}

export function end() {
  console.log('walked to the end');
}

/** Returns the SDK's own error for a call that must be refused (N-2, N-3). */
export async function refusal(call, statusCode, type) {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof NylasApiError, `not the SDK's error class: ${error}`);
    assert.equal(error.statusCode, statusCode, error.message);
    assert.equal(error.type, type, error.message);
    assert.ok(error.message, 'an error without a message');
    assert.match(error.requestId, /^[0-9a-f-]{36}$/);
    return error;
  }
  assert.fail(`expected ${statusCode} ${type}`);
}

/** Returns what the probe finds, asking until it finds something. */
export async function eventually(what, probe) {
  const endAt = Date.now() + deadlineMilliseconds;
  for (;;) {
    const found = await probe();
    if (found) return found;
    assert.ok(Date.now() < endAt, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Returns the one message with this subject once it is in an inbox of this server. */
export async function arrived(subject, at = neighbourId) {
  return eventually(`${subject} to arrive`, async () => {
    const rows = (await nylas.messages.list({ identifier: at, queryParams: { subject, in: ['INBOX'] } })).data;
    assert.ok(rows.length <= 1, `${rows.length} messages ${subject}`);
    return rows[0];
  });
}

/** Returns the message that every walk finds: from Zoë, with text, HTML and an attachment. */
export async function theLetter() {
  const { data } = await nylas.messages.list({ identifier, queryParams: { from: ['zoe@shop.example'] } });
  assert.equal(data.length, 1);
  return data[0];
}
