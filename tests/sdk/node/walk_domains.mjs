// Domains, by requests that the SDK signs with the key of a service account.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { end, nylas, refusal, step } from './walking.mjs';

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { ServiceAccountSigner } = require('nylas');

const keyFile = JSON.parse(readFileSync(process.env.SERVICE_ACCOUNT, 'utf8'));
const signer = new ServiceAccountSigner({ privateKeyPem: keyFile.private_key, privateKeyId: keyFile.private_key_id });

async function domains() {
  step('domains');
  const requestBody = { name: 'Bücher \u2028 "quoted"', domainAddress: 'sdk.example.org' };
  const created = (await nylas.domains.create({ requestBody, signer })).data;
  assert.equal(created.domainAddress, 'sdk.example.org');
  assert.equal(created.name, requestBody.name);
  assert.equal(created.verifiedOwnership, false);
  const found = (await nylas.domains.find({ domainId: 'sdk.example.org', signer })).data;
  assert.equal(found.id, created.id);
  const listed = (await nylas.domains.list({ signer })).data;
  assert.ok(listed.some((domain) => domain.id === created.id));
  const changed = await nylas.domains.update({ domainId: created.id, requestBody: { name: 'Books' }, signer });
  assert.equal(changed.data.name, 'Books');
}

async function records() {
  step('records');
  const domainId = 'sdk.example.org';
  const info = (await nylas.domains.info({ domainId, requestBody: { type: 'dkim' }, signer })).data;
  assert.equal(info.attempt.options.host, 'ph1._domainkey');
  assert.match(info.attempt.options.value, /^v=DKIM1; k=rsa; p=/);
  const verified = (await nylas.domains.verify({ domainId, requestBody: { type: 'mx' }, signer })).data;
  assert.notEqual(verified.status, 'done');
  assert.ok(verified.message);
}

async function refusals() {
  step('refusals');
  const stranger = new ServiceAccountSigner({ privateKeyPem: keyFile.private_key, privateKeyId: 'nobody' });
  await refusal(() => nylas.domains.find({ domainId: 'sdk.example.org', signer: stranger }), 401, 'unauthorized');
  await refusal(() => nylas.domains.find({ domainId: 'other.example.org', signer }), 404, 'not_found_error');
  assert.ok((await nylas.domains.destroy({ domainId: 'sdk.example.org', signer })).requestId);
}

await domains();
await records();
await refusals();
end();
