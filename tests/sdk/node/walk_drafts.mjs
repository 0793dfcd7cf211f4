// Drafts: made, listed, changed, sent and thrown away.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { arrived, end, identifier, neighbour, neighbourId, nylas, refusal, step, theLetter } from './walking.mjs';

// The SDK changes from JSON to a form where JSON and files together reach 3 MiB.
const large = Buffer.alloc(3 * 1024 * 1024 + 5, 'posthouse ');

const create = async (requestBody) => (await nylas.drafts.create({ identifier, requestBody })).data;
const update = async (draftId, requestBody) => (await nylas.drafts.update({ identifier, draftId, requestBody })).data;
const find = async (draftId) => (await nylas.drafts.find({ identifier, draftId })).data;
const send = async (draftId) => (await nylas.drafts.send({ identifier, draftId })).data;
const listed = async (queryParams) => (await nylas.drafts.list({ identifier, queryParams })).data.map(({ id }) => id);
const names = ({ attachments }) => attachments.map(({ filename }) => filename);
const file = (filename, content) => ({ filename, contentType: 'text/plain', content, size: content.length });

async function download(message, at = identifier) {
  const queryParams = { messageId: message.id };
  return nylas.attachments.downloadBytes({ identifier: at, attachmentId: message.attachments[0].id, queryParams });
}

async function making() {
  step('drafts.create, list and find');
  const draft = await create({
    to: [{ name: 'Neighbour', email: neighbour }],
    subject: 'A plan',
    body: '<p>First thoughts</p>',
    starred: true,
    metadata: { key1: 'plan' },
    attachments: [file('notes.txt', Buffer.from('notes'))],
  });
  assert.deepEqual([draft.grantId, draft.object, draft.subject], [identifier, 'draft', 'A plan']);
  assert.deepEqual(draft.metadata, { key1: 'plan' });
  assert.deepEqual(names(draft), ['notes.txt']);
  assert.equal((await find(draft.id)).body, '<p>First thoughts</p>');
  assert.equal(String(await download(draft)), 'notes');
  const empty = await create({});
  assert.deepEqual(await listed(), [empty.id, draft.id], 'newest change first');
  // N-8: on drafts the SDK repeats the parameter.
  assert.deepEqual(await listed({ anyEmail: ['nobody@shop.example', neighbour] }), [draft.id]);
  assert.deepEqual(await listed({ subject: 'PLAN', starred: true, hasAttachment: true }), [draft.id]);
  assert.deepEqual(await listed({ metadataPair: { key1: 'plan' } }), [draft.id]);
  assert.deepEqual(await listed({ limit: 1 }), [empty.id]);
  await refusal(() => nylas.messages.find({ identifier, messageId: draft.id }), 404, 'not_found_error');
  await refusal(() => nylas.drafts.find({ identifier: neighbourId, draftId: draft.id }), 404, 'not_found_error');
  await refusal(() => find(randomUUID()), 404, 'not_found_error');
  return [draft, empty];
}

async function changing(draft) {
  step('drafts.update');
  const changed = await update(draft.id, { subject: 'The plan', starred: false });
  assert.deepEqual([changed.id, changed.subject, changed.starred], [draft.id, 'The plan', false]);
  assert.deepEqual([changed.body, names(changed)], [draft.body, ['notes.txt']]);
  assert.equal((await listed())[0], draft.id, 'changed last');

  step('drafts.create and update as chunked forms (N-10)');
  const form = await create({ subject: 'Large', attachments: [file('large.bin', large)] });
  assert.ok(large.equals(await download(form)));
  const again = await update(form.id, { attachments: [file('again.bin', large)] });
  assert.deepEqual([names(again), again.subject], [['again.bin'], 'Large']);
  assert.ok((await nylas.drafts.destroy({ identifier, draftId: form.id })).requestId);
  await refusal(() => find(form.id), 404, 'not_found_error');
}

async function sending(draft, empty) {
  step('drafts.send (N-14)');
  const sent = await send(draft.id);
  assert.deepEqual([sent.object, sent.grantId, sent.subject], ['message', identifier, 'The plan']);
  assert.notEqual(sent.id, draft.id);
  await refusal(() => find(draft.id), 404, 'not_found_error');
  const there = await arrived('The plan');
  assert.equal(String(await download(there, neighbourId)), 'notes');
  await refusal(() => send(empty.id), 400, 'invalid_request_error');
  assert.deepEqual(await listed(), [empty.id], 'what cannot be sent stays');
  assert.ok((await nylas.drafts.destroy({ identifier, draftId: empty.id })).requestId);
}

async function reply(letter) {
  step('a draft that is a reply');
  const draft = await create({ to: letter.from, subject: 'Re: Rechnung', body: 'Paid.', replyToMessageId: letter.id });
  assert.deepEqual([draft.threadId, draft.replyToMessageId], [letter.threadId, letter.id]);
  const find = async () => (await nylas.threads.find({ identifier, threadId: letter.threadId })).data;
  const before = await find();
  assert.deepEqual([before.hasDrafts, before.draftIds, before.messageIds], [true, [draft.id], [letter.id]]);
  assert.equal(before.latestDraftOrMessage.object, 'draft');
  assert.equal((await send(draft.id)).threadId, letter.threadId);
  const after = await find();
  assert.deepEqual([after.hasDrafts, after.messageIds.length, after.latestDraftOrMessage.object], [false, 2, 'message']);
}

const [draft, empty] = await making();
await changing(draft);
await sending(draft, empty);
await reply(await theLetter());
end();
