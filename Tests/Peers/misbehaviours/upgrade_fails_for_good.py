"""A proxy strips the Upgrade headers of a session's WebSocket, and the session stays on polling."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    client = await stage.polling()
    client.start()
    await stage.request("GET", f"EIO=4&transport=websocket&sid={client.sid}")
    await asyncio.sleep(32)
    await client.close()


LASTS = 35
RECORDED = [
    shows(
        "it is refused",
        "SELECT count(*) FROM exchanges WHERE target LIKE '%transport=websocket%' AND status = 400",
    ),
    shows("it polls to the end", "SELECT transports FROM sessions", "polling"),
]
# python-engineio says "Invalid transport" here, as it would of one that there is not.
NEVER = ["transport-unknown"]
FINDINGS = [finding("upgrade-refused", "error"), finding("stuck-in-polling", "warning")]
