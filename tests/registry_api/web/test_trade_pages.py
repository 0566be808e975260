"""Moving credits on the pages, without scripts: what a form asks for is what is done, once."""

import re
from collections.abc import Iterator
from html import unescape
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from tests.registry_api.a_market import BUYERS, SECOND_REGISTRAR
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER
from tests.registry_api.api.trade_story import Market, a_market

# The same in every process that collects these tests.
NOBODYS_ORDER = UUID(int=17)

BUYER, OTHER = BUYERS
TERMS = {"beneficiary": "Lakeside Hotel", "purpose": "voluntary", "reason": "Heating"}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


@pytest.fixture
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with a_market(tmp_path_factory.mktemp("market")) as market:
        yield market


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """One for all tests that move nothing."""
    with a_market(tmp_path_factory.mktemp("quiet")) as market:
        yield market


def send(market: Market, address: str, fields: dict[str, str], *, by: str) -> Response:
    """Send a form as the page would."""
    headers = {"Authorization": f"Bearer {market.keys[by]}", "Sec-Fetch-Site": "same-origin"}
    return market.client.post(address, data=fields, headers=headers, follow_redirects=False)


def look(market: Market, address: str, *, by: str) -> Response:
    """Look at a page that anybody may see, signed in as a browser is."""
    market.client.post(
        "/sign-in", data={"key": market.keys[by]}, headers={"Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
    )  # fmt: skip
    seen = market.client.get(address, headers={"Sec-Fetch-Site": "same-origin"})
    market.client.cookies.clear()
    return seen


def hidden(page: Response) -> dict[str, str]:
    """What a page's form carries along."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}


def walked(market: Market, quantity_t: int, **terms: str) -> dict[str, str]:
    """Choose and say for whom; gives what the last page would send."""
    batch = market.batch["id"]
    second = send(market, "/retire/for", {f"of-{batch}": str(quantity_t)}, by=DEVELOPER)
    assert second.status_code == 200
    third = send(market, "/retire/confirm", {**hidden(second), **TERMS, **terms}, by=DEVELOPER)
    assert third.status_code == 200, third.text
    return hidden(third)


def offered(market: Market, quantity_t: int = 5) -> str:
    body = {"lots": market.lots(quantity_t), "to_account_id": BUYER}
    return str(market.post("/v1/transfers", body, by=DEVELOPER).json()["id"])


def test_three_steps_end_at_the_certificate(market: Market) -> None:
    last = walked(market, 4, beneficiary='Lakeside "Hotel" & Sons', country="KE")
    assert market.get("/v1/supply").json()["retired"] == 0
    done = send(market, "/retire/done", last, by=DEVELOPER)
    assert done.status_code == 303
    certificate = market.get(done.headers["location"])
    assert "Lakeside &#34;Hotel&#34; &amp; Sons" in certificate.text
    assert "4 tonnes of CO₂e" in certificate.text
    assert market.get("/v1/supply").json()["retired"] == 4


def test_sending_the_last_step_twice_retires_once(market: Market) -> None:
    last = walked(market, 4)
    first = send(market, "/retire/done", last, by=DEVELOPER)
    again = send(market, "/retire/done", last, by=DEVELOPER)
    assert first.headers["location"] == again.headers["location"]
    assert market.get("/v1/supply").json()["retired"] == 4


def test_what_is_retired_is_what_was_read_even_if_others_moved_meanwhile(market: Market) -> None:
    last = walked(market, 4)
    send(market, "/retire/done", walked(market, 1), by=DEVELOPER)
    late = send(market, "/retire/done", last, by=DEVELOPER)
    assert late.status_code == 409
    assert "you can move 3 of 4 credits" in late.text
    assert last["serials"] in late.text  # the choice is still there, to be mended
    assert market.get("/v1/supply").json()["retired"] == 1


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({}, 422, "Nothing is chosen yet"),
        ({"of-BATCH": "many"}, 422, "is no number of credits"),
        ({"of-BATCH": "-1"}, 422, "is no number of credits"),
        ({"of-BATCH": "500"}, 409, "You can move 23 credits"),
        ({"of-nonsense": "1"}, 422, "is not the id of an issuance"),
        ({"serials": "PKL-NO"}, 422, "is not a serial"),
    ],
)
def test_a_choice_that_cannot_be_is_a_sentence_at_the_first_step(
    quiet: Market, fields: dict[str, str], status: int, words: str
) -> None:
    sent = {name.replace("BATCH", quiet.batch["id"]): text for name, text in fields.items()}
    answer = send(quiet, "/retire/for", sent, by=DEVELOPER)
    assert answer.status_code == status
    assert words in answer.text
    assert 'action="/retire/for"' in answer.text


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"beneficiary": " "}, "names its beneficiary"),
        ({"purpose": "fun"}, "the purpose is one of"),
        ({"consumed_from": "yesterday"}, "is no day"),
        ({"consumed_until": "2025-12-31"}, "a first and a last day"),
        ({"beneficiary_lei": "5493001kjtiigc8y1r13"}, "check digits do not fit"),
    ],
)
def test_terms_that_cannot_be_are_a_sentence_and_nothing_typed_is_lost(
    quiet: Market, terms: dict[str, str], words: str
) -> None:
    batch = quiet.batch["id"]
    second = send(quiet, "/retire/for", {f"of-{batch}": "2"}, by=DEVELOPER)
    answer = send(quiet, "/retire/confirm", {**hidden(second), **TERMS, **terms}, by=DEVELOPER)
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert 'value="Heating"' in answer.text
    assert hidden(answer)["serials"] == hidden(second)["serials"]


def test_an_offer_is_made_and_taken(market: Market) -> None:
    form = hidden(market.get("/offer", by=DEVELOPER))
    fields = {**form, f"of-{market.batch['id']}": "5", "to": f" {BUYER.upper()} ", "note": "May"}
    made = send(market, "/offer", fields, by=DEVELOPER)
    assert made.status_code == 303
    order = made.headers["location"]
    assert "1 order waits for your answer" in market.get("/holdings", by=BUYER).text
    assert "waits for your answer" not in market.get("/holdings", by=OTHER).text
    seen = market.get(order, by=BUYER)
    assert "5 credits offered to you" in seen.text
    taken = send(market, f"{order}/answer", {**hidden(seen), "outcome": "accepted"}, by=BUYER)
    assert taken.status_code == 303
    assert "Your answer" not in market.get(order, by=BUYER).text
    held = market.get("/v1/holdings", by=BUYER).json()["items"]
    assert [(h["state"], h["quantity_t"]) for h in held] == [("active", 5)]


def test_an_order_offers_each_reader_the_answers_that_are_theirs(market: Market) -> None:
    order = offered(market)
    body = {"lots": market.lots(1), "reason": "Doubt"}
    doubt = market.post("/v1/cancellations", body, by=DEVELOPER).json()["id"]
    hold = market.post("/v1/holds", body | {"account_id": DEVELOPER}, by=REGISTRAR).json()["id"]
    expected = {
        (order, DEVELOPER): {"withdrawn"},
        (order, BUYER): {"accepted", "declined"},
        (order, REGISTRAR): set(),
        (doubt, DEVELOPER): {"withdrawn"},
        (doubt, SECOND_REGISTRAR): {"accepted", "declined"},
        (hold, DEVELOPER): set(),
        (hold, SECOND_REGISTRAR): {"released"},
    }
    for (order_id, by), answers in expected.items():
        text = market.get(f"/orders/{order_id}", by=by).text
        assert set(re.findall(r'name="outcome" value="(\w+)"', text)) == answers, by
    for by in (OTHER, VERIFIER):
        assert market.get(f"/orders/{order}", by=by).status_code == 404


@pytest.mark.parametrize("outcome", ["", "accepted", "nonsense"])
def test_an_answer_that_is_not_ones_own_changes_nothing(market: Market, outcome: str) -> None:
    order = offered(market)
    answer = send(
        market, f"/orders/{order}/answer", {"key": uuid4().hex, "outcome": outcome}, by=DEVELOPER
    )
    assert answer.status_code == (403 if outcome == "accepted" else 422)
    assert 'role="alert"' in answer.text
    assert market.get("/v1/supply").json()["offered"] == 5


@pytest.mark.parametrize(
    "address", ["/holdings", "/retire", "/offer", "/orders", f"/orders/{NOBODYS_ORDER}"]
)
def test_who_is_not_signed_in_is_led_there_and_nobody_else_reads_it(
    quiet: Market, address: str
) -> None:
    answer = quiet.client.get(address, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize(
    "address", ["/retire", "/retire/for", "/retire/confirm", "/retire/done", "/offer",
                f"/orders/{NOBODYS_ORDER}/answer"],
)  # fmt: skip
def test_another_site_cannot_send_these_forms(quiet: Market, address: str) -> None:
    headers = {"Authorization": f"Bearer {quiet.keys[DEVELOPER]}", "Sec-Fetch-Site": "cross-site"}
    assert quiet.client.post(address, data={}, headers=headers).status_code == 403


@pytest.mark.parametrize("address", ["/retire/for", "/retire/confirm"])
def test_a_step_that_is_only_looked_at_begins_again(quiet: Market, address: str) -> None:
    answer = quiet.client.get(address, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/retire")


def listed(market: Market, quantity_t: int = 10, **more: str) -> str:
    """List credits on the page; gives the order's id."""
    form = hidden(market.get("/list", by=DEVELOPER))
    price = {"price": "12.5", "currency": "usd", "note": "Delivery at once"}
    fields = {**form, f"of-{market.batch['id']}": str(quantity_t), **price, **more}
    made = send(market, "/list", fields, by=DEVELOPER)
    assert made.status_code == 303, made.text
    return made.headers["location"].rpartition("/")[2]


def test_credits_are_listed_reserved_settled_and_bought(market: Market) -> None:
    listing = listed(market, valid_until="2199-12-31")
    for_anybody = market.get("/listings").text
    assert "12.50 USD" in for_anybody
    assert "Sign in to reserve" in market.get(f"/listings/{listing}").text
    form = hidden(look(market, f"/listings/{listing}", by=BUYER))
    fields = {**form, "quantity": "4", "hours": "48", "note": "Purchase order 17"}
    reserved = send(market, f"/listings/{listing}/reserve", fields, by=BUYER)
    assert reserved.status_code == 303
    again = send(market, f"/listings/{listing}/reserve", fields, by=BUYER)
    assert again.headers["location"] == reserved.headers["location"]
    assert "of 10, the rest is reserved" in market.get("/listings").text
    newest = market.get("/v1/ledger?limit=1").json()["items"][0]
    assert (newest["kind"], newest["quantity_t"]) == ("credits_reserved", 4)
    order = reserved.headers["location"]
    seen = market.get(order, by=DEVELOPER)
    assert "4 credits reserved at 12.50 USD each" in seen.text
    said = {**hidden(seen), "outcome": "accepted", "note": "Invoice 7"}
    assert send(market, f"{order}/answer", said, by=DEVELOPER).status_code == 303
    assert "Invoice 7" in market.get(order, by=BUYER).text
    held = market.get("/v1/holdings", by=BUYER).json()["items"]
    assert [(h["state"], h["quantity_t"]) for h in held] == [("active", 4)]


def test_a_quote_is_asked_made_and_seen_by_two(market: Market) -> None:
    ask = f"/projects/{market.batch['project_id']}/quote"
    fields = {**hidden(market.get(ask, by=BUYER)), "quantity": "7", "note": "Any vintage"}
    asked = send(market, ask, fields, by=BUYER)
    assert asked.status_code == 303
    request = asked.headers["location"].rpartition("/")[2]
    assert f"/list?asked={request}" in market.get(f"/orders/{request}", by=DEVELOPER).text
    quote = listed(market, 7, asked=request)
    assert quote not in market.get("/listings").text
    assert "1 order waits for your answer" in market.get("/holdings", by=BUYER).text
    assert "a quote for you alone" in look(market, f"/listings/{quote}", by=BUYER).text
    assert market.get(f"/listings/{quote}").status_code == 404
    assert look(market, f"/listings/{quote}", by=OTHER).status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"price": "much"}, "is no price"),
        ({"currency": "dollars"}, "three capital letters"),
        ({"valid_until": "2001-01-01"}, "runs out in the future"),
        ({"asked": str(NOBODYS_ORDER)}, "There is no order"),
    ],
)
def test_a_listing_that_cannot_be_is_a_sentence(
    market: Market, fields: dict[str, str], words: str
) -> None:
    chosen = {f"of-{market.batch['id']}": "2", "price": "3", "currency": "EUR"}
    answer = send(market, "/list", {"key": uuid4().hex, **chosen, **fields}, by=DEVELOPER)
    assert answer.status_code in (404, 422)
    assert words in unescape(answer.text)
    assert market.get("/v1/listings").json()["items"] == []


@pytest.mark.parametrize("quantity", ["", "x", "0", "11"])
def test_a_reservation_that_cannot_be_is_a_sentence(market: Market, quantity: str) -> None:
    listing = listed(market)
    fields = {"key": uuid4().hex, "quantity": quantity, "hours": "24"}
    answer = send(market, f"/listings/{listing}/reserve", fields, by=BUYER)
    assert answer.status_code == (409 if quantity == "11" else 422)
    assert 'role="alert"' in answer.text
    assert market.get(f"/v1/listings/{listing}").json()["free_t"] == 10
