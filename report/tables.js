"use strict";
// Tables that can be sorted, and written to a file that a spreadsheet opens.
const tables = (() => {
  const pad = (value) => String(value).padStart(2, "0");

  function isoDate(day) {
    const date = new Date(day);
    return `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
  }

  // what is unknown comes last, whichever way
  function sorted(rows, name, isDown) {
    const order = (one, other) => typeof one === "string"
      ? one.localeCompare(other, "en", { numeric: true }) : one - other;
    return [...rows].sort((one, other) => {
      const [left, right] = [one[name] ?? null, other[name] ?? null];
      if (left === null || right === null) return (left === null) - (right === null);
      return isDown ? order(right, left) : order(left, right);
    });
  }

  function cell(value, kind) {
    if (value === null || value === undefined) return "";
    if (kind === "date") return isoDate(value);
    if (kind === "month") return isoDate(value).slice(0, 7);
    if (typeof value === "number") return String(value);
    // a spreadsheet would take such a text for a formula
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  // with the mark of UTF-8 that Excel wants
  function csv(columns, rows, currency) {
    const heads = columns.map((column) =>
      cell(column.kind === "money" ? `${column.label} (${currency})` : column.label, "text"));
    const lines = rows.map((row) => columns.map((column) => cell(row[column.name], column.kind)));
    return `\uFEFF${[heads, ...lines].map((line) => line.join(",")).join("\r\n")}\r\n`;
  }

  function save(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = `${name.replaceAll(/[^\w.-]+/g, "-")}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  return { sorted, csv, save, isoDate };
})();
