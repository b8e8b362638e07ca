"""sioscope's own client: events, acks and bytes both ways, two namespaces, the server ends one of them."""

import asyncio

from harness.expectation import frames, shows


async def play(stage):
    await stage.server()
    client = await stage.own_client(
        "--namespace", "/", "--namespace", "/chat", "--auth", '{"token":"good"}', "--ack", '["well",{"_base64":"AQ=="}]'
    )
    client.emit(["message", {"text": "hällo 😀"}, {"_base64": "AQID"}])
    await client.expect(
        {"namespace": "/", "event": "message", "args": [{"text": "hällo 😀"}, {"_base64": "AQID"}]}
    )
    client.emit({"event": "ask", "args": [1, {"_base64": "BAUG"}], "ack": True})
    await client.expect({"namespace": "/", "ack_of": "ask", "args": [1, {"_base64": "BAUG"}]})
    client.emit({"event": "slow", "namespace": "/chat", "args": ["later"], "ack": 5000})
    client.emit(["question"])
    await client.expect(
        {"namespace": "/", "event": "question", "args": [["how are you?"]], "ack_id": 1},
        {"namespace": "/chat", "ack_of": "slow", "args": ["later"]},
    )
    client.emit({"event": "leave", "namespace": "/chat"})
    await asyncio.sleep(2.5)
    client.emit(["message", "still here"])
    await client.expect({"namespace": "/", "event": "message", "args": ["still here"]})
    await client.interrupt()


RECORDED = [
    shows("there is one session", "SELECT count(*) FROM sessions"),
    shows("the client ends it", "SELECT ended_by || ' ' || close_code FROM sessions", "client 1000"),
    shows("all acks came", "SELECT count(*) FROM acks WHERE answered_frame_id IS NOT NULL", 3),
    shows("both sides ask", "SELECT count(DISTINCT asked_by) FROM acks", 2),
    frames("bytes go both ways", "sio_type = 'attachment'", 5),
    frames("auth goes to both namespaces", "sio_type = 'connect' AND payload = '{\"token\":\"good\"}'", 2),
    frames("the server ends one namespace", "sio_type = 'disconnect' AND sender = 'server' AND namespace = '/chat'", 1),
    frames("the client says goodbye in the other", "sio_type = 'disconnect' AND sender = 'client'", 1),
    shows("every ping is answered", "SELECT count(*) FROM heartbeats WHERE ponged_ns IS NULL", 0),
    shows("the server pings", "SELECT count(*) >= 2 FROM heartbeats"),
]
