"""Makes the people and things that scripts/api-fuzz.sh calls operations on, and writes them to a file.

usage: stage.py SERVER SANDBOX OUTBOX ADMIN_EMAIL PASSWORD FILE
"""

import json
import pathlib
import re
import sys
import time
import urllib.request

SERVER, SANDBOX, OUTBOX, ADMIN, PASSWORD, FILE = sys.argv[1:]
PATIENCE_S = 60
ORDERS = 6
PRODUCTS = 6


def call(method, url, body=None, token=None, headers=None):
    headers = {"content-type": "application/json", **(headers or {})}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def api(method, path, body=None, token=None, headers=None):
    return call(method, f"{SERVER}/api/v1{path}", body, token, headers)


def until(what, look):
    """Waits until `look` gives something."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"never saw: {what}")


def mailed_token(email):
    mails = [path.read_text() for path in pathlib.Path(OUTBOX).glob("*")]
    tokens = [re.search(r"token=(\S+)", mail) for mail in mails if f"To: {email}" in mail]
    return next((token.group(1) for token in tokens if token), None)


def login(email):
    return api("POST", "/auth/login", {"email": email, "password": PASSWORD})["access_token"]


def sign_up(name):
    email = f"{name}@example.org"
    api("POST", "/auth/register", {"email": email, "username": name, "password": PASSWORD})
    token = until("the verification mail", lambda: mailed_token(email))
    api("POST", "/auth/verify-email", headers={"x-verify-token": token})


def product(token, title):
    price = {"amount": 1_000, "currency": "EUR"}
    made = api("POST", "/marketplace/products", {"kind": "track", "title": title, "price": price}, token)["id"]
    return api("POST", f"/marketplace/products/{made}/publish", token=token)["id"]


def order(token, item):
    """A paid order."""
    placed = api("POST", "/marketplace/orders", {"items": [{"product_id": item}]}, token)["order"]["id"]
    call("POST", f"{SANDBOX}/control/payments/{placed}/pay", {})
    until("the order paid", lambda: api("GET", f"/marketplace/orders/{placed}", token=token)["status"] == "completed")
    return placed


def items(path, token):
    return api("GET", path, token=token)["items"]


def main():
    # The admin sells and buys as well, so that every operation can succeed for one of the callers.
    admin = login(ADMIN)
    sign_up("somebody")
    api("POST", "/me/creator", token=admin)
    api("POST", "/subscriptions/subscribe", {"plan": "premium"}, admin)
    account = api("POST", "/seller/onboarding", token=admin)["account_id"]
    call("POST", f"{SANDBOX}/control/accounts/{account}", {"transfers": "active", "payouts_enabled": True})
    api("POST", "/seller/onboarding", token=admin)

    products = [product(admin, f"Track {number}") for number in range(PRODUCTS)]
    sold = [product(admin, "Night Drive"), product(admin, "Day Drive")]
    orders = [order(admin, sold[0]) for _ in range(ORDERS)]
    sent = lambda: [row for row in items("/seller/transfers?limit=100", admin) if row["status"] == "completed"]
    until("the transfers", lambda: len(sent()) == ORDERS)
    # One is given back after the money has left the account: a reversal that waits. One is given back elsewhere: a person has to look.
    call("POST", f"{SANDBOX}/control/accounts/{account}/payout", {})
    api("POST", f"/marketplace/orders/{orders[0]}/refund", {}, admin)
    call("POST", f"{SANDBOX}/control/payments/{orders[1]}/refund", {"amount": 100})
    waits = lambda: [row["id"] for row in items("/admin/attention", admin) if row["class"] == "external_refund"]
    attention = until("the refund from the dashboard", waits)
    open_reversals = lambda: [taken["id"] for row in items("/seller/transfers?limit=100", admin) for taken in row["reversals"]]
    stage = {
        "people": {"user": "somebody@example.org", "admin": ADMIN},
        "things": {
            "order": orders,
            "product": products,
            "sold": sold,
            "transfer": [row["id"] for row in sent()],
            "reversal": until("the reversals", open_reversals),
            "delivery": [row["id"] for row in items("/admin/webhooks?limit=10", admin)],
            "attention": attention,
        },
    }
    pathlib.Path(FILE).write_text(json.dumps(stage))


main()
