"""sioscope's own client has events for a namespace that the server refused: they are told of, and hold up no others."""

from harness.expectation import finding, frames


async def play(stage):
    async def serve(ws, number):
        await ws.text('0{"sid":"s1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}')
        await ws.until("40/deny,")
        await ws.text('40/a,{"sid":"n1"}')
        await ws.text('44/deny,{"message":"no"}')
        for _ in range(2):
            text = await ws.until("42/a,")
            await ws.text(text)
        await ws.until_end(10)

    await stage.raw_server(serve)
    client = await stage.own_client("--namespace", "/a", "--namespace", "/deny")
    for namespace, event in [("/a", "first"), ("/deny", "second"), ("/deny", "third"), ("/a", "fourth")]:
        client.emit({"namespace": namespace, "event": event})
    await client.expect({"namespace": "/a", "event": "first", "args": []})
    await client.expect({"namespace": "/a", "event": "fourth", "args": []})
    await client.interrupt()
    told = [line for line in client.talk.splitlines() if line.startswith("standard input")]
    if told != [
        "standard input, line 2: namespace /deny is not connected; this and further lines for it are left out"
    ]:
        raise RuntimeError(f"it does not say so, once: {client.talk}")


RECORDED = [frames("the server refuses one", "sio_type = 'connect_error' AND namespace = '/deny'", 1)]
FINDINGS = [finding("connect-refused-auth", "warning")]
