// Ticking all rows of a page or of a group at once, and telling how many are ticked.
export function tendSelection(form) {
  if (!form) return;
  const all = form.querySelector("[data-select-all]");
  const told = form.querySelector("[data-selected-count]");
  const ticks = [...form.querySelectorAll('input[name="file"]')];
  const tell = () => {
    const ticked = ticks.filter((tick) => tick.checked).length;
    told.textContent = ` (${ticked})`;
    all.checked = ticked === ticks.length;
    all.indeterminate = ticked > 0 && ticked < ticks.length;
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const tick of ticks) tick.checked = all.checked;
    tell();
  });
  for (const group of form.querySelectorAll("[data-select-group]")) {
    group.hidden = false;
    group.addEventListener("change", () => {
      for (const tick of group.closest("tbody").querySelectorAll('input[name="file"]')) tick.checked = group.checked;
      tell();
    });
  }
  for (const tick of ticks) tick.addEventListener("change", tell);
  tell();
}
