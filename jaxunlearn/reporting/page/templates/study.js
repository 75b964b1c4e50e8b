"use strict";
const study = JSON.parse(document.getElementById("study").textContent);
const KEPT = "jaxunlearn-study-" + study.study;
const sections = Object.fromEntries(["begin", "ask", "end"].map((id) => [id, document.getElementById(id)]));
const [nameField, progress, given, none] = ["name", "progress", "given", "none"].map((id) => document.getElementById(id));
const choices = [...document.querySelectorAll(".choice")];
let shownAt = null;

const drawn = (below) => crypto.getRandomValues(new Uint32Array(1))[0] % below;
const token = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/* The part of a participant: that of the address, as in study.html#2, or one drawn by chance. */
function fresh() {
  const asked = Number(location.hash.slice(1));
  const valid = Number.isInteger(asked) && asked >= 1 && asked <= study.parts.length;
  return { token: token(), name: "", part: valid ? asked - 1 : drawn(study.parts.length), at: 0, begun: false, answers: {} };
}
function kept() {
  try {
    const state = JSON.parse(localStorage.getItem(KEPT));
    return state && study.parts[state.part] ? state : null;
  } catch { return null; }
}
function keep() {
  try { localStorage.setItem(KEPT, JSON.stringify(state)); return true; } catch { return false; }
}
let state = kept() || fresh();
let part = study.parts[state.part];

function show(name) {
  for (const [each, section] of Object.entries(sections)) section.hidden = each !== name;
  const title = sections[name].querySelector("h2");
  title.focus({ preventScroll: true });
  scrollTo(0, 0);
}
function picture(image, number) {
  const { source, width, height } = study.pictures[number];
  image.src = source;
  image.width = width;
  image.height = height;
}
function ask() {
  const question = part[state.at];
  const { given: person, choices: numbers } = study.questions[question];
  const before = state.answers[question];
  document.getElementById("ask-title").textContent = "Question " + (state.at + 1) + " of " + part.length;
  progress.max = part.length;
  progress.value = Object.keys(state.answers).length;
  given.replaceChildren(...person.map((number, place) => {
    const image = new Image();
    image.alt = place ? "The person, from a side" : "The person, from the front";
    picture(image, number);
    return image;
  }));
  choices.forEach((button, place) => {
    picture(button.querySelector("img"), numbers[place]);
    button.setAttribute("aria-pressed", Boolean(before) && before.choice === place + 1);
  });
  none.setAttribute("aria-pressed", Boolean(before) && before.choice === 0);
  document.getElementById("back").disabled = state.at === 0;
  document.getElementById("next").hidden = !before;
  shownAt = document.hidden ? null : performance.now();
  show("ask");
}
/* Seconds that the question has been seen since the last call; a page in the background is not seen. */
let seen = 0;
function pause() {
  if (shownAt !== null) seen += (performance.now() - shownAt) / 1000;
  shownAt = null;
}
function left() {
  pause();
  const seconds = seen;
  seen = 0;
  return seconds;
}
function answer(choice) {
  const question = part[state.at];
  const before = state.answers[question];
  const seconds = left() + (before ? before.seconds : 0);
  state.answers[question] = { choice, seconds: Math.round(seconds * 100) / 100 };
  move(1);
}
function move(by) {
  left();
  state.at = Math.max(0, Math.min(part.length, state.at + by));
  keep();
  if (state.at === part.length) end(); else ask();
}
function file() {
  const answers = part.filter((question) => state.answers[question]).map((question) => ({ question, ...state.answers[question] }));
  return JSON.stringify({ format: 1, study: study.study, participant: state.name, token: state.token, part: state.part, answers }, null, 1) + "\n";
}
function end() {
  left();
  const count = Object.keys(state.answers).length;
  document.getElementById("end-title").textContent = count === part.length ? "Thank you" : "Stopped";
  document.getElementById("state").textContent = "You have answered " + count + " of " + part.length + " questions. Now save your answers, and give the file to whoever asked you.";
  document.getElementById("saved").textContent = "";
  document.getElementById("text").value = file();
  show("end");
}
function save() {
  const named = state.name.replace(/[^\p{L}\p{N}_-]+/gu, "-").replace(/^-+|-+$/g, "") || state.token.slice(0, 8);
  const link = document.createElement("a");
  link.download = "answers-" + named + ".json";
  link.href = URL.createObjectURL(new Blob([file()], { type: "application/json" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  document.getElementById("saved").textContent = "Saved as " + link.download + ", where this browser keeps what it downloads.";
}
document.getElementById("start").addEventListener("click", () => {
  state.name = nameField.value.trim();
  state.begun = true;
  keep();
  ask();
});
for (const button of document.querySelectorAll("[data-choice]"))
  button.addEventListener("click", (event) => {
    if (event.detail < 2) answer(Number(button.dataset.choice)); // the second of a double click is no answer to the next
  });
document.getElementById("back").addEventListener("click", () => move(-1));
document.getElementById("next").addEventListener("click", () => move(1));
document.getElementById("again").addEventListener("click", () => {
  const open = part.findIndex((question) => !state.answers[question]);
  state.at = open < 0 ? part.length - 1 : open;
  ask();
});
for (const button of document.querySelectorAll(".save"))
  button.addEventListener("click", () => { if (sections.end.hidden) end(); save(); });
document.getElementById("clear").addEventListener("click", () => {
  try { localStorage.removeItem(KEPT); } catch { /* it keeps nothing anyway */ }
  state = fresh();
  part = study.parts[state.part];
  begin();
});
document.addEventListener("keydown", (event) => {
  if (sections.ask.hidden || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const number = event.key.length === 1 ? "0123456789".indexOf(event.key) : -1;
  if (number >= 0 && number <= choices.length) answer(number);
  else if (event.key === "Backspace" && state.at) move(-1);
  else return;
  event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) pause();
  else if (!sections.ask.hidden) shownAt = performance.now();
});
function begin() {
  nameField.value = state.name;
  for (const each of document.querySelectorAll(".count")) each.textContent = part.length;
  document.querySelector(".warning").hidden = keep();
  show("begin");
}
if (!state.begun) begin();
else if (state.at >= part.length) end();
else ask();
