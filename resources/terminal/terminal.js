// The page of a unit's phone: enrol once, then show orders and take answers, with or without a line to the desk.

import * as store from "/store.js";
import { Link } from "/link.js";

const REASONS = ["busy", "vehicle", "blocked", "manpower", "other"];
const FIX_MS = 5_000;
const $ = (id) => document.getElementById(id);
let texts = {}, language = "zh_CN", link = null, state = "down", openReasons = null, sent_ms = 0;

const tr = (key, fields = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => fields[name] ?? "");

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(text, className, act) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

async function speak(wanted) {
  const answer = await fetch(`/texts/${wanted}.json`);
  texts = await answer.json();
  language = wanted;
  document.documentElement.lang = wanted === "en" ? "en" : "zh-CN";
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = tr(place.dataset.text);
  $("language").textContent = wanted === "en" ? "中文" : "English";
  await store.setSetting("language", wanted);
  showPlace();
  await show();
}

function notice(text) {
  $("notice").textContent = text ?? "";
  $("notice").hidden = !text;
}

const clock = (ms) => new Date(ms).toLocaleTimeString(language === "en" ? "en-GB" : "zh-CN", { hour: "2-digit", minute: "2-digit" });
const isOver = (order) => order.state === "recalled" || ["done", "cantco"].includes(order.mine?.state);

// The next steps a unit may take, by what it said last.
function nextSteps(order) {
  if (isOver(order)) return [];
  return { wilco: ["en_route", "on_scene", "done"], en_route: ["on_scene", "done"], on_scene: ["done"] }[order.mine?.state] ?? ["wilco"];
}

function reasonButtons(order) {
  const acts = element("div", "acts reasons");
  for (const reason of REASONS) {
    acts.append(button(tr(`terminal.reason.${reason}`), "no", () => give(order.order, "cantco", tr(`terminal.reason.${reason}`))));
  }
  acts.append(button(tr("terminal.back"), "no", () => { openReasons = null; show(); }));
  return acts;
}

function card(order) {
  const made = element("article", [order.grade ?? "", order.state === "recalled" ? "recalled" : "", isOver(order) ? "over" : ""].join(" "));
  made.dataset.order = order.order;
  const head = element("div", "head");
  if (order.exercise) head.append(element("b", "", tr("terminal.exercise")));
  head.append(element("b", "", tr(`grade.${order.grade ?? "unknown"}`)), element("span", "", order.incident), element("span", "", clock(order.issued_at_ms)));
  made.append(head, element("p", "words", order.text));
  if (Number.isFinite(order.lon) && Number.isFinite(order.lat)) {
    const place = element("a", "", tr("terminal.map", { lat: order.lat.toFixed(5), lon: order.lon.toFixed(5) }));
    place.href = `geo:${order.lat},${order.lon}`;
    place.style.color = "var(--blue)";
    made.append(place);
  }
  const now = order.state === "recalled" ? tr("order_state.recalled")
    : order.mine ? `${tr(`order_state.${order.mine.state}`)}${order.mine.reason ? ` · ${order.mine.reason}` : ""} · ${clock(order.mine.at_ms)}` : tr("terminal.answer_asked");
  const line = element("p", "head", now);
  line.dataset.state = order.state === "recalled" ? "recalled" : order.mine?.state ?? "";
  made.append(line);
  if (openReasons === order.order) { made.append(reasonButtons(order)); return made; }
  const acts = element("div", "acts");
  for (const step of nextSteps(order)) {
    const act = button(tr(`terminal.act.${step}`), "", () => give(order.order, step, null));
    act.dataset.act = step;
    acts.append(act);
  }
  if (!isOver(order)) {
    const no = button(tr("terminal.act.cantco"), "no", () => { openReasons = order.order; show(); });
    no.dataset.act = "cantco";
    acts.append(no);
  }
  made.append(acts);
  return made;
}

async function show() {
  const [orders, waiting] = await Promise.all([store.orders(), store.receipts()]);
  orders.sort((a, b) => isOver(a) - isOver(b) || b.issued_at_ms - a.issued_at_ms);
  $("orders").replaceChildren(...(orders.length ? orders.map(card) : link ? [element("p", "", tr("terminal.no_orders"))] : []));
  $("light").textContent = tr(`terminal.light.${state === "up" ? "up" : "down"}`);
  $("light").className = `light ${state === "up" ? "up" : "down"}`;
  $("light").hidden = !link;
  $("waiting").textContent = waiting.length ? tr("terminal.waiting", { count: waiting.length }) : "";
  if (document.visibilityState === "visible") {
    const unseen = orders.filter((order) => !order.shown).map((order) => order.order);
    if (unseen.length) {
      await store.markShown(unseen);
      await link?.sendReceipts();
    }
  }
}

async function give(order, answered, reason) {
  openReasons = null;
  await store.answer(order, answered, reason);
  await link?.sendReceipts();
  await show();
}

function told(what, detail) {
  if (["up", "down", "unknown", "elsewhere"].includes(what)) state = what;
  if (what === "up") notice(null);
  if (what === "unknown") { notice(tr("terminal.unknown")); $("enrol").hidden = false; }
  if (what === "elsewhere") notice(tr("terminal.elsewhere"));
  if (what === "refused") notice(tr("terminal.refused", { code: detail }));
  if (what === "order") navigator.vibrate?.([300, 150, 300]);
  show();
}

function begin(unit, key) {
  $("unit").textContent = unit;
  $("enrol").hidden = true;
  link = new Link(unit, key, told);
  showPlace();
}

async function enrol(event) {
  event.preventDefault();
  const form = new FormData($("enrol"));
  const unit = form.get("unit").trim(), code = form.get("code").trim();
  try {
    const answer = await fetch("/v1/enrol", { method: "POST", body: JSON.stringify({ unit, code }) });
    const body = await answer.json();
    if (!answer.ok) { notice(tr(answer.status === 429 ? "terminal.too_many" : "terminal.enrol_refused")); return; }
    const former = await store.setting("identity");
    if (former && former.unit !== body.unit) await store.forgetEverything();
    await store.setSetting("identity", { unit: body.unit, key: body.key });
    location.replace("/");
  } catch {
    notice(tr("terminal.no_line"));
  }
}

function showPlace() {
  const known = navigator.geolocation && isSecureContext;
  $("place").hidden = !link;
  $("place").disabled = !known;
  $("place").textContent = tr(known ? (sent_ms ? "terminal.place_on" : "terminal.place_off") : "terminal.place_none");
}

function follow() {
  navigator.geolocation.watchPosition(({ coords, timestamp }) => {
    if (Date.now() - sent_ms < FIX_MS) return;
    sent_ms = Date.now();
    link?.position({
      lon: coords.longitude, lat: coords.latitude, at_ms: Math.round(timestamp), accuracy_m: coords.accuracy,
      speed_mps: coords.speed, heading_deg: Number.isNaN(coords.heading) ? null : coords.heading,
    });
    showPlace();
  }, () => showPlace(), { enableHighAccuracy: true, maximumAge: 5_000 });
}

async function main() {
  if ("serviceWorker" in navigator) navigator.serviceWorker.register("/offline.js").catch(() => {});
  navigator.storage?.persist?.();
  const wanted = (await store.setting("language")) ?? (navigator.language.startsWith("zh") ? "zh_CN" : "en");
  $("enrol").addEventListener("submit", enrol);
  $("language").addEventListener("click", () => speak(language === "en" ? "zh_CN" : "en"));
  $("place").addEventListener("click", follow);
  $("notice").addEventListener("click", () => { if (link?.isParked) { notice(null); link.open(); } });
  document.addEventListener("visibilitychange", show);
  await store.forgetOldOrders();
  const joining = new URLSearchParams(location.hash.slice(1));
  for (const field of ["unit", "code"]) $("enrol").elements[field].value = joining.get(field) ?? "";
  const identity = await store.setting("identity");
  if (identity && (!joining.get("unit") || joining.get("unit") === identity.unit)) begin(identity.unit, identity.key);
  else $("enrol").hidden = false;
  await speak(wanted);
  const allowed = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (link && allowed?.state === "granted") follow();
}

main();
