// Signs, seals and verifies with mailauth: one request as JSON on standard input, the answer as JSON on standard output.

import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { authenticate, sealMessage } = require('mailauth');
const { dkimSign } = require('mailauth/lib/dkim/sign');

const request = JSON.parse(await text(process.stdin));
const message = Buffer.from(request.message, 'base64');

const resolver = async (name, type) => {
  const found = type === 'TXT' ? request.records?.[name] : undefined;
  if (found === undefined) {
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  }
  return [[found]];
};

const encoded = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part))).toString('base64');

async function verify() {
  const { dkim, spf, dmarc, arc } = await authenticate(message, {
    ...request.envelope,
    mta: 'verifier.test',
    resolver,
    disableBimi: true,
  });
  return {
    signatures: dkim.results
      .filter(({ algo }) => algo)
      .map(({ algo, status }) => ({ algorithm: algo, valid: status.result === 'pass' })),
    spf: spf?.status?.result ?? 'none',
    dmarc: dmarc?.status?.result ?? 'none',
    arc: arc?.status?.result ?? 'none',
  };
}

async function sign() {
  const signed = [];
  for (const [algorithm, privateKey] of Object.entries(request.keys)) {
    for (const canonicalization of ['simple/simple', 'simple/relaxed', 'relaxed/simple', 'relaxed/relaxed']) {
      const { signatures, errors } = await dkimSign(message, {
        canonicalization,
        signTime: new Date(),
        signatureData: [{ signingDomain: 'signer.example', selector: algorithm, privateKey, algorithm }],
      });
      if (errors.length) throw new Error(JSON.stringify(errors));
      signed.push({ how: `${algorithm} ${canonicalization}`, message: encoded(signatures, message) });
    }
  }
  return { signed };
}

async function seal() {
  const sealed = [];
  let chain = message;
  for (let at = 0; at < request.times; at += 1) {
    const { arc } = await authenticate(chain, { mta: 'sealer.example', resolver, disableBimi: true, ip: '192.0.2.1', helo: 'x.example', sender: 'a@x.example' });
    const fields = await sealMessage(chain, {
      signingDomain: 'signer.example',
      selector: 'rsa-sha256',
      privateKey: request.key,
      authResults: 'sealer.example; none',
      cv: at === 0 ? 'none' : arc.status.result,
    });
    chain = Buffer.concat([Buffer.from(fields), chain]);
    sealed.push(chain.toString('base64'));
  }
  return { sealed };
}

console.log(JSON.stringify(await { verify, sign, seal }[request.do]()));
