// What a reader may do with the page. Without it nothing is missing: the tables are whole, the links lead to the sections.
(() => {
  "use strict";
  const words = document.body.dataset;
  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

  const root = document.documentElement;
  const isDark = () => getComputedStyle(root).colorScheme === "dark" ||
    (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  const theme = make("button", { type: "button", className: "theme", textContent: words.theme });
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; });
  document.querySelector("header").append(theme);

  const key = (cell) => (cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value || NaN));
  const compare = (one, other) => {
    if (typeof one === "string") return one.localeCompare(other, root.lang, { numeric: true });
    if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) - Number.isNaN(other) || 0;
    return one - other;
  };
  const sort = (table, place, falls) => {
    const rows = [...table.tBodies[0].rows].map((row) => [key(row.cells[place]), row]);
    const unknown = (value) => typeof value === "number" && Number.isNaN(value);
    rows.sort(([one], [other]) => (falls && !unknown(one) && !unknown(other) ? -compare(one, other) : compare(one, other)));
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };

  for (const table of document.querySelectorAll("table")) {
    const heads = [...table.tHead.rows[0].cells];
    if (table.tBodies[0].rows.length < 3) continue;
    heads.forEach((head, place) => {
      const button = make("button", { type: "button", textContent: head.textContent, title: words.sort });
      button.addEventListener("click", () => {
        const isFirst = !head.hasAttribute("aria-sort");
        const falls = isFirst ? place > 0 : head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", falls ? "descending" : "ascending");
        sort(table, place, falls);
      });
      head.replaceChildren(button);
    });
    if (table.tBodies[0].rows.length < 8) continue;
    const filter = make("input", { type: "search", className: "filter", placeholder: words.filter });
    filter.setAttribute("aria-label", words.filter);
    filter.addEventListener("input", () => {
      const wanted = filter.value.trim().toLocaleLowerCase(root.lang);
      for (const row of table.tBodies[0].rows) row.hidden = !row.textContent.toLocaleLowerCase(root.lang).includes(wanted);
    });
    table.closest(".scroll").before(filter);
  }

  // The values of a picture show where a mouse points; here the arrow keys go through them, from one stop of the tab key.
  for (const marks of document.querySelectorAll(".marks")) {
    const all = [...marks.children];
    all[0].tabIndex = 0;
    marks.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = all[all.indexOf(event.target) + step];
      if (!next) return;
      event.preventDefault();
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }

  // Every switch works by itself; here those of one name, such as the period, are kept at the same option.
  document.querySelector("main").addEventListener("change", ({ target }) => {
    const name = target.closest("[data-switch]")?.dataset.switch;
    if (!name || target.type !== "radio") return;
    for (const other of document.querySelectorAll(`[data-switch="${name}"] > .options > input`)) {
      if (other.value === target.value) other.checked = true;
    }
  });

  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const seen = new Set();
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) isIntersecting ? seen.add(target) : seen.delete(target);
    const top = [...seen].sort((one, other) => one.offsetTop - other.offsetTop)[0];
    for (const link of links.values()) link.removeAttribute("aria-current");
    if (top) links.get(top.getAttribute("aria-labelledby"))?.setAttribute("aria-current", "true");
  }, { rootMargin: "-10% 0px -60% 0px" });
  document.querySelectorAll("main > section").forEach((section) => watch.observe(section));
})();
