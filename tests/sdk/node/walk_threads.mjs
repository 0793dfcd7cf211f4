// Threads: the letter alone in one, and a conversation of two accounts in another.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { arrived, end, identifier, neighbour, neighbourId, nylas, reader, refusal, step, theLetter } from './walking.mjs';

const list = async (queryParams) => (await nylas.threads.list({ identifier, queryParams })).data;
const ids = async (queryParams) => (await list(queryParams)).map(({ id }) => id);
const find = async (threadId) => (await nylas.threads.find({ identifier, threadId })).data;
const update = async (threadId, requestBody) => (await nylas.threads.update({ identifier, threadId, requestBody })).data;

/** Has the reader ask and the neighbour answer; returns the question as the reader sent it. */
async function conversation() {
  step('messages.send, twice');
  const question = { to: [{ email: neighbour }], subject: 'Walk together', body: '<p>Tuesday?</p>' };
  const sent = (await nylas.messages.send({ identifier, requestBody: question })).data;
  const there = await arrived('Walk together');
  const answer = { to: there.from, subject: 'Re: Walk together', body: 'Yes.', replyToMessageId: there.id };
  await nylas.messages.send({ identifier: neighbourId, requestBody: answer });
  await arrived('Re: Walk together', identifier);
  return sent;
}

async function listing(talk, letter) {
  step('threads.list');
  const single = letter.threadId;
  const everything = await ids();
  assert.equal(everything[0], talk, 'newest message first');
  assert.ok(everything.includes(single));
  assert.deepEqual(await ids({ subject: 'walk together' }), [talk]);
  assert.deepEqual(await ids({ anyEmail: ['nobody@shop.example', neighbour] }), [talk], 'comma-joined (N-8)');
  assert.deepEqual(await ids({ from: 'zoe@shop.example' }), [single]);
  assert.deepEqual(await ids({ to: [neighbour] }), [talk]);
  assert.deepEqual(await ids({ hasAttachment: true }), [single]);
  assert.deepEqual(await ids({ in: 'SENT' }), [talk]);
  assert.deepEqual(await ids({ latestMessageAfter: letter.date + 86_400 }), []);
  const pages = [];
  for await (const page of nylas.threads.list({ identifier, queryParams: { limit: 1 } })) {
    pages.push(page.data.map(({ id }) => id));
    if (pages.length > 10) assert.fail('the pages do not end');
  }
  assert.deepEqual(pages.flat(), everything);
  assert.deepEqual(await ids({ limit: 200 }), everything);
}

async function finding(question) {
  step('threads.find');
  const found = await find(question.threadId);
  assert.deepEqual([found.id, found.grantId, found.object], [question.threadId, identifier, 'thread']);
  assert.equal(found.subject, 'Walk together');
  assert.ok(found.messageIds.includes(question.id) && found.messageIds.length === 2);
  assert.deepEqual(found.participants.map(({ email }) => email).sort(), [neighbour, reader]);
  assert.deepEqual([found.unread, found.starred, found.hasDrafts, found.draftIds], [true, false, false, []]);
  const latest = found.latestDraftOrMessage;
  assert.deepEqual([latest.object, latest.grantId, latest.subject], ['message', identifier, 'Re: Walk together']);
  assert.deepEqual([found.earliestMessageDate, found.latestMessageSentDate], [question.date, question.date]);
  assert.equal(found.latestMessageReceivedDate, latest.date);
  await refusal(() => find(randomUUID()), 404, 'not_found_error');
  return found;
}

async function changing(thread) {
  step('threads.update');
  const changed = await update(thread.id, { unread: false, starred: true });
  assert.deepEqual([changed.unread, changed.starred], [false, true]);
  for (const messageId of thread.messageIds) {
    const message = (await nylas.messages.find({ identifier, messageId })).data;
    assert.deepEqual([message.unread, message.starred], [false, true]);
  }
  const archive = (await nylas.folders.find({ identifier, folderId: 'archive' })).data.id;
  assert.deepEqual((await update(thread.id, { folders: ['Archive'] })).folders, [archive]);
  await refusal(() => update(randomUUID(), { unread: false }), 404, 'not_found_error');

  step('threads.destroy');
  assert.ok((await nylas.threads.destroy({ identifier, threadId: thread.id })).requestId);
  assert.deepEqual(await ids({ subject: 'walk together' }), []);
  assert.deepEqual(await ids({ in: 'trash' }), [thread.id]);
}

const question = await conversation();
await listing(question.threadId, await theLetter());
await changing(await finding(question));
end();
