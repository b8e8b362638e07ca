// The browser's bundle of socket.io-client as a client under test: it keeps the contract of docs/conformance.md.
// Run by browser_client, through the harness's browser.cjs.
const transports = { websocket: ["websocket"], polling: ["polling"], upgrade: ["polling", "websocket"] };
const manager = new io.Manager(url, { transports: transports[process.env.SIOSCOPE_TRANSPORT ?? "upgrade"] });
let attempts = 0;

const sockets = (process.env.SIOSCOPE_NAMESPACES ?? "/").split(" ").map((namespace) => {
  const auth = namespace === "/" ? (give) => give({ attempt: ++attempts }) : undefined;
  const socket = manager.socket(namespace, { auth });
  socket.on("message", (...values) => socket.emit("message-back", ...values));
  socket.on("message-with-ack", (...values) => values.pop()(...values));
  socket.on("ask", (name, ...values) => {
    if (typeof values.at(-1) === "function") values.pop();
    socket.emit(name, ...values, (...answer) => socket.emit("answered", ...answer));
  });
  socket.on("burst", (count, text) => {
    for (let number = 0; number < count; number++) socket.emit("item", number, text);
  });
  socket.on("leave", () => socket.disconnect());
  socket.on("quit", () => sockets.forEach((one) => one.disconnect()));
  return socket;
});

await new Promise(() => {});
