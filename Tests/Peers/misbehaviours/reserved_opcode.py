"""A client sends a frame of opcode 3, which is reserved; the server closes with 1002."""

from harness.expectation import finding, shows


async def play(stage):
    await stage.server("asgi")
    ws = await stage.websocket(join=True)
    await ws.frame(3, b"hello")
    await ws.until_close()
    await ws.close()


RECORDED = [shows("the server closes", "SELECT ended_by || ' ' || close_code FROM sessions", "server 1002")]
FINDINGS = [finding("ws-control-frame-invalid", "error", "confirmed")]
