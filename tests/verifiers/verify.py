"""Verifies a message, read from standard input, with dkimpy (each signature apart) and pyspf; prints what they say as JSON.

Arguments: port of the name server on 127.0.0.1, the peer's address, its HELO name, the envelope sender.
"""

import json
import sys

import dns.resolver

port, ip, helo, sender = sys.argv[1:]
resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers, resolver.port = ["127.0.0.1"], int(port)
dns.resolver.default_resolver = resolver

import dkim
import spf


def text(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    return b"".join(resolver.resolve(name, "TXT")[0].strings)


message = sys.stdin.buffer.read()
fields = [name.lower() for name, _ in dkim.DKIM(message).headers]
signatures = []
for index in range(fields.count(b"dkim-signature")):
    verifier = dkim.DKIM(message)
    try:
        is_valid = verifier.verify(idx=index, dnsfunc=text)
    except dkim.ValidationError:
        is_valid = False
    tags = verifier.signature_fields
    signatures.append({
        "algorithm": tags[b"a"].decode(),
        "domain": tags[b"d"].decode(),
        "signed": [name.strip() for name in tags[b"h"].decode().lower().split(":")],
        "valid": is_valid,
    })
result, _, explanation = spf.check(i=ip, s=sender, h=helo)
print(json.dumps({"dkim": signatures, "spf": result, "explanation": explanation}))
