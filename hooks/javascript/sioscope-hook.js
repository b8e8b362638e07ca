/**
 * Hook log of socket.io-client and engine.io-client (3 and 4 of Socket.IO, Engine.IO 4), for sioscope.
 *
 *   const socket = io(url);
 *   const hook = sioscopeHook.attach(socket, "run.jsonl");            // node: a file, appended to
 *   const hook = sioscopeHook.attach(socket, "unix:/tmp/hooks.sock"); // node: sioscope record hook --listen unix:...
 *   const hook = sioscopeHook.attach(socket, "127.0.0.1:9100", { token: "..." });
 *   const hook = sioscopeHook.attach(socket);                         // browser: kept in memory
 *   hook.download();                                                  // ... until this saves it as run.jsonl
 *   const hook = sioscopeHook.attach(socket, (line) => ...);          // each line to a function of yours
 *
 * Attach in the same turn as io(...), before anything crosses the wire. Takes a Socket, a Manager or an Engine.IO
 * socket; later connections of the same client are logged as well. What is sent and received is one JSON object a line,
 * over both transports; `sioscope import run.jsonl -o run.db` reads it. One file without dependencies: a script tag
 * (`sioscopeHook`), `require`, or `import hook from "./sioscope-hook.js"` in node.
 *
 * The client is never slowed down or broken: lines wait in a queue of 16 MiB; what does not fit, or cannot be written, is
 * dropped and counted (`hook.dropped`). A page cannot reach a file or a socket of its machine, so there the lines stay in
 * memory. `await hook.close()` writes the rest; a file is written to its end when node ends, a socket is not.
 *
 * Packets are seen where the transport takes and gives them, so sizes are those of packets and times those of the call;
 * WebSocket pings are not seen. A Blob is logged with its size and without its bytes.
 *
 * Copyright: the authors of sioscope, Apache-2.0.
 */
(function (root, make) {
  if (typeof module === "object" && module.exports) module.exports = make();
  else root.sioscopeHook = make();
})(typeof globalThis !== "undefined" ? globalThis : this, function () {
  "use strict";

  const QUEUE_BYTES = 16 << 20;
  const TYPES = { open: 0, close: 1, ping: 2, pong: 3, message: 4, upgrade: 5, noop: 6 };
  const seen = new WeakSet();
  const isNode = typeof process === "object" && !!(process.versions && process.versions.node);
  let names = 0;

  /** Logs a client from now on. `sink`: see above; `options.token`: what `record hook --token` asks for. */
  function attach(client, sink, options) {
    const hook = new Hook(sink, options || {});
    const manager = client.io || client;
    if (typeof manager.createTransport === "function") {
      watchEngine(manager, hook);
      return hook;
    }
    // Each connection and reconnection of a Manager makes an engine.
    const open = manager.open;
    manager.open = manager.connect = function (...values) {
      const result = open.apply(this, values);
      quietly(() => watchEngine(this.engine, hook));
      return result;
    };
    quietly(() => watchEngine(manager.engine, hook));
    return hook;
  }

  // MARK: What is seen

  function watchEngine(engine, hook) {
    if (!engine || seen.has(engine)) return;
    seen.add(engine);
    const createTransport = engine.createTransport;
    engine.createTransport = function (...values) {
      const transport = createTransport.apply(this, values);
      quietly(() => watchTransport(transport, hook));
      return transport;
    };
    watchTransport(engine.transport, hook);
  }

  function watchTransport(transport, hook) {
    if (!transport || seen.has(transport)) return;
    seen.add(transport);
    const name = `js${isNode ? process.pid : Math.random().toString(36).slice(2, 8)}-${++names}`;
    const kind = transport.name === "polling" ? "polling" : "websocket";
    let isClosed = false;
    const write = (fields) => hook.write(Object.assign({ session: name, transport: kind }, fields));
    const message = (sender, packet) => write(Object.assign({ kind: "message", sender }, body(packet, kind)));

    write({ kind: "open", url: url(transport), client: agent() });
    const send = transport.write;
    transport.write = function (packets) {
      quietly(() => packets.forEach((packet) => message("client", packet)));
      return send.call(this, packets);
    };
    // Before the client handles it: what it sends in answer comes later.
    const onPacket = transport.onPacket;
    transport.onPacket = function (packet) {
      quietly(() => message("server", packet));
      return onPacket.call(this, packet);
    };
    // Of the transport's own; its events may have lost their listeners by then.
    const onClose = transport.onClose;
    transport.onClose = function (details) {
      quietly(() => end(details));
      return onClose.call(this, details);
    };

    function end(details) {
      if (isClosed) return;
      isClosed = true;
      if (kind === "polling") {
        // The transport keeps the packet to itself.
        if (details && details.description === "transport closed by the server") message("server", { type: "close" });
        return;
      }
      // Without details the client closed it: with an empty close frame, as it gives no code.
      const event = details && details.context;
      const code = details ? (event && event.code) || 1006 : 1005;
      const by = code === 1006 ? undefined : details ? "server" : "client";
      write({ kind: "close", by, code, reason: (event && event.reason) || "" });
    }
  }

  function url(transport) {
    try {
      return String(transport.uri()).replace(/^http/, transport.name === "polling" ? "http" : "ws");
    } catch {
      return undefined;
    }
  }

  function agent() {
    if (typeof navigator === "object" && navigator.userAgent) return navigator.userAgent;
    return isNode ? `socket.io-client (node ${process.versions.node})` : undefined;
  }

  /** A packet of Engine.IO 4 as it crosses the wire. */
  function body(packet, kind) {
    const data = packet.data;
    if (data === undefined || data === null || typeof data === "string") {
      if (!(packet.type in TYPES)) return { unreadable: "a packet that the client could not decode", opcode: 1 };
      return { text: TYPES[packet.type] + (data || "") };
    }
    if (typeof Blob === "function" && data instanceof Blob) {
      return { unreadable: "a Blob", opcode: 2, size_bytes: data.size };
    }
    const bytes = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);
    return { base64: base64(bytes) };
  }

  function base64(bytes) {
    if (typeof Buffer === "function") return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
    let text = "";
    for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
    return btoa(text);
  }

  /** A hook that fails must not be noticed by the client. */
  function quietly(work) {
    try {
      work();
    } catch {
      // nothing that the client could do about it
    }
  }

  // MARK: Where it goes

  class Hook {
    constructor(sink, options) {
      this.dropped = 0;
      this.lines = [];
      this.bytes = 0;
      this.time = typeof performance === "object" ? BigInt(Math.round(performance.timeOrigin * 1e6)) : null;
      this.sink = typeof sink === "function" ? { write: (line) => sink(line), close() {} } : null;
      if (!this.sink && typeof sink === "string") this.sink = isNode ? nodeSink(this, sink, options.token) : null;
      if (!this.sink && sink !== undefined) throw new Error("a page can log to memory or to a function only");
    }

    /** Never throws, never waits. */
    write(fields) {
      quietly(() => {
        // A number of JavaScript cannot hold the nanoseconds; they are put in as text.
        const text = `{"v":1,"at_ns":${this.now()},${JSON.stringify(fields).slice(1)}\n`;
        if (this.bytes + text.length > QUEUE_BYTES) {
          this.dropped += 1;
        } else if (this.sink) {
          this.sink.write(text);
        } else {
          this.bytes += text.length;
          this.lines.push(text);
        }
      });
    }

    now() {
      if (this.time === null) return `${Date.now()}000000`;
      return String(this.time + BigInt(Math.round(performance.now() * 1e6)));
    }

    /** What is kept in memory. */
    text() {
      return this.lines.join("");
    }

    /** In a page: saves what is kept in memory as a file. */
    download(name) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([this.text()], { type: "application/x-ndjson" }));
      link.download = name || "run.jsonl";
      link.click();
      URL.revokeObjectURL(link.href);
    }

    /** Writes what waits; resolves when that is done, after a second at the latest. */
    close() {
      return Promise.resolve(this.sink ? this.sink.close() : undefined);
    }
  }

  function builtin(name) {
    if (typeof process.getBuiltinModule === "function") return process.getBuiltinModule(name);
    return require(name);
  }

  function nodeSink(hook, target, token) {
    const address = target.startsWith("unix:") ? { path: target.slice(5) } : tcp(target);
    return address ? socketSink(hook, address, token) : fileSink(hook, target);
  }

  function tcp(target) {
    const match = /^(\[[^\]]+\]|[^:/]+):(\d+)$/.exec(target);
    return match && { host: match[1].replace(/[[\]]/g, ""), port: Number(match[2]) };
  }

  /** One write is under way at a time; what waits meanwhile goes out with the next, or when the process ends. */
  function fileSink(hook, path) {
    const fs = builtin("node:fs");
    let waiting = [];
    let isWriting = false;
    let done = [];
    let file = null;
    try {
      file = fs.openSync(path, "a");
    } catch {
      return { write: () => (hook.dropped += 1), close() {} };
    }
    process.on("exit", () => quietly(() => waiting.length && fs.writeSync(file, waiting.join(""))));

    function next() {
      if (waiting.length === 0) {
        isWriting = false;
        done.forEach((resolve) => resolve());
        done = [];
        return;
      }
      isWriting = true;
      const lines = waiting;
      const data = Buffer.from(lines.join(""));
      waiting = [];
      (function rest(offset) {
        fs.write(file, data, offset, (error, count) => {
          if (error) hook.dropped += lines.length;
          else if (offset + count < data.length) return rest(offset + count);
          hook.bytes -= data.length;
          next();
        });
      })(0);
    }

    return {
      write(text) {
        hook.bytes += Buffer.byteLength(text);
        waiting.push(text);
        if (!isWriting) {
          isWriting = true;
          setImmediate(next);
        }
      },
      close: () => (isWriting ? limited(new Promise((resolve) => done.push(resolve))) : undefined),
    };
  }

  function socketSink(hook, address, token) {
    const net = builtin("node:net");
    let socket = null;
    let retry = 0;

    function connect() {
      socket = net.createConnection(address);
      socket.unref();
      socket.on("error", () => {});
      socket.on("close", () => {
        socket = null;
        retry = Date.now() + 1000;
      });
      if (token !== undefined) socket.write(JSON.stringify({ token }) + "\n");
    }

    return {
      write(text) {
        if (!socket && Date.now() >= retry) connect();
        if (!socket || socket.writableLength > QUEUE_BYTES) hook.dropped += 1;
        else socket.write(text);
      },
      close: () => socket && limited(new Promise((resolve) => socket.end(resolve))),
    };
  }

  function limited(promise) {
    return Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 1000))]);
  }

  return { attach };
});
