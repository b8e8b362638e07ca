"""The browser's bundle loses its connection and has its state recovered: pid, offset, what it missed; ill: pings too.

There is no server of Node here, and python-socketio recovers nothing: the recording is one of the live bundle with a
recorded Node server, played to it.
"""

PEER = "browser"
FAULT = "eio4-client-ping"
# Of socket.io-client for Node with Node's server.
PLAYED = "captures/js-recovery/capture.pcap"

SCRIPT = """
    const options = { reconnectionDelay: 500, reconnectionDelayMax: 500, randomizationFactor: 0 };
    const socket = io(url, { ...options, transports: ["websocket"] });
    const missed = [];
    socket.on("missed", (number) => missed.push(number));
    await once(socket, "connect");
    await socket.emitWithAck("echo", "before");
    socket.emit("bcast", "seed-offset");
    await once(socket, "all");
    const id = socket.id;
    socket.emit("later", 250, 3);
    socket.emit("drop");
    await once(socket, "disconnect");
    await once(socket, "connect");
    if (!socket.recovered || socket.id !== id || missed.join() !== "0,1,2") {
      throw new Error(`recovered ${socket.recovered}, missed ${missed}`);
    }
    /* here */
    await sleep(500);
    await socket.emitWithAck("echo", "after");
    await sleep(700);
    socket.disconnect();
"""
ILL_SCRIPT = SCRIPT.replace("/* here */", 'socket.io.engine.transport.send([{ type: "ping" }]);')
