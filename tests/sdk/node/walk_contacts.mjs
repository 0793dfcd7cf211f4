// Contacts.

import assert from 'node:assert/strict';

import { end, identifier, nylas, refusal, step } from './walking.mjs';

const create = async (requestBody) => (await nylas.contacts.create({ identifier, requestBody })).data;
const find = async (contactId) => (await nylas.contacts.find({ identifier, contactId })).data;
const list = async (queryParams) => (await nylas.contacts.list({ identifier, queryParams })).data;

step('contacts');
const created = await create({
  givenName: 'Zoë',
  surname: 'Buyer',
  birthday: '1984-02-29',
  companyName: 'Shop',
  emails: [{ email: 'zoe@shop.example', type: 'work' }],
  phoneNumbers: [{ number: '+49 30 1234', type: 'mobile' }],
  webPages: [{ url: 'https://shop.example', type: 'work' }],
});
assert.deepEqual([created.grantId, created.object, created.givenName], [identifier, 'contact', 'Zoë']);
assert.deepEqual(created.emails, [{ email: 'zoe@shop.example', type: 'work' }]);
const found = await find(created.id);
assert.deepEqual([found.phoneNumbers[0].number, found.companyName], ['+49 30 1234', 'Shop']);
const changed = (await nylas.contacts.update({ identifier, contactId: created.id, requestBody: { surname: 'Seller' } })).data;
assert.deepEqual([changed.surname, changed.givenName], ['Seller', 'Zoë']);
for (let number = 0; number < 4; number += 1) await create({ givenName: `Contact ${number}` });
assert.deepEqual((await list({ email: 'ZOE@shop.example' })).map(({ id }) => id), [created.id]);
assert.deepEqual((await list({ phoneNumber: '49301234' })).map(({ id }) => id), [created.id]);
assert.deepEqual(await list({ source: 'inbox' }), []);
assert.equal((await list({ limit: 3 })).length, 3);
const pages = [];
for await (const page of nylas.contacts.list({ identifier, queryParams: { limit: 2 } })) {
  pages.push(...page.data.map(({ id }) => id));
  if (pages.length > 10) assert.fail('the pages do not end');
}
assert.equal(new Set(pages).size, 5);
assert.deepEqual((await nylas.contacts.groups({ identifier })).data, []);
assert.ok((await nylas.contacts.destroy({ identifier, contactId: created.id })).requestId);
await refusal(() => find(created.id), 404, 'not_found_error');
await refusal(() => create({ nickname: 'Z' }), 400, 'invalid_request_error');
end();
