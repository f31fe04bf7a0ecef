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

  const DAY = 86400000;

  // so many days may be days of rest, and not days without data: as in int_periods_spanned
  const restOf = ([first, last], longest) => Math.min(longest, Math.floor(((last - first) / DAY + 1) / 10));

  // whether a branch had opened and has data of all days, as in int_branch_periods_figured
  function isWhole({ days, opened_on, first_date, last_sale_date }, range, rest) {
    const rows = within(days, range);
    const [first, last] = [Math.max(range[0], first_date), range[1]];
    return opened_on <= range[0] && first - range[0] <= rest * DAY && last_sale_date >= last
      && rows.length === (last - first) / DAY + 1 && rows.every((row) => row.is_complete);
  }

  // the rows of each branch, now and before, and whether its days can be compared
  function sides(branches, now, before, longest) {
    const ranges = before ? [now, before] : [];
    const rests = ranges.map((range) => restOf(range, longest));
    return branches.map((branch) => {
      const all = within(branch.days, now);
      return {
        branch: branch.branch, rests, known: known(all, "orders").length, all: all.length,
        now: within(branch.rows, now), before: before ? within(branch.rows, before) : [],
        isNew: Boolean(before) && branch.opened_on > before[0],
        isComparable: Boolean(before)
          && ranges.every((range, index) => isWhole(branch, range, rests[index])),
        // of a day's sum nobody knows by which channels it was sold
        isOrdered: Boolean(before)
          && ranges.every((range) => within(branch.days, range).every((row) => row.orders !== null)),
      };
    });
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
    })).map((row) => ({ ...row, ...Object.fromEntries(columns.filter((column) => column.less.length).map(
      ({ name, less: [one, other] }) =>
        [name, row[one] === null || row[other] === null ? null : row[one] - row[other]])) }));
  }

  const rowsHave = (branches, column) => branches.some((side) => side.now.some((row) => column in row));

  // A figure of all days, and like for like: of the branches that know it on all days now and before, but
  // for days of rest; the number of orders is known on each.
  // `sparse`: there are rows only where there was something, so that none is nothing.
  function compare(tile, branches, sparse = false) {
    // a day between two counts of stock is recorded, and its figures are those of the later count
    const recorded = rowsHave(branches, tile.days) ? [tile.days] : tile.of;
    const isKnown = (row) => recorded.every((column) => row[column] !== null);
    const isRecorded = (side) => [side.now, side.before].every((rows, index) =>
      recorded.every((column) => rows.length - known(rows, column).length
        <= (column === "orders" ? 0 : side.rests[index])));
    const same = branches.filter((side) => side.isComparable
      && (sparse ? side.isOrdered : isRecorded(side)));
    const sum = (some, each) => {
      const found = figure(tile, some.flatMap((side) => side[each]));
      return sparse && found === null && some.length && tile.of.length === 1 ? 0 : found;
    };
    const rows = branches.flatMap((side) => side.now);
    const count = (of) => branches.reduce((sum, side) => sum + of(side), 0);
    const [found, all] = sparse ? [count((side) => side.known), count((side) => side.all)]
      : [rows.filter(isKnown).length, rows.length];
    return { value: sum(branches, "now"), same: sum(same, "now"), before: sum(same, "before"),
      isCompared: same.length > 0,
      partly: found && found < all ? `of ${found} of ${all} days` : "" };
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
