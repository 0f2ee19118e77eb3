// What the terminal must not lose: orders, and answers not yet kept by the desk. Everything resolves only when it is on disk.

const OPEN_DAYS = 2;
let database = null;

function opened() {
  database ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("liandong-terminal", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("orders", { keyPath: "order" });
      request.result.createObjectStore("receipts", { keyPath: "number", autoIncrement: true }).createIndex("receipt", "receipt", { unique: true });
      request.result.createObjectStore("settings");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return database;
}

// Run `act(transaction)`; resolves with the result of the request it returns, after the transaction is durable.
async function inOne(stores, mode, act) {
  const base = await opened();
  return new Promise((resolve, reject) => {
    const transaction = base.transaction(stores, mode, { durability: "strict" });
    const request = act(transaction);
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

export const setting = (name) => inOne(["settings"], "readonly", (t) => t.objectStore("settings").get(name));
export const setSetting = (name, value) => inOne(["settings"], "readwrite", (t) => t.objectStore("settings").put(value, name));
export const orders = () => inOne(["orders"], "readonly", (t) => t.objectStore("orders").getAll());
export const receipts = () => inOne(["receipts"], "readonly", (t) => t.objectStore("receipts").getAll());

export function newReceiptId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function putReceipt(transaction, body) {
  const store = transaction.objectStore("receipts");
  store.index("receipt").getKey(body.receipt).onsuccess = (event) => {
    if (event.target.result === undefined) store.add(body);
  };
}

const made = (record, state, reason, receipt) => ({
  order: record.order, version: record.version, state, reason, at_ms: Date.now(), receipt,
});

// Keep an order that came. The receipt `on_terminal` is made with it, the same one again when the order comes again.
// Resolves to "new", "changed", "known" or "old".
export async function keepOrder(body) {
  let outcome = "old";
  await inOne(["orders", "receipts"], "readwrite", (t) => {
    const store = t.objectStore("orders");
    store.get(body.order).onsuccess = (event) => {
      const known = event.target.result;
      if (known && known.version > body.version) return;
      let record = known;
      outcome = "known";
      if (!known || known.version < body.version) {
        outcome = known ? "changed" : "new";
        record = { ...body, came_ms: Date.now(), mine: known?.mine ?? null, on_terminal: newReceiptId(), shown: null };
        store.put(record);
      }
      putReceipt(t, made(record, "on_terminal", null, record.on_terminal));
    };
  });
  return outcome;
}

// The operator has seen these orders: one `shown` each, once per version.
export function markShown(names) {
  return inOne(["orders", "receipts"], "readwrite", (t) => {
    const store = t.objectStore("orders");
    for (const name of names) {
      store.get(name).onsuccess = (event) => {
        const record = event.target.result;
        if (!record || record.shown) return;
        record.shown = newReceiptId();
        store.put(record);
        putReceipt(t, made(record, "shown", null, record.shown));
      };
    }
  });
}

// The operator's answer, on disk before it is sent anywhere.
export function answer(name, state, reason) {
  return inOne(["orders", "receipts"], "readwrite", (t) => {
    const store = t.objectStore("orders");
    store.get(name).onsuccess = (event) => {
      const record = event.target.result;
      if (!record || record.mine?.state === state) return;
      record.mine = { state, reason, at_ms: Date.now() };
      store.put(record);
      putReceipt(t, made(record, state, reason, newReceiptId()));
    };
  });
}

// Another unit's phone from now on: nothing of the former one may be sent in its name.
export function forgetEverything() {
  return inOne(["orders", "receipts"], "readwrite", (t) => {
    t.objectStore("orders").clear();
    t.objectStore("receipts").clear();
  });
}

// The desk has stored this receipt, or says it never will.
export function forgetReceipt(receipt) {
  return inOne(["receipts"], "readwrite", (t) => {
    const store = t.objectStore("receipts");
    store.index("receipt").getKey(receipt).onsuccess = (event) => {
      if (event.target.result !== undefined) store.delete(event.target.result);
    };
  });
}

// Orders that are over, or expired long ago, leave the phone after two days.
export function forgetOldOrders() {
  const before = Date.now() - OPEN_DAYS * 86_400_000;
  return inOne(["orders"], "readwrite", (t) => {
    const store = t.objectStore("orders");
    store.openCursor().onsuccess = (event) => {
      const cursor = event.target.result;
      if (!cursor) return;
      const { came_ms, expires_at_ms, mine, state } = cursor.value;
      const over = state === "recalled" || ["done", "cantco"].includes(mine?.state);
      if (came_ms < before && (over || expires_at_ms < before)) cursor.delete();
      cursor.continue();
    };
  });
}
