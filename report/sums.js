"use strict";
// Figures of any days: the one place where the page computes. What a figure is the sum or the quotient of,
// figures.yml says, by the formulas of docs/dbt/figures.md.
const sums = (() => {
  const known = (rows, column) => rows.filter((row) => row[column] !== null);

  // null where no day is known; free of what adding fractions leaves behind
  function total(rows, column) {
    const values = known(rows, column);
    return values.length
      ? Number(values.reduce((sum, row) => sum + row[column], 0).toFixed(6)) : null;
  }

  // `of` is one column, or two: then the quotient of the days of which both are known. `whole`: unknown
  // if the last column is unknown on one of the days
  function figure({ of: [part, base], times, whole }, rows) {
    const used = base ? known(rows, part) : rows;
    if (whole && used.some((row) => row[base ?? part] === null)) return null;
    if (!base) return total(rows, part);
    const both = known(used, base);
    const below = total(both, base);
    return below ? times * total(both, part) / below : null;
  }

  const within = (rows, [first, last]) =>
    rows.filter((row) => row.business_date >= first && row.business_date <= last);

  // whether there is a closed day of each date
  const isWhole = (rows, [first, last]) =>
    rows.length === (last - first) / 86400000 + 1 && rows.every((row) => row.is_complete);

  // the rows of each branch, now and before, and whether its days can be compared
  function sides(branches, now, before) {
    return branches.map(({ branch, days, rows }) => ({
      branch, now: within(rows, now), before: before ? within(rows, before) : [],
      isNew: Boolean(days.length) && Boolean(before) && days[0].business_date > before[0],
      isComparable: Boolean(before)
        && [now, before].every((range) => isWhole(within(days, range), range)),
      // of a day's sum nobody knows by which channels it was sold
      isOrdered: Boolean(before)
        && [now, before].every((range) => within(days, range).every((row) => row.orders !== null)),
    }));
  }

  // the rows by what a column says, each with the sums and quotients of the others
  function groups(branches, by, columns) {
    const made = new Map();
    for (const side of branches) {
      for (const row of side.now) {
        if (!made.has(row[by])) made.set(row[by], { rows: [], branches: new Set() });
        made.get(row[by]).rows.push(row);
        made.get(row[by]).branches.add(side.branch);
      }
    }
    return [...made].map(([name, group]) => ({
      [by]: name, branches: group.branches.size,
      ...Object.fromEntries(columns.filter((column) => column.of.length).map((column) =>
        [column.name, figure(column, group.rows)])),
    }));
  }

  // A figure of all days, and like for like: of the branches that know it on each day now and before.
  // `sparse`: there are rows only where there was something, so that none is nothing.
  function compare(tile, branches, sparse = false) {
    const isKnown = (row) => tile.of.every((column) => row[column] !== null);
    const same = branches.filter((side) => side.isComparable
      && (sparse ? side.isOrdered : [...side.now, ...side.before].every(isKnown)));
    const sum = (some, each) => {
      const found = figure(tile, some.flatMap((side) => side[each]));
      return sparse && found === null && some.length && tile.of.length === 1 ? 0 : found;
    };
    const rows = branches.flatMap((side) => side.now);
    const known = rows.filter(isKnown).length;
    return { value: sum(branches, "now"), same: sum(same, "now"), before: sum(same, "before"),
      isCompared: same.length > 0,
      partly: !sparse && known && known < rows.length ? `of ${known} of ${rows.length} days` : "" };
  }

  // the days in steps of a day, a week or a month; the edges are the range's own
  function steps(branches, [first, last], step) {
    const made = new Map();
    for (const row of branches.flatMap((side) => side.now)) {
      const [start, end] = span(row.business_date, step);
      if (!made.has(start)) made.set(start, { start, end, rows: [] });
      made.get(start).rows.push(row);
    }
    return [...made.values()].sort((one, other) => one.start - other.start).map(({ start, end, rows }) => ({
      start_date: Math.max(start, first), end_date: Math.min(end, last + 86400000),
      net_revenue: total(rows, "net_revenue"), orders: figure({ of: ["orders"], whole: true }, rows),
      state: rows.every((row) => row.is_complete) ? "complete" : "so far",
    }));
  }

  function span(day, step) {
    const date = new Date(day);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    if (step === "month") return [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
    const start = step === "week" ? day - ((date.getUTCDay() + 6) % 7) * 86400000 : day;
    return [start, start + (step === "week" ? 7 : 1) * 86400000];
  }

  // as many days just before; the same calendar days a year before
  function earlier([first, last], basis) {
    if (basis === "previous") return [first - (last - first) - 86400000, first - 86400000];
    const year = (day) => {
      const date = new Date(day);
      const [wanted, month] = [date.getUTCFullYear() - 1, date.getUTCMonth()];
      // 29 February stands beside the 28th
      return Math.min(Date.UTC(wanted, month, date.getUTCDate()), Date.UTC(wanted, month + 1, 0));
    };
    return [year(first), year(last)];
  }

  return { figure, sides, compare, steps, earlier, groups };
})();
