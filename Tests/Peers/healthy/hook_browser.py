"""The hook for JavaScript in the browser's bundle logs what is on the wire, over both transports."""

from harness.expectation import shows

WAYS = 3


async def play(stage):
    await stage.server()
    await stage.browser("""
        for (const transports of [["websocket"], ["polling", "websocket"], ["polling"]]) {
          const socket = io(url, { transports, forceNew: true, auth: { token: "t" } });
          hook(socket);
          await once(socket, "connect");
          const isUpgrading = transports.length > 1 && socket.io.engine.transport.name === "polling";
          if (isUpgrading) await once(socket.io.engine, "upgrade");
          socket.emit("message", "hello");
          await once(socket, "message");
          // The harness has no FileReader, which the bundle takes to post bytes.
          if (transports.includes("websocket")) socket.emit("message", new Uint8Array([1, 2, 3]));
          await socket.emitWithAck("ask", 1);
          await sleep(1200);
          socket.disconnect();
          await sleep(300);
        }
    """)


NEEDS_NODE = True
RECORDED = [shows("each way is a session", "SELECT count(*) FROM sessions", WAYS)]
LASTS = 8
