"""A client sends a text packet between header and attachment, as two threads do that share a connection."""

import asyncio

from harness.expectation import finding, frames, shows


async def play(stage):
    await stage.server()
    ws = await stage.websocket(join=True)
    await ws.text('451-["message",{"_placeholder":true,"num":0}]')
    await ws.event("message", "between")
    await ws.binary(b"\x01")
    await asyncio.sleep(1.5)
    await ws.close()


RECORDED = [
    frames("the header crosses", "sio_type = 'binary_event' AND sender = 'client'", 1),
    shows(
        "python-socketio takes the text for the attachment",
        "SELECT count(*) FROM frames WHERE sender = 'server' AND sio_type IN ('event', 'binary_event')"
        " AND payload LIKE '%between%'",
    ),
]
FINDINGS = [finding("attachment-interleaved", "error")]
# What the late attachment is, once its header was given up, is a matter of view.
ALLOWED = ["attachment-orphan", "attachment-missing"]
