// Verifies a message, read from standard input, with mailauth; prints what it says of DKIM, SPF and DMARC as JSON.
// Arguments: port of the name server on 127.0.0.1, the peer's address, its HELO name, the envelope sender.

import { createRequire } from 'node:module';
import { Resolver } from 'node:dns/promises';
import { buffer } from 'node:stream/consumers';

const require = createRequire(`${process.env.NODE_MODULES}/`);
const { authenticate } = require('mailauth');

const [port, ip, helo, sender] = process.argv.slice(2);
const resolver = new Resolver();
resolver.setServers([`127.0.0.1:${port}`]);
const { dkim, spf, dmarc } = await authenticate(await buffer(process.stdin), {
  ip,
  helo,
  sender,
  mta: 'verifier.test',
  resolver: (name, type) => resolver.resolve(name, type),
  disableArc: true,
  disableBimi: true,
});
console.log(JSON.stringify({
  dkim: dkim.results.map(({ signingDomain, algo, status }) => ({ domain: signingDomain, algorithm: algo, result: status.result })),
  spf: spf.status.result,
  dmarc: dmarc.status.result,
}));
