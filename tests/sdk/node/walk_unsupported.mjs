// What the compatible service has and agent accounts do not: each answer is one that the SDK understands.

import assert from 'node:assert/strict';

import { NylasOAuthError, end, identifier, nylas, refusal, step, theLetter } from './walking.mjs';

async function families() {
  step('families that are not offered: lists are empty');
  for (const listed of [
    nylas.notetakers.list({ identifier }),
    nylas.notetakers.list({}),
    nylas.contacts.groups({ identifier }),
    nylas.scheduler.configurations.list({ identifier }),
    nylas.connectors.credentials.list({ provider: 'nylas' }),
  ]) {
    assert.deepEqual((await listed).data, []);
  }

  step('families that are not offered: everything else says so');
  const { id: messageId } = await theLetter();
  const requestBody = { prompt: 'Say hello' };
  const calls = [
    () => nylas.messages.smartCompose.composeMessage({ identifier, requestBody }),
    () => nylas.messages.smartCompose.composeMessageReply({ identifier, messageId, requestBody }),
    () => nylas.notetakers.create({ identifier, requestBody: { meetingLink: 'https://meet.example/x' } }),
    () => nylas.notetakers.find({ notetakerId: 'one' }),
    () => nylas.notetakers.downloadMedia({ identifier, notetakerId: 'one' }),
    () => nylas.scheduler.sessions.create({ requestBody: { configurationId: 'one' } }),
    () => nylas.scheduler.bookings.find({ bookingId: 'one' }),
    () => nylas.scheduler.configurations.destroy({ identifier, configurationId: 'one' }),
    () => nylas.connectors.credentials.destroy({ provider: 'nylas', credentialsId: 'one' }),
    () => nylas.attachments.createUploadSession({ identifier, requestBody: { filename: 'a', contentType: 'text/plain', size: 1 } }),
    () => nylas.attachments.completeUploadSession({ identifier, attachmentId: 'one' }),
  ];
  for (const call of calls) {
    const error = await refusal(call, 400, 'not_supported');
    assert.match(error.message, /not supported/);
  }
}

async function tokens() {
  step('auth: tokens are not offered, providers are detected');
  const client = { redirectUri: 'http://localhost', clientId: 'x', clientSecret: 'x' };
  const oauthError = async (call) => {
    const error = await call().then(() => assert.fail('tokens are not offered'), (error) => error);
    assert.ok(error instanceof NylasOAuthError, String(error));
    assert.equal(error.statusCode, 400);
    assert.match(error.message, /not supported/);
    return error;
  };
  for (const call of [
    () => nylas.auth.exchangeCodeForToken({ ...client, code: 'x' }),
    () => nylas.auth.refreshAccessToken({ ...client, refreshToken: 'x' }),
    () => nylas.auth.revoke('x'),
  ]) {
    assert.equal((await oauthError(call)).error, 'unsupported_grant_type');
  }
  // The SDK takes this path for one of OAuth; what it says is what other refusals say.
  for (const call of [() => nylas.auth.accessTokenInfo('x'), () => nylas.auth.idTokenInfo('x')]) {
    assert.equal((await oauthError(call)).error.type, 'not_supported');
  }
  const here = (await nylas.auth.detectProvider({ email: 'new@agents.localhost' })).data;
  assert.deepEqual([here.emailAddress, here.detected, here.provider], ['new@agents.localhost', true, 'nylas']);
  const elsewhere = (await nylas.auth.detectProvider({ email: 'new@shop.example' })).data;
  assert.deepEqual([elsewhere.detected, elsewhere.provider], [false, undefined]);
}

await families();
await tokens();
end();
