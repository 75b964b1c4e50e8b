"use strict";
for (const compare of document.querySelectorAll(".compare")) {
  const stage = compare.querySelector(".stage");
  const dial = compare.querySelector(".dial");
  const range = dial.querySelector("input");
  const show = () => {
    stage.style.setProperty("--at", range.value + "%");
    range.setAttribute("aria-valuetext", range.value + " percent before, " + (100 - range.value) + " percent after");
  };
  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    range.value = Math.round((100 * (event.clientX - box.left)) / box.width);
    show();
  };
  compare.classList.add("live");
  dial.hidden = false;
  range.addEventListener("input", show);
  stage.addEventListener("dragstart", (event) => event.preventDefault());
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    follow(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });
  show();
}
for (const viewer of document.querySelectorAll(".viewer")) {
  const choice = viewer.querySelector(".views");
  if (!choice) continue;
  choice.hidden = false;
  choice.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    for (const each of choice.querySelectorAll("button")) each.setAttribute("aria-pressed", each === button);
    for (const when of ["before", "after"]) {
      const image = viewer.querySelector(".compare ." + when + " img");
      const chosen = viewer.querySelectorAll(".strip." + when + " img")[button.dataset.view];
      image.src = chosen.src;
      image.alt = chosen.alt;
    }
  });
}
for (const strip of document.querySelectorAll(".strengths")) {
  const chosen = strip.querySelector(".chosen");
  const range = chosen.querySelector("input");
  const steps = strip.querySelectorAll(".at-strengths li");
  const show = () => {
    const step = steps[range.value];
    const image = chosen.querySelector("img");
    image.src = step.querySelector("img").src;
    image.alt = step.querySelector("img").alt;
    chosen.querySelector("figcaption").textContent = step.dataset.words;
    range.setAttribute("aria-valuetext", step.dataset.words);
    for (const each of steps) each.classList.toggle("now", each === step);
  };
  chosen.hidden = false;
  range.addEventListener("input", show);
  steps.forEach((step, number) => step.addEventListener("click", () => {
    range.value = number;
    show();
  }));
  show();
}
for (const steps of document.querySelectorAll(".steps")) {
  const dial = steps.querySelector(".step-dial");
  const range = dial.querySelector("input");
  const names = [...dial.querySelectorAll(".stops span")];
  const show = () => {
    const chosen = names[range.value].textContent;
    for (const each of steps.querySelectorAll("[data-step]")) each.hidden = each.dataset.step !== range.value;
    for (const name of names) name.className = name === names[range.value] ? "now" : "";
    dial.querySelector("output").value = chosen;
    range.setAttribute("aria-valuetext", chosen);
  };
  dial.hidden = false;
  range.addEventListener("input", show);
  show();
}
