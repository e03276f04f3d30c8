// What makes the pages smoother. Nothing here is needed: every action is a plain form.
"use strict";

// Keys 1 to 9 press the outcome that bears them, unless somebody is typing.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!/^[1-9]$/.test(event.key)) return;
  const button = document.querySelector(`button[data-key="${event.key}"]`);
  if (button) button.click();
});

// A form that saves is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

// Who comes back by the browser's button may send it again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("[data-once]").forEach((form) => delete form.dataset.sent);
});

// What can be undone goes when its time is over.
document.querySelectorAll("[data-undo-ms]").forEach((bar) => {
  setTimeout(() => bar.remove(), Number(bar.dataset.undoMs));
});

// A number that was asked for is called at once.
document.addEventListener("htmx:afterSwap", () => {
  const call = document.querySelector("#number a[data-call]:not([data-called])");
  if (!call) return;
  call.dataset.called = "yes";
  call.click();
});

// An answer that says no (too many, not found) is shown in its place like any other.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 429) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// A list that is chosen shows itself; the button is for pages without scripts.
document.documentElement.classList.add("scripted");
