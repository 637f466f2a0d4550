// Asks the gateway how it is, now and every few seconds, and shows the answer.
"use strict";

const EVERY_MS = 3000;

async function ask(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

function cell(text, { kind = "", hint = "" } = {}) {
  const td = document.createElement("td");
  const span = document.createElement("span");
  span.textContent = text;
  span.className = kind;
  td.append(span);
  if (hint) {
    const note = document.createElement("span");
    note.className = "hint";
    note.textContent = hint;
    td.append(note);
  }
  return td;
}

function show(id, rows) {
  const body = document.getElementById(id);
  body.replaceChildren(
    ...rows.map((cells) => {
      const row = document.createElement("tr");
      row.append(...cells);
      return row;
    }),
  );
}

function providerRow(provider) {
  return [
    cell(provider.name),
    cell(provider.login, {
      kind: provider.usable ? "good" : "bad",
      hint: [provider.detail, provider.hint].filter(Boolean).join(" "),
    }),
    cell(provider.dialects.join(", ")),
    cell(provider.base_url),
  ];
}

function pluginRow(plugin) {
  const kind = { running: "good", failed: "bad" }[plugin.state] ?? "";
  return [
    cell(plugin.name),
    cell(plugin.state, { kind, hint: plugin.reason ?? "" }),
    cell(plugin.version ?? ""),
    cell(plugin.origin),
  ];
}

async function refresh() {
  const summary = document.getElementById("summary");
  try {
    const [status, providers, plugins] = await Promise.all(
      ["/api/status", "/api/providers", "/api/plugins/status"].map(ask),
    );
    show("providers", providers.providers.map(providerRow));
    show("plugins", plugins.plugins.map(pluginRow));
    summary.textContent =
      `Version ${status.version}: ${status.providers_usable} providers usable, ` +
      `${status.plugins_running} plugins running, ${status.plugins_failed} failed.`;
    summary.className = status.plugins_failed ? "bad" : "good";
  } catch (error) {
    summary.textContent = `The gateway does not answer: ${error.message}`;
    summary.className = "bad";
  }
  setTimeout(refresh, EVERY_MS);
}

refresh();
