"""What Schemathesis can't make up: ids of things that are there, currencies, addresses. Loaded by SCHEMATHESIS_HOOKS.

A made-up id gets 404 and proves little, so most ids are replaced by those of real things; the rest stay as they were made up.
What a request gets wrong on purpose stays wrong: only values of the right shape are replaced.
"""

import atexit
import collections
import hashlib
import hmac
import json
import os
import pathlib
import random
import re
import time
import urllib.request
import uuid

import schemathesis

STAGE = json.loads(pathlib.Path(os.environ["API_FUZZ_STAGE"]).read_text())
THINGS = STAGE["things"]
# Who calls; none for nobody.
EMAIL = STAGE["people"].get(os.environ["API_FUZZ_CALLER"])
# Access tokens work for 15 minutes, and a run may take longer.
TOKEN_AGE_S_MAX = 300
# How many operations have to succeed, else the net has a hole: a token that is over, things that are not there.
SUCCEED_MIN = {"nobody": 8, "user": 20, "admin": 36}[os.environ["API_FUZZ_CALLER"]]
RANDOM = random.Random(int(os.environ.get("API_FUZZ_SEED", "1")))
# How many ids are real.
REAL = 0.75
# Which thing the id of a path names.
OF_PATH = [
    (re.compile(r"/orders/\{id\}"), "order"),
    (re.compile(r"/products/\{id\}"), "product"),
    (re.compile(r"/admin/webhooks/\{id\}"), "delivery"),
    (re.compile(r"/admin/transfers/\{id\}"), "transfer"),
    (re.compile(r"/admin/reversals/\{id\}"), "reversal"),
    (re.compile(r"/admin/attention/\{id\}"), "attention"),
]
# How often each operation answered with what.
ANSWERS = collections.defaultdict(collections.Counter)
# The sandbox's own, which the server is started with.
SECRETS = {"hyperswitch": b"sandbox_response_hash_key", "stripe": b"whsec_sandbox_platform"}
CURRENCIES = ["EUR", "USD", "JPY", "KWD"]


def is_uuid(value):
    try:
        return isinstance(value, str) and uuid.UUID(value) is not None
    except ValueError:
        return False


def real(kind, made_up):
    return RANDOM.choice(THINGS[kind]) if is_uuid(made_up) and RANDOM.random() < REAL else made_up


def believable(body):
    """The body with values that the rules of a marketplace let pass, where their shape is right."""
    if isinstance(body, list):
        return [believable(item) for item in body]
    if not isinstance(body, dict) or RANDOM.random() > REAL:
        return body
    body = {name: believable(value) for name, value in body.items()}
    if is_uuid(body.get("license_id")):
        del body["license_id"]  # products are sold without a chosen licence here
    if isinstance(body.get("amount"), int) and "currency" not in body:
        body = {"amount": RANDOM.choice([1, 100, 1_000])}  # a refund that can be
    for name, value in body.items():
        if not isinstance(value, str):
            continue
        if name == "currency":
            body[name] = RANDOM.choice(CURRENCIES)
        elif name == "product_id":
            body[name] = real("sold", value)
        elif name == "email":
            body[name] = f"u{RANDOM.randrange(10**9)}@example.org"
        elif name == "username":
            body[name] = f"u{RANDOM.randrange(10**9)}"
        elif name == "password" and len(value) < 12:
            body[name] = f"{value}-korrekt-pferd"
        elif name == "title" and not value.strip():
            body[name] = "Night Drive"
    return body


def message():
    """A message as a provider might send it, about something that is there or not, whole or broken."""
    name = RANDOM.choice(["payment_succeeded", "refund_failed", "dispute_opened", "payout.paid", "account.updated", "transfer.created", "x"])
    about = {"payment_id": RANDOM.choice(THINGS["order"] + ["unknown"]), "id": "po_unknown", "amount": RANDOM.choice([0, 1_000, "1000", 1.5, None])}
    body = {"id": f"evt_{RANDOM.random()}", "event_id": f"evt_{RANDOM.random()}", "type": name, "event_type": name}
    body |= {"content": {"object": about}, "data": {"object": about}}
    text = json.dumps(body).encode()
    return text if RANDOM.random() < REAL else text[: RANDOM.randrange(len(text))]


def signed_by_hyperswitch(body):
    return {"x-webhook-signature-512": hmac.new(SECRETS["hyperswitch"], body, hashlib.sha512).hexdigest()}


def signed_by_stripe(body):
    time_s = int(time.time())
    digest = hmac.new(SECRETS["stripe"], f"{time_s}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={time_s},v1={digest}"}


SENDERS = {"/webhooks/hyperswitch": signed_by_hyperswitch, "/webhooks/stripe": signed_by_stripe}


def login():
    body = json.dumps({"email": EMAIL, "password": os.environ["API_FUZZ_PASSWORD"]}).encode()
    url = f"{os.environ['API_FUZZ_SERVER']}/api/v1/auth/login"
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["access_token"]


if EMAIL:

    @schemathesis.auth(refresh_interval=TOKEN_AGE_S_MAX)
    class Token:
        def get(self, case, context):
            return login()

        def set(self, case, data, context):
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


@schemathesis.hook
def before_call(context, case, kwargs):
    for pattern, kind in OF_PATH:
        if pattern.search(case.path) and isinstance(case.path_parameters, dict) and "id" in case.path_parameters:
            case.path_parameters["id"] = real(kind, case.path_parameters["id"])
            if "class" in case.path_parameters and RANDOM.random() < REAL:
                case.path_parameters["class"] = "external_refund"
    if isinstance(case.body, (dict, list)):
        case.body = believable(case.body)
    if case.path in SENDERS and case.method == "POST" and RANDOM.random() < REAL:
        body = message()
        kwargs["data"] = body
        case.headers = {**(case.headers or {}), **SENDERS[case.path](body)}


@schemathesis.hook
def after_call(context, case, response):
    """Counts, and learns: what was made can be acted on."""
    if response.status_code != 405 and case.method != "OPTIONS":
        ANSWERS[f"{case.method} {case.path}"][response.status_code] += 1
    if response.status_code != 201:
        return
    made = response.json()
    if case.path.endswith("/products"):
        THINGS["product"].append(made["id"])
    elif case.path.endswith("/orders"):
        THINGS["order"].append(made["order"]["id"])


@atexit.register
def tell():
    done = [operation for operation, answers in ANSWERS.items() if any(200 <= status < 300 for status in answers)]
    calls = sum(answers.total() for answers in ANSWERS.values())
    print(f"{calls} calls; {len(done)} of {len(ANSWERS)} operations have succeeded at least once")
    if len(done) < SUCCEED_MIN:
        print(f"too few: {SUCCEED_MIN} are expected of this caller")
    if os.environ.get("API_FUZZ_ANSWERS"):
        for operation, answers in sorted(ANSWERS.items()):
            print(f"  {operation}: {dict(sorted(answers.items()))}")
