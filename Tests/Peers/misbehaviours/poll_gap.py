"""A polling client pauses for three seconds, and the server has nowhere to put its packets."""

import asyncio

from harness.expectation import finding, shows


async def play(stage):
    await stage.server(ping_interval=5, ping_timeout=5)
    client = await stage.polling()
    await asyncio.sleep(3.5)
    client.start()
    await client.post('421["ask",1]')
    await asyncio.sleep(0.5)
    await client.close()


RECORDED = [
    shows(
        "no poll is pending",
        "SELECT max(requested_ns - before) > 3e9 FROM (SELECT requested_ns, lag(responded_ns) OVER (ORDER BY id)"
        " AS before FROM exchanges WHERE method = 'GET')",
    )
]
FINDINGS = [finding("poll-gap", "warning")]
