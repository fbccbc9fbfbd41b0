(() => {
  const field = document.getElementById("filter");
  const found = document.getElementById("found");
  const groups = [...document.querySelectorAll("details.group")];
  const rows = [...document.querySelectorAll("table.bins tbody tr")];
  const texts = new Map(rows.map((row) => {
    const group = row.closest("details.group");
    const title = group ? group.querySelector("summary").textContent : "";
    return [row, (title + " " + row.textContent).toLowerCase()];
  }));
  const opened = new Set(groups.filter((group) => group.open));
  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    const alive = new Set();
    for (const row of rows) {
      const fits = words.every((word) => texts.get(row).includes(word));
      row.classList.toggle("hidden", !fits);
      if (fits) {
        shown += 1;
        alive.add(row.closest("details.group"));
      }
    }
    for (const group of groups) {
      group.classList.toggle("hidden", words.length > 0 && !alive.has(group));
      group.open = words.length > 0 ? alive.has(group) : opened.has(group);
    }
    found.textContent = words.length > 0 ? shown + " rows" : "";
  };
  field.addEventListener("input", apply);
  const all = (open) => () => groups.forEach((group) => { group.open = open; });
  document.getElementById("open").addEventListener("click", all(true));
  document.getElementById("close").addEventListener("click", all(false));
  document.getElementById("excluded").addEventListener("change", (event) => {
    document.body.classList.toggle("no-excluded", !event.target.checked);
  });
  const target = () => {
    const at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (at instanceof HTMLDetailsElement) { at.open = true; at.scrollIntoView(); }
  };
  addEventListener("hashchange", target);
  target();
})();
