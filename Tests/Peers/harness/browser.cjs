// Runs the browser's bundle of socket.io-client under node: its own WebSocket, and an XMLHttpRequest over http.
// usage: node --experimental-websocket browser.cjs BUNDLE URL HOOK HOOK-LOG <SCRIPT
"use strict";
const fs = require("node:fs");
const http = require("node:http");

const USER_AGENT = "Mozilla/5.0 (the browser's bundle of socket.io-client)";
// As in a browser, requests go over connections that are kept.
const agent = new http.Agent({ keepAlive: true });

// As much of XMLHttpRequest as a long-polling transport asks for.
globalThis.XMLHttpRequest = class XMLHttpRequest {
  readyState = 0;
  status = 0;
  responseText = "";
  withCredentials = false;
  onreadystatechange = () => {};
  #headers = { "User-Agent": USER_AGENT };
  #request;

  open(method, url) {
    this.#request = http.request(url, { method, agent });
    this.#turn(1);
  }
  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }
  getResponseHeader() {
    return null;
  }
  send(body) {
    for (const [name, value] of Object.entries(this.#headers)) this.#request.setHeader(name, value);
    this.#request.on("response", (response) => {
      response.setEncoding("utf8");
      response.on("data", (part) => (this.responseText += part));
      response.on("end", () => {
        this.status = response.statusCode;
        this.#turn(4);
      });
      response.on("error", () => this.#turn(4));
    });
    this.#request.on("error", () => this.#turn(4));
    this.#request.end(body ?? undefined);
  }
  abort() {
    this.onreadystatechange = () => {};
    this.#request.destroy();
  }
  #turn(state) {
    this.readyState = state;
    this.onreadystatechange();
  }
};

// And of FileReader, with which the transport makes base64 of bytes.
globalThis.FileReader = class FileReader {
  result = null;
  onload = () => {};

  readAsDataURL(blob) {
    blob.arrayBuffer().then((bytes) => {
      this.result = `data:;base64,${Buffer.from(bytes).toString("base64")}`;
      this.onload();
    });
  }
};

const { io } = require(process.argv[2]);
const url = process.argv[3];
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const once = (emitter, event) => new Promise((resolve) => emitter.once(event, (...values) => resolve(values)));

const AsyncFunction = sleep.constructor === Function ? (async () => {}).constructor : sleep.constructor;
const hook = (socket) => require(process.argv[4]).attach(socket, process.argv[5]);
const script = new AsyncFunction("io", "url", "sleep", "once", "hook", fs.readFileSync(0, "utf8"));
script(io, url, sleep, once, hook)
  // The last close frames cross the wire before the process ends and takes its sockets along.
  .then(() => sleep(300))
  .then(() => process.exit(0))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
