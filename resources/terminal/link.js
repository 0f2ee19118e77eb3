// The line to the desk: hello, then orders in and receipts out; what is not `kept` is sent again on every new connection.

import * as store from "/store.js";

const PING_MS = 5_000, SILENCE_MS = 15_000, RESEND_MS = 20_000, FIRST_WAIT_MS = 250, LONGEST_WAIT_MS = 15_000;

export class Link {
  // `told(what, detail)`: "up", "down", "unknown" (4401), "elsewhere" (4409), "changed", "order", "refused"
  constructor(unit, key, told) {
    Object.assign(this, { unit, key, told, socket: null, wait_ms: FIRST_WAIT_MS, heard_ms: 0, isUp: false, fix: null, isParked: false });
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
    setInterval(() => this.#beat(), PING_MS);
    setInterval(() => this.sendReceipts(), RESEND_MS);
    this.open();
  }

  open() {
    this.isParked = false;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/terminal`);
    this.socket = socket;
    this.heard_ms = Date.now();
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", unit: this.unit, key: this.key }));
    socket.onmessage = (event) => this.#hear(socket, event.data);
    socket.onclose = (event) => this.#closed(socket, event.code);
  }

  // Try now instead of waiting out the back-off.
  hurry() {
    this.wait_ms = FIRST_WAIT_MS;
    if (this.socket === null && !this.isParked) { clearTimeout(this.timer); this.open(); }
  }

  async #hear(socket, text) {
    if (socket !== this.socket) return;
    this.heard_ms = Date.now();
    const message = JSON.parse(text);
    if (message.type === "welcome") {
      this.isUp = true;
      this.wait_ms = FIRST_WAIT_MS;
      this.told("up");
      await this.sendReceipts();
      if (this.fix) this.#send({ type: "position", ...this.fix });
    } else if (message.type === "order") {
      const { type, ...body } = message;
      const outcome = await store.keepOrder(body);
      this.told(outcome === "new" || outcome === "changed" ? "order" : "changed", body);
      await this.sendReceipts();
    } else if (message.type === "kept") {
      await store.forgetReceipt(message.receipt);
      this.told("changed");
    } else if (message.type === "refused" && message.receipt) {
      await store.forgetReceipt(message.receipt);
      this.told("refused", message.code);
    }
  }

  #closed(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    this.isUp = false;
    this.told(code === 4401 ? "unknown" : code === 4409 ? "elsewhere" : "down");
    if (code === 4409) { this.isParked = true; return; }
    this.wait_ms = code === 4401 ? LONGEST_WAIT_MS : Math.min(this.wait_ms * 2, LONGEST_WAIT_MS);
    this.timer = setTimeout(() => this.open(), this.wait_ms * (0.5 + Math.random() / 2));
  }

  #beat() {
    if (this.socket === null) return;
    if (Date.now() - this.heard_ms > SILENCE_MS) {
      const silent = this.socket;
      silent.close();
      this.#closed(silent, 1006);
    } else if (this.isUp) {
      this.#send({ type: "ping" });
    }
  }

  #send(message) {
    if (this.isUp && this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  // Everything the desk has not kept yet, oldest first.
  async sendReceipts() {
    if (!this.isUp) return;
    for (const { number, ...body } of await store.receipts()) this.#send({ type: "receipt", ...body });
  }

  // Where the phone is: only the newest counts.
  position(fix) {
    this.fix = fix;
    this.#send({ type: "position", ...fix });
  }
}
