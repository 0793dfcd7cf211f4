// Applications, redirect URIs, connectors, sign-in and grants.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

import { Nylas, end, identifier, nylas, refusal, step, url } from './walking.mjs';

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
  // N-7: the SDK sends `sha_1_certificate_fingerprint`.
  const settings = { sha1CertificateFingerprint: 'AB:CD', packageName: 'example.shop' };
  const requestBody = { url: 'http://localhost:9007/node', platform: 'web', settings };
  const created = (await uris.create({ requestBody })).data;
  assert.deepEqual(created.settings, settings);
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

async function wrongKey() {
  step('errors of a wrong key');
  const stranger = new Nylas({ apiKey: `phk_${'0'.repeat(43)}`, apiUri: url });
  await refusal(() => stranger.grants.list(), 401, 'unauthorized');
}

await applications();
await redirectUris();
await connectors();
await grants(await customAuthentication());
await wrongKey();
end();
