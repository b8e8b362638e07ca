"""A server accepts the WebSocket of an upgrade and never answers the probe."""

import asyncio

from harness.expectation import finding, frames


async def play(stage):
    async def answer(method, target, body):
        if "sid=" not in target:
            intervals = '"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000'
            return 200, '0{"sid":"s1","upgrades":["websocket"],' + intervals + "}"
        return 200, "ok" if method == "POST" else '40{"sid":"s2"}'

    async def serve(ws, number):
        await ws.until_end(20)

    await stage.raw_server(serve, answer)
    client = await stage.polling()
    ws = await stage.websocket(f"EIO=4&transport=websocket&sid={client.sid}", opens=False)
    await ws.text("2probe")
    await asyncio.sleep(6)
    await ws.close()


LASTS = 8
RECORDED = [frames("only the probe crosses", "payload = 'probe'", 1)]
FINDINGS = [finding("upgrade-probe-unanswered", "warning")]
ALLOWED = ["poll-gap"]
