// The built-in page: one question box, health, and the figures of the last minute.
// No framework and nothing from elsewhere: the content security policy allows this file alone.

const $ = (id) => document.getElementById(id);
const LOOK_MS = 2000;
const WINDOW = 30; // looks: one minute

// -- health

async function health() {
  let state = "down";
  let said = "does not answer";
  try {
    const ready = await (await fetch("/readyz")).json();
    const degraded = ready.degraded ?? [];
    state = !ready.ready ? "down" : degraded.length ? "degraded" : "ready";
    said = ready.ready ? `ready: ${ready.model}, release ${ready.version}` : ready.reason;
    $("health").title = degraded.join("\n");
    if (degraded.length) said += ` (degraded: ${degraded.map((each) => each.split(":")[0]).join(", ")})`;
  } catch {
    // said above
  }
  $("health").className = state;
  $("health").textContent = said;
}

// -- figures: counters and histograms of /metrics, now less a minute ago

const looks = [];

function parse(text) {
  const values = new Map();
  for (const line of text.split("\n")) {
    const found = /^(\w+)(\{[^}]*\})? (\S+)$/.exec(line);
    if (!found) continue;
    const le = /le="([^"]+)"/.exec(found[2] ?? "")?.[1];
    const key = le ? `${found[1]}|${le}` : found[1];
    values.set(key, (values.get(key) ?? 0) + Number(found[3]));
  }
  return values;
}

function quantile(now, before, share) {
  const name = "glossator_ttft_seconds_bucket|";
  const buckets = [...now.keys()]
    .filter((key) => key.startsWith(name))
    .map((key) => [key.slice(name.length), now.get(key) - (before.get(key) ?? 0)])
    .map(([le, count]) => [le === "+Inf" ? Infinity : Number(le), count])
    .sort((a, b) => a[0] - b[0]);
  const total = buckets.at(-1)?.[1] ?? 0;
  if (!total) return null;
  let low = 0;
  let under = 0;
  for (const [le, count] of buckets) {
    if (count >= share * total) {
      if (le === Infinity) return low;
      return low + (le - low) * ((share * total - under) / (count - under));
    }
    [low, under] = [le, count];
  }
  return low;
}

async function figures() {
  let now;
  try {
    const response = await fetch("/metrics");
    if (!response.ok) return;
    now = parse(await response.text());
  } catch {
    return;
  }
  looks.push([performance.now(), now]);
  if (looks.length > WINDOW) looks.shift();
  const [since, before] = looks[0];
  const seconds = (performance.now() - since) / 1000;
  for (const [id, share] of [["ttft_p50", 0.5], ["ttft_p95", 0.95]]) {
    const value = quantile(now, looks.length > 1 ? before : new Map(), share);
    $(id).textContent = value === null ? "–" : `${Math.round(1000 * value)} ms`;
  }
  const gauge = (name) => String(Math.round(now.get(`glossator_${name}`) ?? 0));
  $("running").textContent = gauge("requests_running");
  $("waiting").textContent = gauge("requests_waiting");
  $("sessions").textContent = gauge("sessions");
  const tokens = "glossator_completion_tokens_total";
  const made = (now.get(tokens) ?? 0) - (before.get(tokens) ?? 0);
  $("tokens").textContent = seconds > 1 ? String(Math.round(made / seconds)) : "–";
}

// -- asking: over HTTP, where a page may send a token, which it may not with a websocket

let running = null;

function show(chunk) {
  const text = chunk.choices?.[0]?.delta?.content;
  if (text) $("answer").append(text);
  for (const citation of chunk.citations ?? []) {
    const item = document.createElement("li");
    item.value = citation.number;
    const place = citation.line ? `${citation.uri}:${citation.line}` : citation.uri;
    item.textContent = `${citation.title} ${citation.version ?? ""} ${place}`;
    $("citations").append(item);
  }
  if (chunk.cited) {
    for (const item of [...$("citations").children]) {
      if (!chunk.cited.includes(item.value)) item.remove();
    }
  }
  for (const notice of chunk.notices ?? []) {
    const item = document.createElement("li");
    item.textContent = notice;
    $("notices").append(item);
  }
  if (chunk.error) fail(chunk.error.message);
  return Boolean(text);
}

function fail(message) {
  $("answer").className = "failed";
  $("answer").append(message);
}

async function ask(question) {
  running = new AbortController();
  const started = performance.now();
  let first = 0;
  const headers = { "Content-Type": "application/json" };
  if ($("token").value) headers.Authorization = `Bearer ${$("token").value}`;
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    headers,
    signal: running.signal,
    body: JSON.stringify({ stream: true, messages: [{ role: "user", content: question }] }),
  });
  if (!response.ok) {
    if (response.status === 401) {
      $("access").hidden = false;
      $("access").open = true;
    }
    fail((await response.json()).error?.message ?? `HTTP ${response.status}`);
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let left = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const events = (left + value).split("\n\n");
    left = events.pop();
    for (const event of events) {
      if (!event.startsWith("data: ") || event === "data: [DONE]") continue;
      if (show(JSON.parse(event.slice(6))) && !first) {
        first = performance.now();
        $("timing").textContent = `first words after ${Math.round(first - started)} ms`;
      }
    }
  }
}

$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  running?.abort();
  $("answer").replaceChildren();
  $("answer").className = "";
  $("citations").replaceChildren();
  $("notices").replaceChildren();
  $("timing").textContent = "";
  $("stop").hidden = false;
  try {
    await ask($("question").value);
  } catch (error) {
    if (error.name !== "AbortError") fail("The backend broke off. Ask again.");
  } finally {
    $("stop").hidden = true;
  }
});
$("stop").addEventListener("click", () => running?.abort());

for (const look of [health, figures]) {
  look();
  setInterval(look, LOOK_MS);
}
