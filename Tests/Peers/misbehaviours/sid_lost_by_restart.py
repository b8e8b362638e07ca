"""The server restarts in the middle of a polling session and knows the client no more."""

from harness.expectation import finding, shows

# The second server has another port.
PROXIED = False


async def play(stage):
    await stage.server()
    client = await stage.polling()
    await client.post('421["ask",1]')
    await client.get()
    await stage.server()
    await client.get()


RECORDED = [
    shows("the sid is refused", "SELECT count(*) FROM exchanges WHERE status = 400 AND target LIKE '%sid=%'")
]
FINDINGS = [finding("sid-unknown", "error", "confirmed")]
