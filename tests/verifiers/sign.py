"""Signs a message, read from standard input, with dkimpy; prints the DKIM-Signature field.

Arguments: the domain, the selector, the file of the RSA key.
"""

import sys

import dkim

domain, selector, key = sys.argv[1:]
with open(key, "rb") as file:
    private = file.read()
headers = [b"from", b"to", b"subject", b"date", b"message-id"]
field = dkim.sign(sys.stdin.buffer.read(), selector.encode(), domain.encode(), private, include_headers=headers)
sys.stdout.buffer.write(field)
