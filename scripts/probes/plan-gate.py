#!/usr/bin/env python3
"""Tries to use what a paid plan allows without paying for it, against a running instance.

  scripts/probes/plan-gate.py http://127.0.0.1:8080                 looks, and says what it would try; changes nothing
  scripts/probes/plan-gate.py URL --destructive --outbox data/outbox  makes an account, chooses a plan, tries every way in, cleans up
  scripts/probes/plan-gate.py URL --destructive --token TOKEN       the same with the access token of an account of yours without a plan

Where mails are really sent, make the account yourself and give its token. Ends with 0: nobody gets in; 1: a way in was found;
2: called wrongly, or the instance can't be probed. Needs Python 3 and nothing else.
"""

import argparse
import hashlib
import hmac
import json
import pathlib
import re
import secrets
import sys
import time
import urllib.error
import urllib.request

PATIENCE_S = 30
PASSWORD = "probe-" + secrets.token_urlsafe(24)


class Unable(Exception):
    """The instance can't be probed."""


def call(base, method, path, body=None, token=None, headers=None):
    """An answer's status and body; any status is an answer."""
    sent = {"content-type": "application/json", **(headers or {})}
    if token:
        sent["authorization"] = f"Bearer {token}"
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            status, text = answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        status, text = refusal.code, refusal.read()
    except OSError as error:
        raise Unable(f"{base}{path} does not answer: {error}") from error
    try:
        return status, json.loads(text) if text else None
    except ValueError:
        return status, None


def sign_up(base, outbox):
    """A new account with a proven address; its access token."""
    name = "probe" + secrets.token_hex(6)
    email = f"{name}@example.org"
    status, _ = call(base, "POST", "/api/v1/auth/register", {"email": email, "username": name, "password": PASSWORD})
    if status != 201:
        raise Unable(f"registering answers {status}")
    end = time.monotonic() + PATIENCE_S
    while True:
        mails = [path.read_text(errors="replace") for path in pathlib.Path(outbox).glob("*")]
        found = next((match for mail in mails if email in mail and (match := re.search(r"token=(\S+)", mail))), None)
        if found:
            break
        if time.monotonic() > end:
            raise Unable(f"no mail to {email} came to {outbox}")
        time.sleep(0.1)
    call(base, "POST", "/api/v1/auth/verify-email", headers={"x-verify-token": found.group(1)})
    status, session = call(base, "POST", "/api/v1/auth/login", {"email": email, "password": PASSWORD})
    if status != 200:
        raise Unable(f"signing in answers {status}")
    return session["access_token"]


def gated(base, token):
    """What a paid plan allows, tried: (what, whether it worked, status and code)."""
    product = {"kind": "track", "title": "Probe", "price": {"amount": 100, "currency": "USD"}}
    tries = [("sell", "POST", "/api/v1/marketplace/products", product, (201,))]
    nothing = {"product_id": "00000000-0000-7000-8000-000000000000", "platforms": ["spotify"]}
    # Without a product of one's own the gate has to answer first; 404 and 422 are behind it.
    tries.append(("distribute", "POST", "/api/v1/distribution/submit", nothing, (201, 202, 404, 409, 422)))
    for what, method, path, body, through in tries:
        status, answer = call(base, method, path, body, token)
        code = (answer or {}).get("code", "")
        if status == 404 and code == "not_found" and what == "distribute":
            continue  # an instance without this route
        yield what, status in through, f"{status} {code}"


def forged(payment):
    """A success that the payment provider never sent, signed by somebody who does not know the secret."""
    body = {
        "merchant_id": "m", "event_id": "evt_" + secrets.token_hex(16), "event_type": "payment_succeeded",
        "content": {"type": "payment_details", "object": {
            "payment_id": payment, "status": "succeeded", "amount": 999, "amount_received": 999, "currency": "USD"}},
        "timestamp": "2026-01-01T00:00:00.000Z",
    }
    raw = json.dumps(body).encode()
    for key in (None, b"", b"secret", b"guess"):
        signature = {} if key is None else {"x-webhook-signature-512": hmac.new(key, raw, hashlib.sha512).hexdigest()}
        yield raw, signature


class Probe:
    def __init__(self, base, token):
        self.base, self.token, self.ways_in = base, token, []

    def post(self, path, body=None):
        return call(self.base, "POST", path, body, self.token)

    def look(self, after):
        """Is anything open now that should be shut?"""
        for what, through, told in gated(self.base, self.token):
            print(f"  {'GOT IN' if through else 'refused'}: {what} after {after}: {told}")
            if through:
                self.ways_in.append(f"{what} after {after}")

    def run(self):
        self.post("/api/v1/me/creator")
        status, mine = call(self.base, "GET", "/api/v1/me/subscription", token=self.token)
        if status != 200 or mine["subscription"] and mine["subscription"]["plan"] != "free":
            raise Unable("the account has a plan already, or its token is not known: an account without one is needed")
        self.look("registering")
        status, begun = self.post("/api/v1/subscriptions/subscribe", {"plan": "creator", "cycle": "monthly"})
        if status == 503:
            print("  no payment provider: paid plans are refused, as they should be")
            self.look("a plan that was refused")
            return
        if status not in (200, 201):
            raise Unable(f"subscribing answers {status}: {begun}")
        if begun["subscription"]["status"] != "pending_payment":
            self.ways_in.append(f"a paid plan begins as {begun['subscription']['status']}")
        subscription = begun["subscription"]["id"]
        payment = (begun["payment"] or {}).get("payment_id", subscription)
        self.look("choosing a plan")
        for raw, signature in forged(payment):
            status, _ = call(self.base, "POST", "/webhooks/hyperswitch", raw, headers=signature)
            if status != 401:
                self.ways_in.append(f"a forged message was answered {status}")
        self.look("forged messages")
        for path, body in (
            ("/api/v1/subscriptions/subscribe", {"plan": "creator", "cycle": "monthly", "status": "active"}),
            (f"/api/v1/subscriptions/complete/{subscription}", None),
            ("/api/v1/subscriptions/cancel", None),
            ("/api/v1/subscriptions/reactivate", None),
            ("/api/v1/subscriptions/change", {"plan": "premium", "cycle": "monthly"}),
            ("/api/v1/subscriptions/change", {"plan": "creator", "cycle": "yearly"}),
        ):
            self.post(path, body)
            self.look(path.removeprefix("/api/v1"))
        # Another plan closes the unpaid one, which has to stay shut.
        self.post("/api/v1/subscriptions/subscribe", {"plan": "creator", "cycle": "yearly"})
        self.look("another unpaid plan")

    def clean_up(self):
        self.post("/api/v1/subscriptions/subscribe", {"plan": "free", "cycle": "monthly"})
        status, _ = call(self.base, "DELETE", "/api/v1/me", token=self.token)
        self.post("/api/v1/auth/logout")
        gone = status in (200, 202, 204)
        print("  the account is gone" if gone else "  the unpaid plan is closed; this version keeps accounts, so the probe's stays")


def look_only(base):
    """Changes nothing: without a token everything is shut."""
    status, plans = call(base, "GET", "/api/v1/subscriptions/plans")
    if status != 200:
        raise Unable(f"listing plans answers {status}")
    print(f"  {len(plans['items'])} plans are offered")
    ways_in = [what for what, through, _ in gated(base, None) if through]
    print("  without a token: " + (", ".join(ways_in) or "everything is refused"))
    print("  with --destructive: an account, a plan that is not paid, what it allows, forged messages, every call that changes a plan")
    return ways_in


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("url", help="where the instance is")
    arguments.add_argument("--destructive", action="store_true", help="try the ways in, with an account of its own")
    arguments.add_argument("--outbox", help="folder of the local outbox (DATA_DIR/outbox)")
    arguments.add_argument("--token", help="access token of an account without a plan")
    chosen = arguments.parse_args()
    base = chosen.url.rstrip("/")
    if chosen.destructive and not (chosen.outbox or chosen.token):
        arguments.error("--destructive needs --outbox or --token")
    try:
        print(f"Probing {base}")
        if chosen.destructive:
            probe = Probe(base, chosen.token or sign_up(base, chosen.outbox))
            try:
                probe.run()
            finally:
                probe.clean_up()
            ways_in = probe.ways_in
        else:
            ways_in = look_only(base)
    except Unable as error:
        print(f"can't be probed: {error}", file=sys.stderr)
        return 2
    for way in ways_in:
        print(f"A WAY IN: {way}")
    print("nobody gets in without paying" if not ways_in else f"{len(ways_in)} ways in")
    return 1 if ways_in else 0


if __name__ == "__main__":
    sys.exit(main())
