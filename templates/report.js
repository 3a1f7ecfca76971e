
(() => {
  "use strict";

  // Without a script the page is whole, and only cannot be searched and sorted.
  const lists = Array.from(document.querySelectorAll("section"), (section) => ({
    section,
    table: section.querySelector("table"),
    users: Array.from(section.querySelectorAll("tbody"), (body) => ({ body })),
    count: section.querySelector(".count"),
  }));
  const total = lists.reduce((sum, list) => sum + list.users.length, 0);

  // Emile finds Émile, too.
  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();

  const box = document.getElementById("search");
  const input = document.getElementById("text");
  const found = document.getElementById("found");

  function search() {
    const words = fold(input.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const list of lists) {
      let here = 0;
      for (const user of list.users) {
        user.text ??= fold(user.body.textContent);
        const fits = words.every((word) => user.text.includes(word));
        user.body.hidden = !fits;
        here += fits ? 1 : 0;
      }
      list.section.hidden = here === 0;
      list.all ??= list.count.textContent;
      list.count.textContent = words.length ? `${here} of ${list.all}` : list.all;
      shown += here;
    }
    found.textContent = words.length ? `${shown} of ${total} found` : "";
  }

  let waiting = 0;
  input.addEventListener("input", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(search);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) {
      event.preventDefault();
      input.focus();
    }
  });
  box.hidden = false;

  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  // What a user has in a column: the name, or the cells of all its rows.
  function key(body, column) {
    if (column === 0) {
      return body.querySelector("th bdi").textContent;
    }
    return Array.from(body.rows, (row) => {
      const cells = row.querySelectorAll("td");
      return cells[column - 1].textContent;
    }).join("\n");
  }

  function sort(list, heading, column) {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    for (const other of list.table.tHead.querySelectorAll("th")) {
      other.removeAttribute("aria-sort");
    }
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const keyed = list.users.map((user) => [key(user.body, column), user]);
    keyed.sort(([one], [other]) => collator.compare(one, other) * (descending ? -1 : 1));
    list.users = keyed.map(([, user]) => user);
    list.table.append(...list.users.map((user) => user.body));
  }

  for (const list of lists) {
    Array.from(list.table.tHead.querySelectorAll("th")).forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.title = "Sort by this column";
      heading.append(button);
      button.addEventListener("click", () => sort(list, heading, column));
    });
  }
})();
