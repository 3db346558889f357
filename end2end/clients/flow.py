"""The whole flow with the generated Python client: prints what it saw as JSON. Called by clients.test.mjs."""
import json
import sys
from typing import Any, TypeVar
from uuid import uuid4

from shop_client import AuthenticatedClient, Client
from shop_client.api.auth import create_account
from shop_client.api.billing import complete_checkout, create_checkout_session
from shop_client.api.platform import (
    capture_hold,
    create_hold,
    create_spend,
    get_tenant_balance,
    list_tenant_entries,
    put_tenant,
    release_hold,
    reverse_spend,
)
from shop_client.models import (
    AccountView,
    Capture,
    CaptureAnswer,
    Completed,
    Completion,
    EntryPage,
    Funds,
    HoldAnswer,
    InsufficientCredits,
    NewAccount,
    NewHold,
    NewReversal,
    NewSpend,
    NewSpendMetadataType0,
    Order,
    Ordered,
    Problem,
    SpendAnswer,
    SpendReversalAnswer,
    TenantAnswer,
    TenantProfile,
)
from shop_client.types import UNSET, Unset

BASE_URL, API_KEY = sys.argv[1:]
ADA = "ada@example.com"
TENANT = "ada"

platform = AuthenticatedClient(base_url=BASE_URL, token=API_KEY)
visitor = Client(base_url=BASE_URL)
seen: dict[str, Any] = {}

T = TypeVar("T")


def must(wanted: type[T], answer: object) -> T:
    """The answer of the type that it must have."""
    assert isinstance(answer, wanted), answer
    return answer


def key() -> str:
    return str(uuid4())


def funds(answer: HoldAnswer | CaptureAnswer | SpendAnswer | SpendReversalAnswer | Funds) -> list[int]:
    return [answer.balance, answer.held, answer.available]


def session() -> AuthenticatedClient:
    """The buyer's client, as a browser is one: with a session cookie instead of an API key."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.get_httpx_client().cookies.items())
    return AuthenticatedClient(base_url=BASE_URL, token=cookies, prefix="", auth_header_name="Cookie")


def buy(product: str) -> str:
    buyer = session()
    ordered = must(Ordered, create_checkout_session.sync(client=buyer, body=Order(product_id=product)))
    paid = complete_checkout.sync(client=buyer, body=Completion(session_id=ordered.session_id))
    return must(Completed, paid).purchase.status.value


profile = TenantProfile(email=ADA, name="Ada")
first = put_tenant.sync_detailed(TENANT, client=platform, body=profile)
again = put_tenant.sync_detailed(TENANT, client=platform, body=profile)
tenant = must(TenantAnswer, first.parsed).tenant
seen["upserted"] = [first.status_code, again.status_code, must(TenantAnswer, again.parsed).tenant.id == tenant.id]

poor = create_hold.sync_detailed(TENANT, client=platform, body=NewHold(credits_=4), idempotency_key=key())
short = must(InsufficientCredits, poor.parsed)
seen["poor"] = [poor.status_code, [short.required, short.available]]

account = create_account.sync(client=visitor, body=NewAccount(email=ADA, password="correct horse battery"))
seen["joined"] = must(AccountView, account).tenant_id == tenant.id
seen["bought"] = buy("credits_5")

new_hold = NewHold(credits_=4, ttl_seconds=60, reference="job-1")
held = must(HoldAnswer, create_hold.sync(TENANT, client=platform, body=new_hold, idempotency_key=key()))
seen["held"] = funds(held)
hold = held.hold.id
seen["captured"] = []
for part in [1, 2]:
    capture = Capture(credits_=part, final=False)
    captured = capture_hold.sync(TENANT, hold, client=platform, body=capture, idempotency_key=key())
    seen["captured"].append(funds(must(CaptureAnswer, captured)))
capture = Capture(credits_=2, final=False)
beyond = capture_hold.sync_detailed(TENANT, hold, client=platform, body=capture, idempotency_key=key())
seen["beyond"] = [beyond.status_code, must(Problem, beyond.parsed).code]
released = must(HoldAnswer, release_hold.sync(TENANT, hold, client=platform, idempotency_key=key()))
seen["released"] = [released.hold.status.value, funds(released)]

metadata = NewSpendMetadataType0.from_dict({"model": "small"})
new_spend = NewSpend(credits_=1, reference="job-2", metadata=metadata)
spent = must(SpendAnswer, create_spend.sync(TENANT, client=platform, body=new_spend, idempotency_key="spend-1"))
repeated = create_spend.sync_detailed(TENANT, client=platform, body=new_spend, idempotency_key="spend-1")
same = must(SpendAnswer, repeated.parsed).spend.id == spent.spend.id
seen["spent"] = [funds(spent), same, repeated.headers.get("idempotent-replayed")]

five = NewSpend(credits_=5)
refused = create_spend.sync_detailed(TENANT, client=platform, body=five, idempotency_key="spend-2")
seen["refused"] = [refused.status_code, must(InsufficientCredits, refused.parsed).code]
seen["toppedUp"] = buy("credits_10")
second = must(SpendAnswer, create_spend.sync(TENANT, client=platform, body=five, idempotency_key="spend-3"))
blank = NewReversal(credits_=2, reason="the picture was blank")
reversed_ = must(
    SpendReversalAnswer,
    reverse_spend.sync(TENANT, second.spend.id, client=platform, body=blank, idempotency_key=key()),
)
seen["reversed"] = [reversed_.spend.reversed_, funds(reversed_)]

read = get_tenant_balance.sync(TENANT, client=platform, min_seq=reversed_.seq)
seen["balance"] = funds(must(Funds, read))
seen["entries"] = []
cursor: str | None | Unset = UNSET
while cursor is not None:
    page = must(EntryPage, list_tenant_entries.sync(TENANT, client=platform, limit=3, cursor=cursor))
    seen["entries"] += [[entry.kind.value, entry.credits_] for entry in page.items]
    cursor = page.next_cursor or None
print(json.dumps(seen))
