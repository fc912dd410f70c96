// Long tables: a column's name is a button that sorts by it, and at the next press reverses.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const [body] = table.tBodies;
  const heads = [...table.tHead.rows[0].cells];
  // Numbers before words; missing values come last in both orders.
  const order = (a, b) => {
    const [x, y] = [a, b].map((text) => parseFloat(text.replaceAll(",", "")));
    if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
    return x - y || a.localeCompare(b, undefined, { numeric: true });
  };
  const sort = (column, turn) => {
    const text = (row) => row.cells[column].textContent.trim();
    const missing = (row) => !/[\p{L}\p{N}]/u.test(text(row));
    body.append(...[...body.rows].sort((a, b) => missing(a) - missing(b)
      || turn * order(text(a), text(b))));
  };
  for (const [column, head] of heads.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(column, down ? -1 : 1);
    });
  }
}
