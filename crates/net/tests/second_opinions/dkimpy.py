"""Signs, seals and verifies with dkimpy: one request as JSON on standard input, the answer as JSON on standard output."""

import base64
import json
import sys

import dkim

request = json.load(sys.stdin)
message = base64.b64decode(request["message"])


def text(name, timeout=5):
    return request.get("records", {}).get(name.decode().rstrip("."), "").encode() or None


def encoded(data):
    return base64.b64encode(data).decode()


def verify():
    fields = [name.lower() for name, _ in dkim.DKIM(message).headers]
    signatures = []
    for index in range(fields.count(b"dkim-signature")):
        verifier = dkim.DKIM(message)
        valid = verifier.verify(idx=index, dnsfunc=text)
        signatures.append({"algorithm": verifier.signature_fields[b"a"].decode(), "valid": valid})
    chain = dkim.arc_verify(message, dnsfunc=text)[0]
    return {"signatures": signatures, "arc": (chain or b"none").decode()}


def sign():
    signed = []
    for algorithm, key in request["keys"].items():
        for header in (b"simple", b"relaxed"):
            for body in (b"simple", b"relaxed"):
                signer = dkim.DKIM(message, signature_algorithm=algorithm.encode())
                key_bytes = key.encode()
                field = signer.sign(
                    f"{algorithm}".encode(), b"signer.example", key_bytes, canonicalize=(header, body),
                    include_headers=[b"from", b"subject"],
                )
                signed.append({"how": f"{algorithm} {header.decode()}/{body.decode()}", "message": encoded(field + message)})
    return {"signed": signed}


def seal():
    chain = message
    sealed = []
    for at in range(request["times"]):
        results = b"Authentication-Results: sealer.example; arc=%s\r\n" % (b"pass" if at else b"none")
        fields = dkim.arc_sign(
            results + chain, b"rsa-sha256", b"signer.example", request["key"].encode(), b"sealer.example",
            include_headers=[b"from", b"subject"],
        )
        chain = b"".join(fields) + chain
        sealed.append(encoded(chain))
    return {"sealed": sealed}


print(json.dumps({"verify": verify, "sign": sign, "seal": seal}[request["do"]]()))
