// What pages do beyond forms and links: live progress, review by keyboard, previews while one types.
// Everything here also works without it; the server renders all that is shown.

document.documentElement.classList.add("js");

const region = document.querySelector("[data-live-region]");
let fading;

/** Say something to those who see and those who listen. */
function say(text) {
  if (!text || !region) return;
  region.textContent = text;
  region.classList.add("on");
  clearTimeout(fading);
  fading = setTimeout(() => region.classList.remove("on"), 4000);
}

function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

/** Put the parts of another version of this page in the place of those with the same id. */
function renew(other, selector) {
  for (const part of other.querySelectorAll(selector)) {
    const there = document.getElementById(part.id);
    const typing = there?.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");
    if (!there || typing) continue;
    for (const opened of there.querySelectorAll("details[id][open]")) {
      part.querySelector(`#${opened.id}`)?.setAttribute("open", "");
    }
    if (there.outerHTML !== part.outerHTML) there.replaceWith(part);
  }
}

// --- live progress ---------------------------------------------------------------------------------------------------

/** Call `heard` soon after something happened to the flow; several things at once are one. */
function follow(address, types, heard) {
  const events = new EventSource(address);
  let soon;
  const rung = () => {
    clearTimeout(soon);
    soon = setTimeout(heard, 120);
  };
  for (const type of types.split(" ")) events.addEventListener(type, rung);
  addEventListener("pagehide", () => events.close());
}

/** A function that does its work again for each call, but never twice at a time: an older answer comes never last. */
function oneByOne(work) {
  let busy = false;
  let wanted = false;
  return async () => {
    wanted = true;
    if (busy) return;
    busy = true;
    try {
      while (wanted) {
        wanted = false;
        await work();
      }
    } finally {
      busy = false;
    }
  };
}

const LOOK_MS = 5000; // a page that shows work looks by itself, too: events may be held up on their way

const progress = document.querySelector("[data-progress]");
if (progress) {
  const said = () => {
    const there = document.querySelector("[data-said]");
    return there?.dataset.said || there?.textContent;
  };
  const again = oneByOne(async () => {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (response?.redirected) location.assign(response.url);
    if (!response?.ok) return;
    const before = said();
    renew(parsed(await response.text()), "[data-renew]");
    if (said() !== before) say(said());
  });
  follow(progress.dataset.progress, progress.dataset.types, again);
  setInterval(() => document.querySelector(".dot.busy") && !document.hidden && again(), LOOK_MS);
}

// Who was led back to where they were on a page is told there what is said on top of it.
if (location.hash) say(document.querySelector("main > .note p")?.textContent);

for (const choice of document.querySelectorAll("[role=search] select")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}

// --- review ----------------------------------------------------------------------------------------------------------

const review = document.querySelector("[data-review]");
if (review) reviewing(review);

function reviewing(table) {
  const action = table.dataset.review;
  let latest = table.dataset.latest;
  let here = null;

  const rows = () => [...table.querySelectorAll(".mapping-row")];
  const panel = (row) => document.getElementById(`m-${row.dataset.key}`);

  function stand(row) {
    if (!row) return;
    for (const other of table.querySelectorAll(".here")) other.classList.remove("here");
    here = row;
    row.classList.add("here");
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function move(steps) {
    const all = rows();
    const at = here ? all.findIndex((row) => row.id === here.id) : -1;
    stand(all[Math.min(Math.max(at + steps, 0), all.length - 1)]);
  }

  function apply(html, mine = true) {
    const patch = parsed(html).getElementById("patch");
    if (!patch) return;
    const focused = document.activeElement?.closest?.(".mapping-row")?.id;
    for (const row of patch.querySelectorAll(".mapping-row")) {
      const there = document.getElementById(row.id);
      if (!there) continue;
      if (here?.id === row.id) here = row;
      there.replaceWith(row);
      const opened = panel(row);
      if (opened) open(row, opened, mine);
    }
    const held = document.activeElement?.closest?.("#toolbar, #needs, #chips") && document.activeElement;
    for (const id of ["toolbar", "needs", "chips"]) {
      const part = patch.querySelector(`#${id}`);
      if (part) document.getElementById(id)?.replaceWith(part);
    }
    second(patch.querySelector("#seconding"));
    latest = patch.dataset.latest;
    const form = document.querySelector("#decide [name=latest]");
    if (form) form.value = latest;
    here?.classList.add("here");
    if (focused && here) here.focus({ preventScroll: true });
    if (held && !held.isConnected) goOn(held);
    say(patch.dataset.note);
  }

  /** What waits for a second person as it is now; what is being typed against it stays. */
  function second(part) {
    const there = document.getElementById("seconding");
    const why = there?.querySelector("[name=reason]");
    const again = part?.querySelector("[name=reason]");
    if (!there || !part) return;
    const typing = why !== null && why === document.activeElement;
    if (why && again) again.value = why.value;
    there.replaceWith(part);
    if (typing) again?.focus();
  }

  /** The button that was pressed is another one now: stand on it where there is more to press, else on what waits. */
  function goOn(pressed) {
    const again = pressed.dataset.do && pressed.dataset.do !== "sure" && document.querySelector(`#toolbar [data-do=${pressed.dataset.do}]`);
    if (again && !again.disabled) return again.focus();
    const waiting = rows().find((row) => row.matches(".open"));
    if (waiting) return stand(waiting);
    document.querySelector("#toolbar button.main")?.focus();
  }

  async function ask(address, options = {}) {
    const headers = { Accept: "application/json", "X-Patch": latest, ...options.headers };
    const response = await fetch(address, { ...options, headers });
    if (response.status === 401) return signIn(address, options.body);
    if (response.status === 204) return null;
    if (response.status === 205) return location.reload();
    if (response.ok) return response.text();
    const problem = await response.json().catch(() => ({}));
    if (response.status === 409) {
      await catchUp();
      for (const opened of table.querySelectorAll(".more")) await open(opened.previousElementSibling, opened);
    }
    say(problem.detail ?? "That didn't work. Try again.");
    return null;
  }

  const whose = () => document.querySelector(".who .v")?.textContent;

  /** Keep what is typed and not taken yet while this tab signs in again. */
  function keepTyped() {
    const kept = (one) => one.id && one.type !== "search" && isTyped(one) && !one.closest("[data-taken]");
    const typed = fields(document.getElementById("main")).filter(kept);
    const open = new Set(typed.map((one) => one.closest(".more")?.previousElementSibling.id));
    const all = { at: location.pathname, by: whose(), open: [...open], typed: typed.map((one) => [one.id, one.value]) };
    sessionStorage.setItem("typed", JSON.stringify(all));
  }

  /** Type again what was kept, for who typed it. */
  async function typeAgain() {
    const kept = JSON.parse(sessionStorage.getItem("typed") ?? "null");
    if (kept?.at !== location.pathname) return;
    sessionStorage.removeItem("typed");
    if (kept.by !== whose() || !kept.typed.length) return;
    for (const id of kept.open) {
      const row = document.getElementById(id);
      if (row && !panel(row)) await open(row);
    }
    for (const [id, value] of kept.typed) {
      const field = document.getElementById(id);
      if (field) field.value = value;
      field?.dispatchEvent(new Event("input", { bubbles: true }));
    }
    say("What you were typing is here again.");
  }

  /** The session ended: what was to be decided goes along to the login; what is only being typed waits here. */
  function signIn(address, body) {
    if (!body || address.endsWith("/preview")) return say("Your session ended. What you decide next asks you to sign in.");
    keepTyped();
    const form = Object.assign(document.createElement("form"), { method: "post", action: address, hidden: true });
    for (const [name, value] of body) form.append(Object.assign(document.createElement("input"), { name, value }));
    document.body.append(form);
    form.submit();
  }

  let waiting = 0;
  let sent = Promise.resolve();

  /** Send a form's decision after those before it, and show what came of it. */
  function send(form, submitter) {
    const address = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
    const body = new URLSearchParams(new FormData(form, submitter));
    const from = form.closest(".more")?.id;
    waiting += 1;
    sent = sent.then(async () => {
      const html = await ask(address, { method: "POST", body }).catch(() => say("The server doesn't answer. Try again."));
      for (const row of table.querySelectorAll(".sent")) row.classList.remove("sent");
      if (html && from) document.getElementById(from)?.setAttribute("data-taken", "");
      if (html) apply(html);
      waiting -= 1;
    });
  }

  const catchUp = oneByOne(async () => {
    const query = new URLSearchParams({ after: latest, system: table.dataset.system, back: table.dataset.here });
    const response = await fetch(`${action}/changes?${query}`, { headers: { Accept: "application/json" } });
    if (response.status === 205) location.reload();
    if (response.status !== 200) return;
    apply(await response.text(), false);
  });

  /** What can be typed or chosen in an open row. */
  const fields = (part) => [...part.querySelectorAll("input:not([type=hidden]), select")];

  function isTyped(field) {
    if (!field.options) return field.value !== field.defaultValue;
    const usual = [...field.options].find((one) => one.defaultSelected) ?? field.options[0];
    return field.value !== usual?.value;
  }

  /**
   * Keep what is typed and not taken yet when a row is opened anew. Where somebody else decided meanwhile, what was
   * seen stays, too: the server then refuses what was typed against something else, and says what changed.
   */
  function keep(old, made, mine) {
    const [before, now] = [fields(old), fields(made)];
    const at = before.indexOf(document.activeElement);
    const typed = "taken" in old.dataset ? [] : before.filter(isTyped);
    for (const field of typed) {
      const same = now[before.indexOf(field)];
      if (same?.name === field.name) same.value = field.value;
    }
    old.replaceWith(made);
    if (at >= 0) now[at]?.focus();
    if (!typed.length || mine) return;
    for (const seen of made.querySelectorAll("[name=seen]")) seen.value = old.querySelector("[name=seen]").value;
  }

  async function open(row, old = null, mine = true) {
    const query = new URLSearchParams({ open: row.dataset.key, system: table.dataset.system, back: table.dataset.here });
    const html = await ask(`${action}/panel?${query}`);
    if (!html) return;
    const made = parsed(html).querySelector(".more");
    if (old) keep(old, made, mine);
    else row.after(made);
  }

  async function toggle(row) {
    const there = panel(row);
    if (there) there.remove();
    else await open(row);
    stand(row);
  }

  function press(row, what) {
    const button = row?.querySelector(`[data-do=${what}]`);
    if (!button) return false;
    row.classList.add("sent");
    button.form.requestSubmit(button);
    return true;
  }

  /** Take an alternative that is in sight; of a closed row they are shown first. */
  async function choose(row, number) {
    const closed = !panel(row);
    if (closed) await open(row);
    const button = panel(row)?.querySelectorAll("[data-do=choose]")[number - 1];
    if (!button) say(`There is no alternative ${number}.`);
    else if (closed) say(`These are the alternatives. Press ${number} again to take ${button.querySelector(".v").textContent.trim()}.`);
    else button.click();
    stand(row);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const mine = form.action.includes("/field-mapping/") && form.method === "post";
    if (!mine) return;
    const by = event.submitter;
    if (/\/(save|approve|decline|profile\/\w+)$/.test(by?.hasAttribute("formaction") ? by.formAction : form.action)) {
      if (!waiting) return;
      event.preventDefault(); // what was decided just now is part of what is saved
      const address = form.getAttribute("action");
      sent.then(() => (form.isConnected ? form.requestSubmit(by) : document.querySelector(`form[action="${address}"]`)?.requestSubmit()));
      return;
    }
    event.preventDefault();
    send(form, event.submitter);
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-do]");
    const row = event.target.closest(".mapping-row");
    if (target?.dataset.do === "more" && row) {
      event.preventDefault();
      toggle(row);
    } else if (target?.dataset.do === "keys") {
      document.getElementById("keys").showModal();
    } else if (row && !event.target.closest("a, button, input, select")) stand(row);
  });

  table.addEventListener("focusin", (event) => {
    const row = event.target.closest(".mapping-row");
    if (row && row !== here) {
      here?.classList.remove("here");
      here = row;
      row.classList.add("here");
    }
  });

  let typing;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-edit]");
    if (!form || event.target.name === "reason") return;
    clearTimeout(typing);
    typing = setTimeout(async () => {
      const body = new URLSearchParams(new FormData(form));
      const html = await ask(form.dataset.preview, { method: "POST", body });
      if (html) form.querySelector("[data-result]").innerHTML = html;
    }, 150);
  });

  /** Undo or redo, after what was decided just now. */
  const stepping = (what) => sent.then(() => document.querySelector(`[data-do=${what}]`)?.click());

  const keys = {
    j: () => move(1), ArrowDown: () => move(1), k: () => move(-1), ArrowUp: () => move(-1),
    Enter: () => press(here, "accept") && move(1), a: () => press(here, "accept") && move(1),
    x: () => (press(here, "reject") || press(here, "ignore")) && move(1),
    o: () => here && toggle(here),
    v: async () => {
      if (!here) return;
      if (!panel(here)) await open(here);
      const values = document.getElementById(`values-${here.dataset.key}`);
      values ? values.scrollIntoView({ block: "center" }) : say("This field takes no fixed list of values.");
    },
    u: () => stepping("undo"),
    U: () => stepping("redo"),
    A: () => document.querySelector("[popovertarget=sure]")?.click(),
    "/": () => document.querySelector("[data-search]")?.focus(),
    "?": () => document.getElementById("keys").showModal(),
  };

  /** A key by its name in `keys`: Shift says whether a letter is a capital, whatever Caps Lock makes of it. */
  function named({ key, shiftKey }) {
    if (!/^[a-z]$/i.test(key)) return key;
    return shiftKey ? key.toUpperCase() : key.toLowerCase();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], .sheet:popover-open")) return;
    const busy = event.target.closest?.("input, select, textarea");
    if (busy) {
      if (event.key === "Escape") busy.blur();
      return;
    }
    if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
    if (/^[1-5]$/.test(event.key) && here) {
      event.preventDefault();
      choose(here, Number(event.key));
      return;
    }
    const act = keys[named(event)];
    if (!act) return;
    event.preventDefault();
    act();
  });

  follow(table.dataset.live, "review.decided", catchUp);
  typeAgain();
}
