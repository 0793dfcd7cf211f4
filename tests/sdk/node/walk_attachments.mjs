// Attachments of the letter.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { end, identifier, neighbourId, nylas, refusal, step, theLetter } from './walking.mjs';

const attachmentBytes = Buffer.concat(Array(40).fill(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))));

async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function attachments(letter) {
  step('attachments.find');
  const [attachment] = letter.attachments;
  const request = { identifier, attachmentId: attachment.id, queryParams: { messageId: letter.id } };
  const found = (await nylas.attachments.find(request)).data;
  assert.deepEqual([found.filename, found.contentType, found.isInline], ['invoice.pdf', 'application/pdf', false]);
  assert.deepEqual([found.size, found.grantId], [attachmentBytes.length, identifier]);

  step('attachments.download, downloadNodeStream and downloadBytes (N-12)');
  assert.ok(attachmentBytes.equals(await nylas.attachments.downloadBytes(request)));
  assert.ok(attachmentBytes.equals(await whole(await nylas.attachments.download(request))));
  assert.ok(attachmentBytes.equals(await whole(await nylas.attachments.downloadNodeStream(request))));

  step('attachments that are not there');
  const unknown = { ...request, attachmentId: randomUUID() };
  await refusal(() => nylas.attachments.find(unknown), 404, 'not_found_error');
  await refusal(() => nylas.attachments.downloadBytes(unknown), 404, 'not_found_error');
  await refusal(() => nylas.attachments.download(unknown), 404, 'not_found_error');
  await refusal(() => nylas.attachments.find({ ...request, identifier: neighbourId }), 404, 'not_found_error');
  await refusal(() => nylas.attachments.find({ ...request, queryParams: {} }), 400, 'invalid_request_error');
}

await attachments(await theLetter());
end();
