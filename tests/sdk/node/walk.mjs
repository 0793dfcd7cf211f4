// Walks through the API with the official Node SDK, unmodified: only the base URL is ours.
//
// The test that runs this has delivered 205 messages "Bulk 000" to "Bulk 204" and one with an attachment to the grant GRANT_ID, and answers
// webhook challenges at HOOK_URL. Every step asserts; the name of the last one begun is printed, so that a failure says where it was.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { default: Nylas, NylasApiError } = require('nylas');

const bulkCount = 205;
const attachmentBytes = Buffer.concat(Array(40).fill(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))));

const nylas = new Nylas({ apiKey: process.env.POSTHOUSE_API_KEY, apiUri: process.env.POSTHOUSE_URL });
const identifier = process.env.GRANT_ID;
const hookUrl = process.env.HOOK_URL;

function step(name) {
  console.log(name);
}

/** Returns the SDK's own error for a call that must be refused. */
async function refusal(call, statusCode, type) {
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

async function applications() {
  step('applications.getDetails and update');
  const details = (await nylas.applications.getDetails()).data;
  assert.ok(details.applicationId && details.organizationId);
  const updated = (await nylas.applications.update({ requestBody: { branding: { name: 'Heron Bots' } } })).data;
  assert.equal(updated.branding.name, 'Heron Bots');
  assert.equal((await nylas.applications.getDetails()).data.branding.name, 'Heron Bots');
}

async function redirectUris() {
  step('applications.redirectUris');
  const uris = nylas.applications.redirectUris;
  const requestBody = { url: 'http://localhost:9007/node', platform: 'web' };
  const created = (await uris.create({ requestBody })).data;
  const redirectUriId = created.id;
  assert.equal((await uris.find({ redirectUriId })).data.url, requestBody.url);
  assert.ok((await uris.list()).data.some((uri) => uri.id === redirectUriId));
  const changed = await uris.update({ redirectUriId, requestBody: { url: 'http://localhost:9007/changed', platform: 'web' } });
  assert.equal(changed.data.url, 'http://localhost:9007/changed');
  assert.ok((await uris.destroy({ redirectUriId })).requestId);
  await refusal(() => uris.find({ redirectUriId }), 404, 'not_found_error');
}

async function connectors() {
  step('connectors');
  assert.ok((await nylas.connectors.list({})).data.some((connector) => connector.provider === 'nylas'));
  assert.equal((await nylas.connectors.find({ provider: 'nylas' })).data.provider, 'nylas');
  const created = await nylas.connectors.create({ requestBody: { name: 'nylas', provider: 'nylas' } });
  assert.equal(created.data.provider, 'nylas');
  const updated = await nylas.connectors.update({ provider: 'nylas', requestBody: { name: 'Agents' } });
  assert.equal(updated.data.provider, 'nylas');
  await refusal(() => nylas.connectors.find({ provider: 'google' }), 404, 'not_found_error');
  await refusal(() => nylas.connectors.create({ requestBody: { name: 'g', provider: 'google' } }), 400, 'not_supported');
}

async function customAuthentication() {
  step('auth.customAuthentication');
  const settings = { email: 'node-agent@agents.localhost' };
  const grant = (await nylas.auth.customAuthentication({ requestBody: { provider: 'nylas', name: 'Node Agent', settings } })).data;
  assert.equal(grant.provider, 'nylas');
  assert.equal(grant.grantStatus, 'valid');
  assert.equal(grant.email, settings.email);
  assert.deepEqual(grant.scope, []);
  const unknownDomain = { provider: 'nylas', settings: { email: 'agent@nowhere.example' } };
  const error = await refusal(() => nylas.auth.customAuthentication({ requestBody: unknownDomain }), 404, 'api.not_found_error');
  assert.equal(error.message, 'Provisioning the account failed: Domain not found');
  const weakPassword = { provider: 'nylas', settings: { email: 'weak@agents.localhost', appPassword: 'short' } };
  await refusal(() => nylas.auth.customAuthentication({ requestBody: weakPassword }), 400, 'invalid_request_error');
  return grant.id;
}

async function grants(grantId) {
  step('grants');
  const listed = (await nylas.grants.list({ queryParams: { limit: 200 } })).data;
  assert.ok(listed.some((grant) => grant.id === grantId) && listed.some((grant) => grant.id === identifier));
  const byAddress = (await nylas.grants.list({ queryParams: { email: 'node-agent@agents.localhost' } })).data;
  assert.deepEqual(byAddress.map((grant) => grant.id), [grantId]);
  assert.equal((await nylas.grants.find({ grantId })).data.name, 'Node Agent');
  assert.equal((await nylas.grants.update({ grantId, requestBody: { name: 'Renamed' } })).data.name, 'Renamed');
  assert.ok((await nylas.grants.destroy({ grantId })).requestId);
  await refusal(() => nylas.grants.find({ grantId }), 404, 'not_found_error');
  await refusal(() => nylas.grants.find({ grantId: randomUUID() }), 404, 'not_found_error');
}

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
  return found;
}

async function folders(message) {
  step('folders');
  const listed = (await nylas.folders.list({ identifier })).data;
  assert.deepEqual(listed.slice(0, 6).map((folder) => folder.name), ['Inbox', 'Sent', 'Drafts', 'Trash', 'Junk', 'Archive']);
  assert.deepEqual(message.folders, [listed[0].id]);
  assert.equal(listed[0].totalCount, bulkCount + 1);
  assert.equal(listed[0].systemFolder, true);
}

async function attachments(message) {
  step('attachments');
  const [attachment] = message.attachments;
  const request = { identifier, attachmentId: attachment.id, queryParams: { messageId: message.id } };
  const found = (await nylas.attachments.find(request)).data;
  assert.equal(found.filename, 'invoice.pdf');
  assert.equal(found.contentType, 'application/pdf');
  assert.equal(found.size, attachmentBytes.length);
  assert.ok(attachmentBytes.equals(await nylas.attachments.downloadBytes(request)));
  const chunks = [];
  for await (const chunk of await nylas.attachments.download(request)) chunks.push(Buffer.from(chunk));
  assert.ok(attachmentBytes.equals(Buffer.concat(chunks)));
  await refusal(() => nylas.attachments.find({ ...request, attachmentId: randomUUID() }), 404, 'not_found_error');
}

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

async function wrongKey() {
  step('errors of a wrong key');
  const stranger = new Nylas({ apiKey: `phk_${'0'.repeat(43)}`, apiUri: process.env.POSTHOUSE_URL });
  await refusal(() => stranger.grants.list(), 401, 'unauthorized');
}

await applications();
await redirectUris();
await connectors();
await grants(await customAuthentication());
const specialMessage = await messages();
await folders(specialMessage);
await attachments(specialMessage);
await webhooks();
await wrongKey();
console.log('walked to the end');
