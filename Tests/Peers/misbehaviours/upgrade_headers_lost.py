"""A proxy strips the Upgrade headers, so that the server sees a plain request for a WebSocket."""

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    await stage.request("GET", "EIO=4&transport=websocket")


RECORDED = [shows("it is refused", "SELECT count(*) FROM exchanges WHERE status = 400")]
FINDINGS = [finding("upgrade-refused", "error")]
