// Listing, filtering and reading messages: 205 of them, "Bulk 000" to "Bulk 204", and the letter.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { end, eventually, identifier, nylas, reader, refusal, step } from './walking.mjs';

const bulkCount = 205;

async function messages() {
  const list = async (queryParams) => (await nylas.messages.list({ identifier, queryParams })).data;

  step('messages.list, page after page');
  const subjects = [];
  let pages = 0;
  for await (const page of nylas.messages.list({ identifier, queryParams: { limit: 50, from: ['bulk@shop.example'] } })) {
    pages += 1;
    subjects.push(...page.data.map((message) => message.subject));
    if (pages > 10) assert.fail('the pages do not end');
  }
  const all = Array.from({ length: bulkCount }, (_, number) => `Bulk ${String(number).padStart(3, '0')}`);
  assert.equal(pages, 5);
  assert.deepEqual(subjects.sort(), all);

  step('messages.list gathers a limit over several pages');
  const gathered = await list({ limit: 203, from: ['bulk@shop.example'] });
  assert.equal(gathered.length, 203);
  assert.equal(new Set(gathered.map((message) => message.id)).size, 203);

  step('messages.list with filters');
  assert.equal((await list({ limit: 5 })).length, 5);
  assert.deepEqual((await list({ subject: 'bulk 017' })).map((message) => message.subject), ['Bulk 017']);
  const [special] = await list({ from: ['zoe@shop.example'] });
  assert.equal(special.subject, 'Rechnung für Zoë');
  const ids = (rows) => rows.map((message) => message.id);
  assert.deepEqual(ids(await list({ hasAttachment: true })), [special.id]);
  assert.deepEqual(ids(await list({ anyEmail: ['zoe@shop.example', 'nobody@shop.example'] })), [special.id]);
  assert.deepEqual(ids(await list({ threadId: special.threadId })), [special.id]);
  assert.equal((await list({ in: ['INBOX'], unread: true, limit: 200 })).length, 200);
  assert.deepEqual(await list({ unread: false }), []);
  assert.deepEqual(await list({ starred: true }), []);
  assert.deepEqual(await list({ receivedAfter: special.date + 86_400 }), []);

  step('messages.find');
  const messageId = special.id;
  const found = (await nylas.messages.find({ identifier, messageId })).data;
  assert.equal(found.object, 'message');
  assert.equal(found.grantId, identifier);
  assert.deepEqual(found.from, [{ name: 'Zoë Buyer', email: 'zoe@shop.example' }]);
  assert.ok(found.body.includes('<b>Rechnung</b>'));
  assert.equal(found.unread, true);
  const withHeaders = (await nylas.messages.find({ identifier, messageId, queryParams: { fields: 'include_headers' } })).data;
  const names = withHeaders.headers.map((header) => header.name.toLowerCase());
  for (const name of ['message-id', 'subject', 'from', 'received', 'return-path']) assert.ok(names.includes(name), name);
  const raw = (await nylas.messages.find({ identifier, messageId, queryParams: { fields: 'raw_mime' } })).data.rawMime;
  assert.ok(Buffer.from(raw, 'base64url').includes('\r\nX-Walk: kept as it came\r\n'));
  await refusal(() => nylas.messages.find({ identifier, messageId: randomUUID() }), 404, 'not_found_error');
  await refusal(() => nylas.messages.list({ identifier, queryParams: { unread: 'perhaps' } }), 400, 'invalid_request_error');
  await refusal(() => nylas.messages.list({ identifier: randomUUID() }), 404, 'not_found_error');
}

async function selection() {
  step('messages with select');
  const [row] = (await nylas.messages.list({ identifier, queryParams: { subject: 'Bulk 017', select: 'subject,folders' } })).data;
  assert.deepEqual(Object.keys(row).sort(), ['folders', 'grantId', 'id', 'object', 'subject']);
  const found = (await nylas.messages.find({ identifier, messageId: row.id, queryParams: { select: 'subject' } })).data;
  assert.deepEqual(found, { id: row.id, grantId: identifier, object: 'message', subject: 'Bulk 017' });
}

async function pageTokens() {
  step('messages.list, a page token works with another limit (ALL-5)');
  const list = (queryParams) => nylas.messages.list({ identifier, queryParams: { from: ['bulk@shop.example'], ...queryParams } });
  const first = await list({ limit: 7 });
  const second = await list({ limit: 3, pageToken: first.nextCursor });
  const together = await list({ limit: 10 });
  assert.deepEqual([...first.data, ...second.data].map(({ id }) => id), together.data.map(({ id }) => id));
  assert.equal((await list({ subject: 'Bulk 204' })).nextCursor, undefined);
  // N-5: the SDK asks again for what is missing, with the limit that is missing.
  assert.equal((await list({ limit: 500 })).data.length, bulkCount);
}

async function search() {
  step('messages.list and threads.list with searchQueryNative');
  const queryParams = { searchQueryNative: 'rechnung OR (bulk 204)', limit: 10, unread: true };
  // A committed message is searchable within a second, and the first search begins the index.
  const found = (resource) => eventually('the search to find both', async () => {
    const { data } = await resource.list({ identifier, queryParams });
    return data.length === 2 && data;
  });
  const messages = await found(nylas.messages);
  assert.deepEqual(messages.map(({ subject }) => subject).sort(), ['Bulk 204', 'Rechnung für Zoë']);
  const threads = await found(nylas.threads);
  assert.deepEqual(threads.map(({ id }) => id).sort(), messages.map(({ threadId }) => threadId).sort());
  const unbalanced = { searchQueryNative: '(unbalanced' };
  await refusal(() => nylas.messages.list({ identifier, queryParams: unbalanced }), 400, 'invalid_request_error');
}

async function addressInsteadOfId() {
  step("the account's address instead of its id (ALL-7, N-9)");
  for (const address of [reader, 'READER@agents.localhost', `email:${reader}`]) {
    const { data } = await nylas.messages.list({ identifier: address, queryParams: { subject: 'Bulk 003' } });
    assert.deepEqual(data.map(({ grantId }) => grantId), [identifier]);
  }
}

await messages();
await selection();
await pageTokens();
await search();
await addressInsteadOfId();
end();
