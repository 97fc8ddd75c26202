// Small comforts on data-* attributes. Every page works without this file.
(() => {
  "use strict";
  const words = document.body.dataset;
  const one = (selector, root = document) => root.querySelector(selector);
  const say = (text) => {
    const place = one("#announce");
    if (place && text) {
      place.textContent = "";
      requestAnimationFrame(() => { place.textContent = text; });
    }
  };

  // "/" goes to the search field, wherever one is not already typing.
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const at = document.activeElement;
      const typing = at && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName));
      const search = one("[data-search]");
      if (search && !typing) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
    if (event.key === "Escape") {
      const open = event.target.closest?.("details.menu[open], details.filter[open]");
      if (open) {
        open.open = false;
        one("summary", open).focus();
      }
    }
  });

  // Menus and filter panels close when one looks elsewhere.
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.menu[open], details.filter[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });

  // Copying: the clipboard needs https, the selected text field works on plain http too.
  const copy = async (field) => {
    if (navigator.clipboard && window.isSecureContext) {
      try {
        await navigator.clipboard.writeText(field.value);
        return true;
      } catch { /* refused: take the old way */ }
    }
    field.focus();
    field.select();
    field.setSelectionRange(0, field.value.length);
    return document.execCommand("copy");
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    const done = await copy(field);
    button.focus();
    const note = one(".copy__done", button.parentElement);
    const text = done ? words.copied : words.copyFailed;
    if (note) note.textContent = text; else say(text);
    if (done) button.dispatchEvent(new CustomEvent("copied", { bubbles: true }));
  });
  // What is carried by hand says that it was copied, by a small request of its own.
  document.addEventListener("copied", (event) => {
    const form = event.target.closest("[data-carry]")?.querySelector("form[data-carried]");
    if (form) fetch(form.action, { method: "POST", body: new FormData(form), keepalive: true });
  });

  // A blocked button keeps its place and its reason, and does nothing.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[aria-disabled=true]")) event.preventDefault();
  }, true);

  // Dialogs: data-dialog names the one to open, data-close closes the one around.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.dialog).showModal();
    }
    const closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog").close();
  });

  // data-confirm on a submit button asks first; only for what cannot be undone.
  const ask = (sentence, label) => new Promise((answer) => {
    const dialog = document.createElement("dialog");
    const text = document.createElement("p");
    text.id = "confirm-text";
    text.textContent = sentence;
    dialog.setAttribute("aria-labelledby", text.id);
    const row = document.createElement("div");
    row.className = "row";
    for (const [kind, caption] of [["yes", label], ["no", words.cancel]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = kind === "yes" ? "button button--trouble" : "button";
      button.textContent = caption;
      button.addEventListener("click", () => dialog.close(kind));
      row.append(button);
    }
    dialog.append(text, row);
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    row.lastChild.focus();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-confirm]");
    if (!button || button.dataset.agreed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (await ask(button.dataset.confirm, button.textContent.trim())) {
      button.dataset.agreed = "yes";
      button.click();
      delete button.dataset.agreed;
    } else {
      button.focus();
    }
  }, true);

  // One tick for all rows of a form.
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-check-all]")) {
      for (const row of box.form.querySelectorAll(`input[type=checkbox][name="${box.dataset.checkAll}"]`)) {
        row.checked = box.checked;
      }
    }
    if (box.form && box.matches("input[type=checkbox]")) {
      const count = one("[data-chosen]", box.form);
      if (count) count.textContent = box.form.querySelectorAll("tbody .ledger__pick :checked").length;
    }
    // Pictures are shown before they leave.
    const place = box.type === "file" && one(`[data-preview="${box.id}"]`);
    if (place) {
      place.replaceChildren();
      for (const file of box.files) {
        if (!file.type.startsWith("image/")) continue;
        const reader = new FileReader();
        reader.addEventListener("load", () => {
          const picture = document.createElement("img");
          picture.alt = file.name;
          picture.src = reader.result;
          place.append(picture);
        });
        reader.readAsDataURL(file);
      }
    }
    // Filters apply at once where they carry data-autosubmit.
    const form = box.closest("form[data-autosubmit]");
    if (form && !box.matches("[type=search], [type=text]")) form.requestSubmit();
  });

  // A refused form: the summary takes the focus, and its links reach the field itself.
  const attend = (root) => one("[data-focus]", root)?.focus();
  attend(document);
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".error-summary a");
    if (!link) return;
    const place = document.getElementById(link.hash.slice(1));
    const field = place?.matches("input, select, textarea") ? place : place && one("input, select, textarea", place);
    if (field) {
      event.preventDefault();
      field.focus();
      field.scrollIntoView({ block: "center" });
    }
  });

  // A table wider than the screen is scrolled with the keyboard too.
  const reach = () => {
    for (const box of document.querySelectorAll(".table-box")) {
      const wide = box.scrollWidth > box.clientWidth;
      if (wide && !box.hasAttribute("tabindex")) {
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", one("caption", box)?.textContent.trim() || words.table);
      }
    }
  };
  reach();
  addEventListener("resize", reach);

  // After a swap: say what happened, and never let the focus fall off the page.
  let told;
  document.addEventListener("htmx:afterSettle", (event) => {
    const { elt, target, xhr } = event.detail;
    const place = elt?.isConnected ? elt : document.getElementById(target?.id);
    if (!place || (xhr && xhr === told)) return;
    told = xhr;
    if (place.matches("[data-quiet]")) {  // it asks for itself again and again: only what is new is said
      say(place.dataset.announce);
      return;
    }
    const marked = place.matches("[data-announce]") ? place : one("[data-announce]", place);
    say(marked ? marked.dataset.announce : words.loaded);
    attend(place);
    reach();
    if (document.activeElement === document.body) {
      place.setAttribute("tabindex", "-1");
      place.focus({ preventScroll: true });
    }
  });
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, () => {
      const notices = one("#notices");
      if (!notices) return;
      const box = document.createElement("div");
      box.className = "notice notice--error";
      const text = document.createElement("p");
      text.textContent = words.offline;
      box.append(text);
      notices.replaceChildren(box);
      notices.scrollIntoView({ block: "nearest" });
    });
  }

  // A page that counts as opened says so by its own small request, never by being fetched.
  const opened = one("form[data-opened]");
  if (opened) fetch(opened.action, { method: "POST", body: new FormData(opened), keepalive: true });
})();
