// Folders.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { end, identifier, nylas, refusal, step, theLetter } from './walking.mjs';

const systemFolders = ['Inbox', 'Sent', 'Drafts', 'Trash', 'Junk', 'Archive'];
const list = async (queryParams) => (await nylas.folders.list({ identifier, queryParams })).data;
const names = async (queryParams) => (await list(queryParams)).map(({ name }) => name);
const find = async (folderId) => (await nylas.folders.find({ identifier, folderId })).data;
const create = async (requestBody) => (await nylas.folders.create({ identifier, requestBody })).data;

async function listing(letter) {
  step('folders.list and find');
  const listed = await list();
  assert.deepEqual(listed.map(({ name }) => name), systemFolders);
  const [inbox] = listed;
  assert.deepEqual(letter.folders, [inbox.id]);
  assert.deepEqual([inbox.totalCount, inbox.unreadCount, inbox.childCount], [2, 2, 0]);
  assert.equal(inbox.systemFolder, true);
  assert.deepEqual(inbox.attributes, ['\\Inbox']);
  assert.equal((await find(inbox.id)).name, 'Inbox');
}

async function ownFolders(letter) {
  step('folders.create, update and destroy');
  const clients = await create({ name: 'Clients', textColor: '#101010', backgroundColor: '#fafafa' });
  assert.deepEqual([clients.grantId, clients.name, clients.systemFolder], [identifier, 'Clients', false]);
  assert.deepEqual([clients.textColor, clients.backgroundColor], ['#101010', '#fafafa']);
  const acme = await create({ name: 'Clients/Acme' });
  assert.deepEqual([acme.name, acme.parentId], ['Acme', clients.id]);
  // N-9: the SDK encodes the slash of a path.
  assert.equal((await find('Clients/Acme')).id, acme.id);
  assert.deepEqual(await names({ parentId: clients.id }), ['Acme']);
  assert.deepEqual(await names({ singleLevel: true }), [...systemFolders, 'Clients']);

  const requestBody = { folders: [acme.id] };
  assert.deepEqual((await nylas.messages.update({ identifier, messageId: letter.id, requestBody })).data.folders, [acme.id]);
  const renamed = (await nylas.folders.update({ identifier, folderId: acme.id, requestBody: { name: 'Acme & Co' } })).data;
  assert.deepEqual([renamed.id, renamed.name, renamed.parentId], [acme.id, 'Acme & Co', clients.id]);
  assert.deepEqual([renamed.totalCount, renamed.unreadCount], [1, 1]);

  await refusal(() => create({ name: 'INBOX' }), 400, 'invalid_request_error');
  await refusal(() => create({ name: 'Clients' }), 400, 'invalid_request_error');
  await refusal(() => nylas.folders.destroy({ identifier, folderId: 'inbox' }), 400, 'invalid_request_error');
  await refusal(() => find(randomUUID()), 404, 'not_found_error');

  assert.ok((await nylas.folders.destroy({ identifier, folderId: clients.id })).requestId);
  await refusal(() => find(acme.id), 404, 'not_found_error');
  await refusal(() => nylas.messages.find({ identifier, messageId: letter.id }), 404, 'not_found_error');
  assert.deepEqual(await names(), systemFolders);
}

const letter = await theLetter();
await listing(letter);
await ownFolders(letter);
end();
