// Changing, moving, deleting and cleaning messages, and metadata.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { end, identifier, nylas, refusal, step, theLetter } from './walking.mjs';

const ids = (rows) => rows.map(({ id }) => id);
const list = async (queryParams) => (await nylas.messages.list({ identifier, queryParams })).data;
const update = async (messageId, requestBody) => (await nylas.messages.update({ identifier, messageId, requestBody })).data;

async function flags(messageId) {
  step('messages.update, flags');
  const changed = await update(messageId, { unread: false, starred: true });
  assert.deepEqual([changed.id, changed.unread, changed.starred], [messageId, false, true]);
  assert.deepEqual(ids(await list({ starred: true })), [messageId]);
  assert.deepEqual(ids(await list({ unread: false })), [messageId]);
  const again = await update(messageId, { unread: true });
  assert.deepEqual([again.unread, again.starred], [true, true], 'what is left out stays');
  await refusal(() => update(messageId, { unread: 'no' }), 400, 'invalid_request_error');
  await refusal(() => update(randomUUID(), { unread: false }), 404, 'not_found_error');
}

async function metadata(messageId) {
  step('messages.update, metadata, and metadataPair (N-7, N-8)');
  const changed = await update(messageId, { metadata: { key1: 'order 42', key2: 'paid' } });
  assert.deepEqual(changed.metadata, { key1: 'order 42', key2: 'paid' });
  const [other] = await list({ subject: 'Second' });
  await update(other.id, { metadata: { key1: 'order 42' } });
  const withPair = async (metadataPair) => ids(await list({ metadataPair })).sort();
  assert.deepEqual(await withPair({ key1: 'order 42' }), [messageId, other.id].sort());
  assert.deepEqual(await withPair({ key1: 'order 42', key2: 'paid' }), [messageId], 'comma-joined pairs are all required');
  assert.deepEqual(await withPair({ key2: 'owed' }), []);
  assert.deepEqual((await update(messageId, { metadata: {} })).metadata, {});
  assert.deepEqual(await withPair({ key1: 'order 42' }), [other.id]);
  await refusal(() => update(messageId, { metadata: { n: 1 } }), 400, 'invalid_request_error');
}

async function cleaning(letter) {
  step('messages.cleanMessages');
  const [other] = await list({ subject: 'Second' });
  const clean = (messageId) => nylas.messages.cleanMessages({ identifier, requestBody: { messageId, ignoreLinks: true } });
  const cleaned = (await clean([other.id, letter.id])).data;
  assert.deepEqual(ids(cleaned), [other.id, letter.id]);
  assert.ok(cleaned[1].conversation.includes('Rechnung'));
  assert.equal(cleaned[1].subject, letter.subject);
  await refusal(() => clean([letter.id, randomUUID()]), 404, 'not_found_error');
  await refusal(() => clean([]), 400, 'invalid_request_error');
}

async function moves(messageId) {
  step('messages.update, folders');
  const { data } = await nylas.folders.list({ identifier });
  const idOf = Object.fromEntries(data.map(({ name, id }) => [name, id]));
  assert.deepEqual((await update(messageId, { folders: [idOf.Archive] })).folders, [idOf.Archive]);
  assert.deepEqual((await update(messageId, { folders: ['Inbox'] })).folders, [idOf.Inbox]);
  assert.deepEqual((await update(messageId, { folders: [] })).folders, [idOf.Archive]);
  await refusal(() => update(messageId, { folders: [idOf.Inbox, idOf.Junk] }), 400, 'invalid_request_error');
  await refusal(() => update(messageId, { folders: [randomUUID()] }), 400, 'invalid_request_error');
}

async function deletion(messageId) {
  step('messages.destroy, to the trash and for good');
  const trash = (await nylas.folders.find({ identifier, folderId: 'trash' })).data.id;
  assert.ok((await nylas.messages.destroy({ identifier, messageId })).requestId);
  assert.deepEqual((await nylas.messages.find({ identifier, messageId })).data.folders, [trash]);
  assert.ok(!ids(await list({})).includes(messageId));
  assert.deepEqual(ids(await list({ in: ['TRASH'] })), [messageId]);
  assert.ok((await nylas.messages.destroy({ identifier, messageId })).requestId);
  await refusal(() => nylas.messages.find({ identifier, messageId }), 404, 'not_found_error');
  await refusal(() => nylas.messages.destroy({ identifier, messageId }), 404, 'not_found_error');
}

const letter = await theLetter();
await flags(letter.id);
await metadata(letter.id);
await cleaning(letter);
await moves(letter.id);
await deletion(letter.id);
end();
