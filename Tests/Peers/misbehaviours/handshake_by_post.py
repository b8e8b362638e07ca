"""A client opens its session by POST."""

from harness.expectation import finding, shows


async def play(stage):
    await stage.server()
    await stage.request("POST", "EIO=4&transport=polling", "40")


RECORDED = [shows("it is refused", "SELECT count(*) FROM exchanges WHERE status = 400 AND method = 'POST'")]
FINDINGS = [finding("bad-handshake-method", "warning")]
