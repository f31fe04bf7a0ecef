"use strict";
(async () => {
  if (!window.DecompressionStream) {
    document.getElementById("shown").textContent = "This page needs a newer browser: one of 2023 or later.";
    return;
  }
  const zipped = Uint8Array.from(
    atob(document.getElementById("data").textContent), (letter) => letter.charCodeAt(0));
  const book = await new Response(
    new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  const root = document.documentElement;
  const controls = {};
  for (const name of ["scope", "channel", "payment", "period", "from", "to", "basis", "step", "theme"]) {
    controls[name] = document.getElementById(name);
  }
  const DAY = 86400000;
  const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
  const scopes = new Map(book.scopes.map((scope) => [scope.scope_id, scope]));
  const periods = {};
  for (const period of book.periods) (periods[period.currency] ??= []).push(period);

  // How people write it

  const days = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  const months = new Intl.DateTimeFormat("en-US", {
    month: "short", year: "numeric", timeZone: "UTC" });
  const number = (options) => new Intl.NumberFormat("en-US", options);
  const plain = number({ maximumFractionDigits: 1 });
  const whole = number({ maximumFractionDigits: 0 });
  const fine = number({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const points = number({ minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
  const percent = number({
    style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
  // 8.625 % is not 8.6 %
  const rate = number({ style: "percent", maximumFractionDigits: 4 });
  const signed = number({
    style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });

  function money(value, compact) {
    const short = compact && Math.abs(value) >= 1e6;
    const { currency, places } = chosen().scope;
    return number({
      style: "currency", currency, notation: short ? "compact" : "standard",
      minimumFractionDigits: compact && Math.abs(value) >= 1000 ? 0 : places,
      maximumFractionDigits: short ? 2 : compact && Math.abs(value) >= 1000 ? 0 : places,
    }).format(value);
  }

  function written(value, kind, compact = false) {
    if (value === null || value === undefined) return "–";
    switch (kind) {
      case "money": return money(value, compact);
      case "count": return whole.format(value);
      case "number": return plain.format(value);
      case "stars":
      case "decimal": return fine.format(value);
      case "points": return `${points.format(100 * value)} percentage points`;
      case "share": return percent.format(value);
      case "rate": return rate.format(value);
      case "change": return signed.format(value);
      case "minutes": {
        const minutes = Math.round(value);
        return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
      }
      case "date": return days.format(value);
      case "month": return months.format(value);
      default: return String(value);
    }
  }

  const NUMBERS = new Set(book.numbers);

  // What is chosen, and its rows

  // of a large chain's single branches, the newest periods
  const offeredOf = (scope) =>
    (periods[scope.currency] ?? []).filter((period) => !scope.branch_id || period.is_held);

  function chosen() {
    const scope = scopes.get(controls.scope.value);
    const period = controls.period.value === RANGE ? rangeOf(scope)
      : offeredOf(scope).find((each) => each.period_id === controls.period.value);
    const length = period ? (period.last_date - period.first_date) / DAY + 1 : 0;
    // a step longer than the period would be one bar
    const fits = { day: true, week: length > 7, month: length > 31 };
    const wanted = controls.step.value;
    const step = wanted && fits[wanted] ? wanted : length <= 35 ? "day" : length <= 120 ? "week" : "month";
    return { scope, period, step };
  }

  function decoded(query, packed) {
    return packed.map((values) => {
      const row = {};
      query.columns.forEach(([name, type], index) => {
        const value = values[index];
        row[name] = value === null ? null
          : type === "text" ? query.texts[value] : type === "date" ? value * DAY : value;
      });
      if (row.iso_day_of_week) row.weekday = WEEKDAYS[row.iso_day_of_week - 1];
      return row;
    });
  }

  const isCash = (figure) => figure.name === "cash" || figure.name === "cash_months";

  // those of the chosen way of paying, where rows are of one; null where only whole periods have rows
  function rowsOf(figure) {
    const payment = controls.payment.value;
    if (isCash(figure) && payment && payment !== "cash") return [];
    return allRowsOf(figure)?.filter((row) => !payment || !row.payment_method || row.payment_method === payment)
      ?? null;
  }

  function allRowsOf(figure) {
    const { scope, period, step } = chosen();
    const query = book.queries[figure.query];
    if (figure.pick === "all") return decoded(query, query.rows);
    if (!query || (period?.kind === RANGE && ["period", "grain"].includes(figure.pick))) {
      if (figure.query === "revenue") {
        return sums.steps(sides("days"), [period.first_date, period.last_date], step);
      }
      if (figure.query === "branches") return branchRows();
      if (!figure.days && !Object.keys(figure.parts).length) return null;
      if (!period || !isHeld(scope, period)) return null;
      return figure.query === "proven" ? provenRows()
        : figure.days ? groupRows(figure) : partRows(figure);
    }
    const mine = query.rows[scope.scope_id];
    if (!mine || !period) return [];
    if (figure.pick === "period" || figure.pick === "grain") {
      const rows = decoded(query, mine[period.period_id] ?? [])
        .filter((row) => row.basis === undefined || row.basis === controls.basis.value);
      return figure.pick === "period" ? rows : rows.filter((row) => row.grain === step);
    }
    const rows = decoded(query, mine);
    if (figure.pick === "scope") return rows;
    const from = figure.pick === "days" ? period.first_date : yearBefore(period.last_date);
    return rows.filter((row) =>
      row[figure.until || figure.date] >= from && row[figure.date] <= period.last_date
      && (row.month_start === undefined || row.month_start <= period.last_date));
  }

  // A free range: its figures are sums of the days that the page holds

  const RANGE = "range";
  const held = new Map();

  function daysOf(branch, name = "days") {
    const key = `${name} ${branch}`;
    if (!held.has(key)) {
      held.set(key, decoded(book.queries[name], book.queries[name].rows[branch] ?? []));
    }
    return held.get(key);
  }

  const branchesOf = (scope) => scope.branch_id ? [scope.branch_id] : book.scopes
    .filter((each) => each.branch_id && each.currency === scope.currency).map((each) => each.branch_id);

  // the first and the last day that the page holds of a scope
  function limits(scope) {
    const dates = branchesOf(scope).map((branch) => daysOf(branch)).filter((rows) => rows.length)
      .flatMap((rows) => [rows[0].business_date, rows.at(-1).business_date]);
    return dates.length ? [Math.min(...dates), Math.max(...dates)] : null;
  }

  const heldFrom = (scope) =>
    limits(scope) ? `from ${days.format(limits(scope)[0])} on` : "of no day";

  const dayOf = (text) => /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00Z`) : NaN;

  let made = {};

  function rangeOf(scope) {
    const key = [scope.scope_id, controls.from.value, controls.to.value].join(" ");
    if (made.key === key) return made;
    const [first_date, last_date] = [dayOf(controls.from.value), dayOf(controls.to.value)];
    made = { key, period_id: RANGE, period_name: "chosen days", kind: RANGE, is_complete: true,
      first_date, last_date };
    for (const basis of Object.keys(book.bases)) {
      const [first, last] = sums.earlier([first_date, last_date], basis);
      const isThere = isHeld(scope, { first_date: first });
      made[`${basis}_first_date`] = isThere ? first : null;
      made[`${basis}_last_date`] = isThere ? last : null;
    }
    return made;
  }

  // whether the page holds all days that there are of a period
  function isHeld(scope, period) {
    const offered = limits(scope);
    return Boolean(offered)
      && (period.first_date >= offered[0] || offered[0] <= scope.first_date);
  }

  // each branch's rows now and before
  function sides(name, isWanted = () => true) {
    const { scope, period } = chosen();
    const basis = controls.basis.value;
    const before = period[`${basis}_first_date`] === null ? null
      : [period[`${basis}_first_date`], period[`${basis}_last_date`]];
    return sums.sides(branchesOf(scope).map((branch) => (
      { branch, days: daysOf(branch), rows: daysOf(branch, name).filter(isWanted), ...scopes.get(branch) })),
    [period.first_date, period.last_date], before, book.longest_rest_days);
  }

  function branchRows() {
    const [revenue, orders, average] = ["net_revenue", "orders", "average_order"].map(
      (name) => book.tiles.find((tile) => tile.name === name));
    const rows = sides("days").filter((side) => side.now.length).map((side) => {
      const { value, same, before } = sums.compare(revenue, [side]);
      return {
        branch_name: scopes.get(side.branch).branch_name, net_revenue: value,
        previous_net_revenue: before, growth: before > 0 && same >= 0 ? same / before - 1 : null,
        compared: side.isComparable ? "yes" : side.isNew ? "no: it is new" : "no: days are missing",
        orders: sums.figure(orders, side.now), average_order: sums.figure(average, side.now),
      };
    });
    return tables.sorted(rows, "net_revenue", true);
  }

  const nameOfBranch = (branch) => scopes.get(branch).branch_name;

  // of all ways of paying together, or of the chosen one
  const isPaid = (row) => !controls.payment.value || !row.payment_method
    || row.payment_method === controls.payment.value;

  function groupRows(figure) {
    const branches = sides(figure.days, isPaid).map((side) => (
      { ...side, now: side.now.map((row) => ({ ...row, branch_name: nameOfBranch(side.branch) })) }));
    const rows = sums.groups(branches, figure.label, figure.columns)
      .filter((row) => figure.columns.some(({ name, of }) => of.length && row[name] !== null));
    const isDay = figure.label === "business_date";
    const sorted = tables.sorted(rows, figure.label, isDay);
    return figure.value ? tables.sorted(sorted, figure.value, true) : sorted;
  }

  // a row for each column: the first one is what the others are a share of
  function partRows(figure) {
    const rows = sides("days").flatMap((side) => side.now);
    const counts = Object.entries(figure.parts).map(
      ([part, column]) => ({ part, count: sums.figure({ of: [column] }, rows) }));
    const all = counts[0].count;
    return all ? counts.map((row) => ({ ...row, share: row.count / all })) : [];
  }

  // what proves the closed days of each branch
  function provenRows() {
    const proven = book.queries.proven;
    return tables.sorted(sides("days").map(({ branch, now }) => {
      const days = now.filter((row) => row.is_complete);
      const others = days.filter((row) => row.proof !== "proven");
      const compared = days.filter((row) => row.comparison);
      const sum = (column) => sums.figure({ of: [column] }, compared) ?? 0;
      return {
        branch_name: nameOfBranch(branch), days: days.length, proven_days: days.length - others.length,
        state: others.find((row) => row.proof === "differs")?.proof ?? others[0]?.proof ?? "proven",
        net_revenue_not_proven: sums.figure({ of: ["net_revenue"] }, others) ?? 0,
        proven_by: decoded(proven, Object.values(proven.rows[branch] ?? {})[0] ?? [])[0]?.proven_by ?? null,
        compared_days: compared.length,
        equal_days: compared.filter((row) => row.comparison !== "differs").length,
        healed_days: compared.filter((row) => row.comparison === "equal after reload").length,
        order_total_at_till: sum("order_total_at_till"), order_total_difference: sum("order_total_difference"),
      };
    }).filter((row) => row.days), "branch_name", false);
  }

  // the days of a range as they are offered: a period of just these days has more to show
  function setRange(first, last) {
    const scope = scopes.get(controls.scope.value);
    const [least, most] = limits(scope) ?? [first, last];
    const [from, to] = [first, last].map((day) => Math.min(Math.max(day, least), most));
    const period = offeredOf(scope).find(
      (each) => each.first_date === from && each.last_date === to);
    [controls.from.value, controls.to.value] = [from, to].map(tables.isoDate);
    controls.period.value = period ? period.period_id : RANGE;
  }

  function showRange() {
    const { scope, period } = chosen();
    const offered = limits(scope);
    for (const [control, day] of [[controls.from, period?.first_date], [controls.to, period?.last_date]]) {
      control.disabled = !offered;
      if (offered) [control.min, control.max] = offered.map(tables.isoDate);
      if (day !== undefined) control.value = tables.isoDate(day);
    }
  }

  function yearBefore(day) {
    const date = new Date(day);
    return Date.UTC(date.getUTCFullYear() - 1, date.getUTCMonth() + 1, 1);
  }

  // Tiles

  function showTiles() {
    const { scope, period } = chosen();
    const byDays = period && isHeld(scope, period) ? figuresOfDays() : null;
    const found = !period ? null : period.kind === RANGE || controls.channel.value
      ? byDays ?? { answer: () => ({ value: null }) } : figuresOfPeriod(scope, period, byDays);
    recorded = { ...byDays?.recorded, ...found?.recorded, has_prices: scope.has_prices,
      has_discounts: scope.has_discounts };
    const left = found ? leftOut(found) : "";
    for (const tile of book.tiles) {
      const box = document.getElementById(`tile-${tile.name}`);
      const data = box.querySelector("data");
      // that nobody records it is not zero
      const isRecorded = !tile.needs || recorded[tile.needs] !== false;
      const { value, same, before, isCompared, partly } = isRecorded && found?.answer(tile)
        || { value: null };
      data.value = value === null ? "" : String(value);
      data.textContent = value !== null ? written(value, tile.kind, true)
        : !isRecorded ? "not recorded here"
        : controls.channel.value && found && !isOfChannels(tile) ? "of all channels only"
        : found && !byDays && !isOfPeriods(tile) ? heldFrom(scope)
        : found && period.kind === RANGE && !tile.of.length ? "of whole periods only" : "not known";
      data.title = value === null ? "" : written(value, tile.kind);
      const target = found && !controls.channel.value ? targetOf(tile, scope, period) : null;
      box.querySelector(".target").hidden = target === null;
      box.querySelector(".target").textContent = target === null ? "" : reached(tile, value, target, period);
      const delta = box.querySelector(".delta");
      const [text, direction] = isCompared ? compared(tile, same, before) : ["", ""];
      const change = likeForLike(tile, text, value, same, before, left);
      delta.textContent = [change, partly].filter(Boolean).join("; ");
      delta.className = `delta ${tile.better && direction
        ? (direction === tile.better ? "good" : "bad") : ""}`;
    }
    const channel = controls.channel.value;
    // the first of which more is known than that it is not
    const first = book.tiles.find((tile) => !channel || isOfChannels(tile));
    const basis = controls.basis.value;
    document.getElementById("shown").textContent = period
      ? `${nameOf(scope)}${channel && `, ${channel}`}, ${period.period_name}: ${days.formatRange(period.first_date, period.last_date)}`
        + `${period.is_complete ? "" : ", so far"}. `
        + (found.answer(first).isCompared ? `Compared with ${days.formatRange(
          period[`${basis}_first_date`], period[`${basis}_last_date`])}${unlike(period, basis)}${left}. `
          : `There is no complete ${basis === "previous" ? "previous period" : "year before"} to compare with. `)
        + `${first.label} ${written(found.answer(first).value, first.kind)}.`
        + (channel ? " The tiles are of this channel, charts and tables of all." : "")
        + (controls.payment.value ? ` The ways of paying are those of ${controls.payment.value}; all else is of all.` : "")
      : "This branch has no closed day yet.";
  }

  function figuresOfPeriod(scope, period, byDays) {
    const query = book.queries.figures;
    const rows = decoded(query, query.rows[scope.scope_id]?.[period.period_id] ?? []);
    const side = (basis, name) => rows.find((row) => row.basis === basis && row.side === name);
    const now = side("period", "now") ?? {};
    // like for like: the branches that traded through both
    const same = side(controls.basis.value, "now") ?? {};
    const before = side(controls.basis.value, "before");
    return {
      recorded: now, new_branches: same.new_branches, unknown_branches: same.unknown_branches,
      answer: (tile) => !isOfPeriods(tile) ? byDays?.answer(tile) ?? { value: null } : {
        value: now[tile.name] ?? null, same: same[tile.name] ?? null,
        before: before?.[tile.name] ?? null,
        isCompared: Boolean(before),
        // some days alone would look like all
        partly: tile.days && now[tile.name] != null && now[tile.days] < now.trading_days
          ? `of ${now[tile.days]} of ${now.trading_days} days` : "" },
    };
  }

  const isOfPeriods = (tile) =>
    book.queries.figures.columns.some(([column]) => column === tile.name);

  const isOfChannels = (tile) => tile.of.length > 0 && tile.of.every((name) =>
    book.queries.channel_days.columns.some(([column]) => column === name));

  function figuresOfDays() {
    const channel = controls.channel.value;
    const days = sides("days").filter((side) => side.now.length);
    const branches = channel ? sides("channel_days", (row) => row.channel === channel) : days;
    const rows = days.flatMap((side) => side.now);
    const others = days.filter((side) => !side.isComparable);
    return {
      recorded: { has_sales: rows.some((row) => row.gross_revenue),
        ...Object.fromEntries(Object.entries(book.records).map(([needs, column]) =>
          [needs, rows.some((row) => row[column] !== null)])) },
      new_branches: others.filter((side) => side.isNew).length,
      unknown_branches: others.filter((side) => !side.isNew).length,
      answer: (tile) => (channel ? isOfChannels(tile) : tile.of.length)
        ? sums.compare(tile, branches, Boolean(channel)) : { value: null },
    };
  }

  // of a month, or the sum of a quarter's or a year's; and of all branches, if each has one
  function targetOf(tile, scope, period) {
    if (!["month", "quarter", "year"].includes(period.kind)) return null;
    const query = book.queries.targets;
    const months = { month: 1, quarter: 3, year: 12 }[period.kind];
    const first = new Date(period.first_date);
    const end = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + months, 1);
    const rows = decoded(query, query.rows[scope.scope_id] ?? []).filter((row) => row.figure === tile.name
      && row.month_start >= period.first_date && row.month_start < end);
    const branches = branchesOf(scope).length;
    if (rows.length !== months || rows.some((row) => row.branches !== branches)) return null;
    if (months * branches > 1 && tile.of.length !== 1) return null;
    return rows.reduce((sum, row) => sum + row.target_value, 0);
  }

  function reached(tile, value, target, period) {
    const text = `Target ${written(target, tile.kind)}`;
    if (value === null || !tile.better) return text;
    if (tile.better === "up" && tile.of.length === 1 && target > 0) {
      return `${text}: ${percent.format(value / target)} reached${period.is_complete ? "" : " so far"}`;
    }
    const isMet = tile.better === "up" ? value >= target : value <= target;
    return `${text}: ${isMet ? "met" : "not met"}${period.is_complete ? "" : " so far"}`;
  }

  // what the chosen branch and period record, and so what may be empty and what is only not known
  let recorded = {};

  // a year before, a period with a 29 February has a day less, or more
  function unlike(period, basis) {
    const [now, before] = ["", `${basis}_`].map((side) =>
      (period[`${side}last_date`] - period[`${side}first_date`]) / 86400000 + 1);
    return basis === "year_before" && now !== before ? `, ${now} days with ${before}` : "";
  }

  function leftOut(row) {
    const parts = [["new", row.new_branches], ["incomplete", row.unknown_branches]]
      .filter(([, count]) => count)
      .map(([word, count]) => `${count} ${word} ${count === 1 ? "branch" : "branches"}`);
    return parts.length ? `, like for like: ${parts.join(" and ")} left out` : "";
  }

  function compared(tile, value, before) {
    if (value === null) return ["", ""];
    if (before === null) return ["no figure to compare with", ""];
    const difference = value - before;
    const isShare = tile.kind === "share";
    // no percentage of nothing or less, none across it, and none of what may be; nor is less than nothing good
    if (tile.is_signed || value < 0 || before < 0 || (before === 0 && difference && !isShare)) {
      return [`from ${written(before, tile.kind)}`, ""];
    }
    const points = plain.format(Math.abs(difference * 100));
    const amount = isShare ? `${points} percentage point${points === "1" ? "" : "s"}`
      : percent.format(difference ? Math.abs(difference / before) : 0);
    if (difference === 0 || /^0(\.0)?( percentage points?|%)$/.test(amount)) return ["● unchanged", ""];
    const direction = difference > 0 ? "up" : "down";
    return [`${difference > 0 ? "▲" : "▼"} ${amount} ${difference > 0 ? "more" : "less"}`, direction];
  }

  // where other branches are compared than the tile shows, both figures of these
  function likeForLike(tile, text, value, same, before, left) {
    if (!text || same === null || before === null) return text;
    if (Math.abs(same - value) <= 1e-9 * Math.abs(value)) return left ? `${text}, like for like` : text;
    const both = `like for like: ${written(same, tile.kind, true)} from ${written(before, tile.kind, true)}`;
    return text.startsWith("from ") ? both : `${text}, ${both}`;
  }

  const nameOf = (scope) => scope.branch_id
    ? `${scope.branch_name} (${scope.city})`
    : `All branches in ${scope.currency}`;

  // Figures

  const views = new Map();

  function config(style) {
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const words = { labelColor: colour("soft"), titleColor: colour("soft"), labelFontSize: 12,
      titleFontSize: 12, titleFontWeight: 500 };
    return {
      background: null,
      font: getComputedStyle(document.body).fontFamily,
      style: { cell: { stroke: "transparent" } },
      axis: { ...words, gridColor: colour("line"), domainColor: colour("muted"),
        tickColor: colour("muted"), labelLimit: window.innerWidth < 640 ? 110 : 200 },
      legend: { ...words, orient: "top", labelFontSize: 12, symbolStrokeWidth: 0, symbolSize: 90 },
    };
  }

  function colours(style) {
    const theme = {};
    for (const name of Object.keys(book.theme)) {
      theme[name] = style.getPropertyValue(`--${name}`).trim();
    }
    return theme;
  }

  function draw(figure, box, rows) {
    const element = box.querySelector(".chart");
    const { step, column } = figure.height;
    // what stands around the bars, and a bar for each value
    element.style.minHeight = column
      ? `${90 + step * new Set(rows.map((row) => row[column])).size}px` : `${step + 60}px`;
    const style = getComputedStyle(root);
    const symbol = number({ style: "currency", currency: chosen().scope.currency })
      .formatToParts(0).find((part) => part.type === "currency").value;
    // amounts of a chart have the places of their currency
    const spec = JSON.parse(
      JSON.stringify(figure.spec).replaceAll("$,.2f", `$,.${chosen().scope.places}f`));
    spec.data.find((data) => data.name === "rows").values = rows;
    if (window.innerWidth < 640) {
      for (const legend of spec.legends ?? []) if (legend.columns === 0) legend.columns = 2;
    }
    spec.signals.find((signal) => signal.name === "theme").value = colours(style);
    // `ast`: expressions are read, not made into functions, which the page's policy would refuse
    // within, because Vega gives its element a role and a name of its own
    const place = element.appendChild(document.createElement("div"));
    const drawn = vegaEmbed(place, spec, {
      mode: "vega", renderer: "svg", actions: false, ast: true, logLevel: 1,
      tooltip: { theme: dark() ? "dark" : "light" }, config: config(style),
      formatLocale: { decimal: ".", thousands: ",", grouping: [3], currency: [symbol, ""] },
    }).then((result) => {
      views.set(figure.name, result);
      const column = figure.columns.find((each) => each.to);
      if (column) {
        place.classList.add("leads");
        result.view.addEventListener("click", (_, item) => {
          if (item?.datum?.[column.name] !== undefined) follow(column, item.datum);
        });
      }
    });
    element.setAttribute("aria-label", alternative(figure, rows));
    return drawn;
  }

  function alternative(figure, rows) {
    const { scope, period } = chosen();
    const parts = [`${figure.title}, ${nameOf(scope)}, ${period.period_name}: ${rows.length} values.`];
    if (figure.label && figure.value) {
      const label = figure.columns.find((column) => column.name === figure.label);
      const value = figure.columns.find((column) => column.name === figure.value);
      const known = rows.filter((row) => row[figure.value] !== null);
      const sorted = [...known].sort((a, b) => b[figure.value] - a[figure.value]);
      for (const [word, row] of [["Highest", sorted[0]], ["Lowest", sorted.at(-1)]]) {
        if (row) {
          parts.push(`${word}: ${written(row[label.name], label.kind)} with `
            + `${written(row[value.name], value.kind)}.`);
        }
      }
    }
    return [...parts, "All values are in the table below."].join(" ");
  }

  // where a row leads to: its branch, or its days
  function follow(column, row) {
    if (column.to === "channel" || column.to === "payment") {
      controls[column.to].value = row[column.name];
    } else if (column.to === "branch") {
      const scope = book.scopes.find((each) => each.branch_name === row.branch_name && each.branch_id);
      if (!scope) return;
      controls.scope.value = scope.scope_id;
      fillPeriods();
    } else {
      setRange(+row[column.name], row.end_date ? row.end_date - DAY : +row[column.name]);
    }
    remember();
    show();
  }

  function leads(column, row) {
    const { scope, period } = chosen();
    return ["channel", "payment"].includes(column.to) ? controls[column.to].value !== row[column.name]
      : column.to === "branch" ? !scope.branch_id
      : column.to === "days" && limits(scope) && !(period.first_date === row[column.name]
        && period.last_date === (row.end_date ? row.end_date - DAY : row[column.name]));
  }

  const sorts = new Map();

  // a head says how the rows are sorted, and sorts them
  function headCell(figure, column, refill) {
    const cell = document.createElement("th");
    cell.scope = "col";
    const isNumber = NUMBERS.has(column.kind);
    if (isNumber) cell.className = "number";
    const sorting = sorts.get(figure.name);
    const isSorted = sorting?.name === column.name;
    if (isSorted) cell.ariaSort = sorting.isDown ? "descending" : "ascending";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = column.label;
    button.addEventListener("click", () => {
      // numbers are asked for from the top, names from A
      sorts.set(figure.name, { name: column.name, by: column.by || column.name,
        isDown: isSorted ? !sorting.isDown : isNumber });
      refill(figure.columns.indexOf(column));
    });
    cell.append(button);
    return cell;
  }

  function bodyCell(column, row) {
    const cell = document.createElement("td");
    cell.textContent = written(row[column.name], column.kind);
    // a phone has no room for a head above each
    cell.dataset.label = column.label;
    if (NUMBERS.has(column.kind)) cell.className = "number";
    if (["date", "time", "month"].includes(column.kind)) cell.className = "date";
    if (row[column.name] !== null && leads(column, row)) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "lead";
      button.textContent = cell.textContent;
      button.addEventListener("click", () => {
        follow(column, row);
        controls[{ branch: "scope", channel: "channel", payment: "payment", days: "from" }[column.to]].focus(
          { preventScroll: true });
      });
      cell.replaceChildren(button);
    }
    return cell;
  }

  function table(figure, rows, refill) {
    const made = document.createElement("table");
    if (figure.columns.length > 3) made.className = "many";
    const caption = made.createCaption();
    caption.textContent = figure.title;
    caption.className = "unseen";
    made.createTHead().insertRow().append(
      ...figure.columns.map((column) => headCell(figure, column, refill)));
    const body = made.createTBody();
    const { by, isDown } = sorts.get(figure.name) ?? {};
    for (const row of by ? tables.sorted(rows, by, isDown) : rows) {
      body.insertRow().append(...figure.columns.map((column) => bodyCell(column, row)));
    }
    return made;
  }

  // what of, of whom and of which days
  function saveCsv(figure) {
    const { scope, period } = chosen();
    const from = figure.pick === "months" ? yearBefore(period.last_date) : period.first_date;
    const dates = figure.pick === "all" ? [] : figure.pick === "scope" ? [period.last_date]
      : [from, period.last_date];
    const name = ["mypizza", figure.name, ...figure.pick === "all" ? [] : [scope.scope_id],
      ...dates.map(tables.isoDate)].join("-");
    const rows = rowsOf(figure);
    tables.save(name, tables.csv(figure.columns, figure.top < 0 ? rows.reverse() : rows, scope.currency));
  }

  function showFigure(figure) {
    const box = document.getElementById(`figure-${figure.name}`);
    const found = rowsOf(figure);
    let rows = found ?? [];
    // months without anything are no chart of zeros
    const numbers = figure.columns.filter((column) => NUMBERS.has(column.kind));
    if (figure.pick === "months" && !rows.some((row) => numbers.some((each) => row[each.name]))) rows = [];
    if (figure.value && !rows.some((row) => row[figure.value] !== null)) rows = [];
    const all = rows.length;
    // the last ones are none of the first ones
    if (figure.top < 0) rows = rows.slice(Math.max(-figure.top, all + figure.top)).reverse();
    if (figure.top > 0) rows = rows.slice(0, figure.top);
    const empty = box.querySelector(".empty");
    empty.hidden = rows.length > 0;
    // that nobody has written it down is no good news
    const isUnknown = figure.needs && recorded[figure.needs] === false
      || found && figure.is_of_sales && recorded.has_sales;
    empty.textContent = isUnknown
      ? "This is not recorded here."
      : found ? isCash(figure) && controls.payment.value && controls.payment.value !== "cash"
        ? "Choose cash as the way of paying, or all, to see this." : figure.empty
        : figure.days || Object.keys(figure.parts).length
          ? `This page has it ${heldFrom(scopes.get(controls.scope.value))}.` : "";
    // what any days do not have is said once, for the whole section
    box.hidden = !found && !empty.textContent;
    // so many rows may be more than what is left of a sheet of paper
    box.classList.toggle("long", !figure.spec && rows.length > 12);
    for (const part of box.querySelectorAll(".chart, details, .table, .csv")) part.hidden = !rows.length;
    box.querySelector(".csv").onclick = () => saveCsv(figure);
    const holder = box.querySelector(".table");
    const details = box.querySelector("details");
    // what scrolls can be scrolled by keyboard, too
    Object.assign(holder, { tabIndex: 0, role: "region", ariaLabel: `${figure.title}: the table` });
    const fill = (focused) => {
      holder.replaceChildren(table(figure, rows, fill));
      if (focused !== undefined) holder.querySelectorAll("th button")[focused].focus();
      // a phone shows the first rows as whole cards, and the others when asked
      if (rows.length > 5) {
        const others = document.createElement("button");
        others.type = "button";
        others.className = "others";
        others.textContent = `All ${whole.format(rows.length)} rows`;
        others.addEventListener("click", () => {
          holder.classList.add("all");
          holder.querySelectorAll("tbody tr")[5].scrollIntoView({ block: "nearest" });
        });
        holder.append(others);
      }
      if (rows.length < all && !figure.spec) {
        const more = document.createElement("p");
        more.className = "note more";
        more.textContent = `${rows.length} of ${whole.format(all)}.`;
        holder.append(more);
      }
    };
    // a closed table is written when it is opened
    if (!details || details.open) fill(); else holder.replaceChildren();
    if (details) details.ontoggle = () => { if (details.open && !holder.firstChild) fill(); };
    if (!figure.spec) return null;
    views.get(figure.name)?.finalize();
    views.delete(figure.name);
    box.querySelector(".chart").replaceChildren();
    return rows.length ? draw(figure, box, rows) : null;
  }

  function showLimits() {
    for (const section of document.querySelectorAll("main > section")) {
      const titles = [...section.querySelectorAll("figure")].filter((box) => box.hidden)
        .map((box) => box.querySelector("h3").textContent);
      const limit = section.querySelector(".limit");
      limit.hidden = !titles.length;
      limit.textContent = `Choose one of the periods, and not any days, to see: ${titles.join("; ")}.`;
    }
  }

  function showProof() {
    const rows = rowsOf(book.figures.find((figure) => figure.name === "proven")) ?? [];
    const sum = (column) => rows.reduce((all, row) => all + Number(row[column]), 0);
    const [days, equal, atTill, difference] =
      ["compared_days", "equal_days", "order_total_at_till", "order_total_difference"].map(sum);
    const proof = document.getElementById("proof");
    proof.className = `proof ${!days ? "unknown" : equal === days ? "good" : "bad"}`;
    proof.textContent = !days
      ? "No closed day of this period was compared with the tills."
      : `${equal === days ? "Till and warehouse are equal" : "Till and warehouse differ"}: `
        + `${whole.format(equal)} of ${whole.format(days)} branch days are equal, to the cent. `
        + `${money(atTill)} at the tills, ${money(atTill + difference)} in the warehouse, `
        + `difference ${money(difference)}; ${whole.format(sum("healed_days"))} days were reloaded.`;
  }

  // Controls and the address

  function option(value, text) {
    const made = document.createElement("option");
    made.value = value;
    made.textContent = text;
    return made;
  }

  // those of the days that the page holds
  function fillNames(control, query, column) {
    const wanted = control.value;
    const names = new Set(branchesOf(scopes.get(controls.scope.value)).flatMap(
      (branch) => daysOf(branch, query).map((row) => row[column])));
    control.replaceChildren(option("", "all"), ...[...names].sort().map((name) => option(name, name)));
    control.value = names.has(wanted) ? wanted : "";
  }

  function fillPeriods() {
    fillNames(controls.channel, "channel_days", "channel");
    fillNames(controls.payment, "payment_days", "payment_method");
    const wanted = controls.period.value;
    const kinds = { rolling: "Up to the newest day", month: "Months", quarter: "Quarters", year: "Years" };
    const scope = scopes.get(controls.scope.value);
    const offered = offeredOf(scope);
    const groups = Object.entries(kinds).map(([kind, label]) => {
      const group = document.createElement("optgroup");
      group.label = label;
      group.append(...offered.filter((period) => period.kind === kind).map((period) =>
        option(period.period_id, period.period_name + (period.is_complete ? "" : " (so far)"))));
      return group;
    });
    const free = option(RANGE, "Chosen days");
    free.hidden = true;
    controls.period.replaceChildren(...groups.filter((group) => group.children.length), free);
    const ids = [...offered.map((period) => period.period_id), RANGE];
    controls.period.value = [wanted, ...book.defaults, ids[0]].find((id) => ids.includes(id)) ?? "";
  }

  function dark() {
    return root.dataset.theme === "dark";
  }

  function setTheme(isDark) {
    root.dataset.theme = isDark ? "dark" : "light";
    controls.theme.setAttribute("aria-pressed", String(isDark));
  }

  function remember() {
    const state = new URLSearchParams();
    state.set("branch", controls.scope.value);
    if (controls.period.value === RANGE) {
      state.set("from", controls.from.value);
      state.set("to", controls.to.value);
    } else {
      state.set("period", controls.period.value);
    }
    for (const name of ["channel", "payment"]) {
      if (controls[name].value) state.set(name, controls[name].value);
    }
    if (controls.basis.selectedIndex) state.set("basis", controls.basis.value);
    if (controls.step.value) state.set("step", controls.step.value);
    // so that the browser's button goes back
    if (location.hash !== `#${state}`) history.pushState(null, "", `#${state}`);
  }

  function recall() {
    const state = new URLSearchParams(location.hash.slice(1));
    if (scopes.has(state.get("branch"))) controls.scope.value = state.get("branch");
    fillPeriods();
    const wanted = [...controls.period.options].map((each) => each.value);
    if (wanted.includes(state.get("period"))) controls.period.value = state.get("period");
    const range = ["from", "to"].map((name) => dayOf(state.get(name) ?? ""));
    if (range[0] <= range[1]) setRange(...range);
    for (const name of ["basis", "step", "channel", "payment"]) {
      const values = [...controls[name].options].map((each) => each.value);
      controls[name].value = values.includes(state.get(name)) ? state.get(name) : values[0];
    }
  }

  async function show() {
    const started = performance.now();
    delete root.dataset.drawn;
    showRange();
    showTiles();
    showProof();
    const drawn = Promise.all(book.figures.map(showFigure));
    showLimits();
    await drawn;
    root.dataset.drawn = String(Math.round(performance.now() - started));
  }

  controls.scope.append(...book.scopes.map((scope) => option(scope.scope_id, nameOf(scope))));
  controls.scope.addEventListener("change", () => { fillPeriods(); remember(); show(); });
  for (const name of ["channel", "payment", "period", "basis", "step"]) {
    controls[name].addEventListener("change", () => { remember(); show(); });
  }
  for (const name of ["from", "to"]) {
    controls[name].addEventListener("change", () => {
      let [first, last] = [dayOf(controls.from.value), dayOf(controls.to.value)];
      // a day that is still being typed
      if (Number.isNaN(first) || Number.isNaN(last)) return;
      if (first > last) [first, last] = name === "from" ? [first, first] : [last, last];
      setRange(first, last);
      remember();
      show();
    });
  }
  controls.theme.addEventListener("click", () => { setTheme(!dark()); show(); });
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("popstate", () => {
    if (location.hash.includes("=")) { recall(); show(); }
  });
  for (const link of document.querySelectorAll("nav a, .skip")) {
    // the address keeps what is chosen: a section is gone to, not noted in it
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const section = document.querySelector(link.getAttribute("href"));
      section.scrollIntoView();
      section.focus({ preventScroll: true });
    });
  }
  const marks = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      for (const link of document.querySelectorAll("nav a")) {
        if (link.dataset.section === entry.target.id) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    }
  }, { rootMargin: "-30% 0px -60% 0px" });
  for (const section of document.querySelectorAll("section")) marks.observe(section);
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
  // paper is white
  window.addEventListener("beforeprint", () => { if (dark()) { setTheme(false); show(); } });

  if (book.scopes.length) {
    recall();
    show();
  } else {
    document.getElementById("shown").textContent =
      "There is nothing to show: nothing is published yet, or you have no access to any branch.";
  }
})();
