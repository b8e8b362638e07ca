"""A client posts more than `maxPayload`; python-engineio drops the session."""

import contextlib

from harness.expectation import finding, shows


async def play(stage):
    await stage.server(max_http_buffer_size=1000)
    client = await stage.polling()
    with contextlib.suppress(TimeoutError):
        await client.post('42["message","' + "x" * 5000 + '"]', within=1)
    await client.get()


RECORDED = [shows("the body crosses", "SELECT count(*) FROM exchanges WHERE method = 'POST' AND request_bytes > 5000")]
FINDINGS = [finding("polling-payload-too-large", "error")]
ALLOWED = ["message-too-big", "sid-reuse-after-close", "sid-unknown", "poll-gap"]
