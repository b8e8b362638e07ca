"""A server does not allow the page's origin, so that the browser throws its answer away."""

import asyncio

from harness.expectation import finding, shows

BROWSER = {"Origin": "http://shop.example", "User-Agent": "Mozilla/5.0 (a page of a shop)"}


async def play(stage):
    async def answer(method, target, body):
        if "EIO=4" not in target:
            return 404, "not here"
        intervals = '"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000'
        return 200, '0{"sid":"s1","upgrades":["websocket"],' + intervals + "}"

    await stage.raw_server(on_request=answer)
    await stage.request("GET", "EIO=4&transport=polling", headers=BROWSER)
    # The page has the time to come back under its sid, and does not.
    await asyncio.sleep(5.5)
    await stage.request("GET", "", path="/favicon.ico", headers=BROWSER)


LASTS = 7
RECORDED = [
    shows(
        "the answer allows no origin",
        "SELECT count(*) FROM exchanges WHERE origin = 'http://shop.example' AND allow_origin IS NULL",
    )
]
FINDINGS = [finding("cors-blocked", "warning")]
