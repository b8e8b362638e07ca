"""A server like Node's switches protocols first and then writes its refusal of `EIO=3` into the WebSocket."""

from harness.expectation import finding, shows


async def play(stage):
    async def serve(ws, number):
        body = "Unsupported protocol version"
        await ws.bytes(
            f"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-type: text/html\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await ws.end()

    await stage.raw_server(serve)
    await stage.eio3_client("websocket", seconds=0)


RECORDED = [
    shows("it is switched first", "SELECT count(*) FROM exchanges WHERE status = 101 AND target LIKE '%EIO=3%'"),
]
FINDINGS = [finding("eio-version-rejected", "error", "confirmed")]
ALLOWED = ["http-text-inside-websocket", "open-missing", "ws-fin-without-close", "tcp-reset-midsession"]
