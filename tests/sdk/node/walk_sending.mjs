// Sending: JSON, chunked forms with large files, and replies; what arrives at the neighbour is looked at too.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';

import { arrived, end, identifier, neighbour, neighbourId, nylas, reader, refusal, step, theLetter } from './walking.mjs';

const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
// The SDK changes from JSON to a form where JSON and files together reach 3 MiB.
const large = Buffer.concat([Buffer.alloc(3 * 1024 * 1024, 'posthouse '), Buffer.from('and one more')]);

const send = async (requestBody, overrides) => await nylas.messages.send({ identifier, requestBody, overrides });

async function downloaded(message, filename) {
  const { id } = message.attachments.find((attachment) => attachment.filename === filename);
  return nylas.attachments.downloadBytes({ identifier: neighbourId, attachmentId: id, queryParams: { messageId: message.id } });
}

function file(filename, contentType, content, more = {}) {
  return { filename, contentType, content, size: content.length, ...more };
}

async function jsonBelowThreeMebibytes() {
  step('messages.send, JSON with every field (N-11)');
  const { data, grantId } = await send({
    to: [{ name: 'Neighbour', email: neighbour }],
    cc: [{ email: 'copy@shop.example' }],
    bcc: [{ email: 'hidden@shop.example' }],
    replyTo: [{ name: 'Desk', email: 'desk@shop.example' }],
    from: [{ name: 'Walker', email: reader }],
    subject: 'Grüße aus JSON',
    body: '<p>Look: <img src="cid:pixel"> ☕</p>',
    starred: true,
    trackingOptions: { opens: false, links: false, threadReplies: false, label: 'walk' },
    customHeaders: [{ name: 'X-Walk', value: 'json' }],
    metadata: { key1: 'sent' },
    useDraft: false,
    attachments: [
      file('pixel.gif', 'image/gif', pixel, { contentId: 'pixel', isInline: true }),
      file('text.txt', 'text/plain', Buffer.from('in base64').toString('base64')),
      { filename: 'notes.txt', contentType: 'text/plain', content: Readable.from([Buffer.from('from a stream')]), size: 13 },
    ],
  });
  assert.deepEqual([grantId, data.grantId, data.object], [identifier, identifier, 'message']);
  assert.deepEqual(data.from, [{ name: 'Walker', email: reader }]);
  assert.deepEqual(data.bcc.map(({ email }) => email), ['hidden@shop.example']);
  assert.deepEqual([data.starred, data.unread, data.metadata], [true, false, { key1: 'sent' }]);
  const queryParams = { in: ['SENT'], metadataPair: { key1: 'sent' } };
  const copies = (await nylas.messages.list({ identifier, queryParams })).data;
  assert.deepEqual(copies.map(({ id }) => id), [data.id]);

  const there = await arrived('Grüße aus JSON');
  assert.deepEqual([there.from[0].name, there.replyTo[0].email], ['Walker', 'desk@shop.example']);
  assert.deepEqual(there.bcc, []);
  assert.ok(there.body.includes('cid:pixel') && there.body.includes('☕'));
  const inline = there.attachments.filter(({ isInline }) => isInline);
  assert.deepEqual(inline.map(({ contentId, contentType }) => [contentId, contentType]), [['pixel', 'image/gif']]);
  assert.ok(pixel.equals(await downloaded(there, 'pixel.gif')));
  assert.equal(String(await downloaded(there, 'text.txt')), 'in base64');
  assert.equal(String(await downloaded(there, 'notes.txt')), 'from a stream');
}

async function chunkedFormFromThreeMebibytes() {
  step('messages.send, a chunked form (N-10)');
  const { data } = await send({
    to: [{ email: neighbour }],
    subject: 'As a form',
    body: '<p><img src="cid:logo"></p>',
    metadata: { key1: 'form' },
    attachments: [
      file('large.bin', 'application/octet-stream', large),
      file('logo.gif', 'image/gif', pixel, { contentId: 'logo', isInline: true }),
      { filename: 'notes.txt', contentType: 'text/plain', content: Readable.from([Buffer.from('from a stream')]), size: 13 },
    ],
  });
  assert.deepEqual([data.grantId, data.metadata, data.attachments.length], [identifier, { key1: 'form' }, 3]);
  const there = await arrived('As a form');
  assert.ok(large.equals(await downloaded(there, 'large.bin')));
  assert.ok(pixel.equals(await downloaded(there, 'logo.gif')));
  assert.equal(String(await downloaded(there, 'notes.txt')), 'from a stream');
  const byName = Object.fromEntries(there.attachments.map((attachment) => [attachment.filename, attachment]));
  assert.deepEqual([byName['logo.gif'].contentId, byName['logo.gif'].isInline], ['logo', true]);
  assert.equal(byName['large.bin'].isInline, false);

  step('messages.send, a long body alone is a form too');
  const body = `<p>${'long '.repeat(700_000)}</p>`;
  const sent = (await send({ to: [{ email: neighbour }], subject: 'Long', body })).data;
  assert.equal(sent.body, body);
  assert.equal((await arrived('Long')).body, body);
}

async function replies(letter) {
  step('messages.send, a reply');
  const reply = { to: letter.from, subject: `Re: ${letter.subject}`, body: 'Paid.', isPlaintext: true };
  const sent = (await send({ ...reply, replyToMessageId: letter.id })).data;
  assert.deepEqual([sent.threadId, sent.replyToMessageId], [letter.threadId, letter.id]);
  const thread = (await nylas.threads.find({ identifier, threadId: letter.threadId })).data;
  assert.deepEqual(new Set(thread.messageIds), new Set([letter.id, sent.id]));
  assert.equal((await nylas.messages.find({ identifier, messageId: letter.id })).data.answered, true);
  await refusal(() => send({ ...reply, replyToMessageId: randomUUID() }), 400, 'invalid_request_error');
}

async function repetition() {
  step('messages.send, twice with an idempotency key');
  const requestBody = { to: [{ email: neighbour }], subject: 'Only once', body: 'x' };
  const overrides = { headers: { 'Idempotency-Key': randomUUID() } };
  const first = await send(requestBody, overrides);
  const second = await send(requestBody, overrides);
  assert.equal(first.data.id, second.data.id);
  assert.equal(second.rawHeaders['idempotent-response'], 'true');
  await refusal(() => send({ ...requestBody, subject: 'Another' }, overrides), 409, 'api.invalid_idempotent_request');
  await arrived('Only once');
}

async function refusals() {
  step('messages.send, refused');
  const refused = (requestBody) => refusal(() => send(requestBody), 400, 'invalid_request_error');
  await refused({ subject: 'to nobody' });
  await refused({ to: [{ email: 'no address' }] });
  await refused({ to: [{ email: neighbour }], from: [{ email: neighbour }] });
  await refused({ to: Array.from({ length: 51 }, (_, number) => ({ email: `n${number}@shop.example` })) });
}

await jsonBelowThreeMebibytes();
await chunkedFormFromThreeMebibytes();
await replies(await theLetter());
await repetition();
await refusals();
end();
