"""A client gives up a poll before it is answered, and comes back later."""

import asyncio
import contextlib

from harness.expectation import finding, shows

PROXIED = True


async def play(stage):
    await stage.server(ping_interval=3)
    client = await stage.polling()
    with contextlib.suppress(TimeoutError):
        await client.get(within=0.4)
    await asyncio.sleep(0.3)
    client.start()
    await asyncio.sleep(1.5)
    await client.close()


RECORDED = [shows("a poll is never answered", "SELECT count(*) > 0 FROM exchanges WHERE method = 'GET' AND status IS NULL")]
FINDINGS = [finding("poll-aborted", "error")]
# What the server wrote for the poll that is gone is lost: its ping, say.
ALLOWED = ["pong-missing", "server-ping-missed", "sid-unknown", "sid-reuse-after-close"]
