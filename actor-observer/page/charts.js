// Lines over time, and who waits for whom, as SVG.

const SVG = 'http://www.w3.org/2000/svg';
/** Actors that wait are drawn in so many columns at most. */
const COLUMNS = 8;

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A line through `values`, of which `null` leaves a gap; the newest is at the right of `slots` places. */
export function chart(values, slots, label) {
  const known = values.filter((value) => value !== null && value !== undefined);
  const top = Math.max(...known, 1e-9) * 1.1;
  const x = (at) => ((at + slots - values.length) / Math.max(slots - 1, 1)) * 100;
  const y = (value) => 40 - (value / top) * 38;
  let line = '';
  let pen = 'M';
  values.forEach((value, at) => {
    if (value === null || value === undefined) {
      pen = 'M';
      return;
    }
    line += `${pen}${x(at).toFixed(2)} ${y(value).toFixed(2)}`;
    pen = 'L';
  });
  const drawing = svg('svg', { class: 'chart', viewBox: '0 0 100 40', preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    svg('line', { x1: 0, x2: 100, y1: 40, y2: 40 }));
  if (line) {
    if (!line.slice(1).includes('M')) drawing.append(svg('path', { class: 'area', d: `${line}L100 40L${x(0).toFixed(2)} 40Z` }));
    drawing.append(svg('path', { class: 'line', d: line }));
  }
  return drawing;
}

/** How many there are below each bound: a bar for each between the first and the last that has any. */
export function histogram(counts, bound, label) {
  const first = counts.findIndex(([, count]) => count > 0);
  if (first < 0) return svg('svg', { class: 'bars', viewBox: '0 0 600 110', role: 'img', 'aria-label': label });
  const shown = counts.slice(Math.max(first - 1, 0), counts.findLastIndex(([, count]) => count > 0) + 2);
  const most = Math.max(...shown.map(([, count]) => count));
  const width = Math.min(600 / shown.length, 60);
  const drawing = svg('svg', { class: 'bars', viewBox: '0 0 600 110', role: 'img', 'aria-label': label });
  shown.forEach(([below, count], at) => {
    // What there is at all is seen.
    const height = Math.max((count / most) * 84, 1.5);
    if (count) drawing.append(svg('rect', { x: at * width + 1, y: 86 - height, width: width - 2, height }, svg('title', {}, `${count} below ${bound(below)}`)));
    if (at % Math.ceil(56 / width) === 0) drawing.append(svg('text', { x: at * width + width / 2, y: 103, 'text-anchor': 'middle' }, `< ${bound(below)}`));
  });
  drawing.append(svg('line', { x1: 0, x2: 600, y1: 86.5, y2: 86.5 }));
  return drawing;
}

/** The edges that lie on a cycle, as `from → to`. */
export function cycleEdges(waits) {
  const to = new Map(waits.map(({ path, on }) => [path, on]));
  const reaches = (from, goal) => {
    const seen = new Set();
    const left = [from];
    while (left.length) {
      const at = left.pop();
      if (at === goal) return true;
      if (!seen.has(at)) {
        seen.add(at);
        left.push(...(to.get(at) ?? []));
      }
    }
    return false;
  };
  const edges = new Set();
  for (const { path, on } of waits) for (const other of on) if (reaches(other, path)) edges.add(`${path}\n${other}`);
  return edges;
}

/** The edges that lead back to one from which they were come by: without them there is no cycle. */
function backEdges(waits) {
  const to = new Map(waits.map(({ path, on }) => [path, on]));
  const [done, back] = [new Set(), new Set()];
  for (const { path: start } of waits) {
    // The way to where one is, with what is left to go from each.
    const way = done.has(start) ? [] : [[start, [...to.get(start)]]];
    while (way.length) {
      const [at, left] = way.at(-1);
      const next = left.pop();
      if (next === undefined) {
        done.add(at);
        way.pop();
      } else if (way.some(([name]) => name === next)) back.add(`${at}\n${next}`);
      else if (!done.has(next)) way.push([next, [...(to.get(next) ?? [])]]);
    }
  }
  return back;
}

/** Who waits for whom, from left to right. */
export function graph(waits, max = 60) {
  const shown = waits.slice(0, max);
  const level = new Map();
  for (const { path, on } of shown) for (const name of [path, ...on]) level.set(name, 0);
  const back = backEdges(shown);
  // As often as there are columns at most.
  for (let round = 0; round < COLUMNS; round += 1) {
    for (const { path, on } of shown) {
      for (const other of on) if (!back.has(`${path}\n${other}`)) level.set(other, Math.max(level.get(other), Math.min(level.get(path) + 1, COLUMNS - 1)));
    }
  }
  const columns = Array.from({ length: Math.max(...level.values()) + 1 }, () => []);
  for (const [name, column] of level) columns[column].push(name);
  const places = new Map();
  columns.forEach((names, column) => names.forEach((name, row) => places.set(name, [column * 230 + 8, row * 44 + 8])));
  const width = columns.length * 230;
  const height = Math.max(...columns.map((names) => names.length)) * 44 + 32;
  const cycles = cycleEdges(shown);
  const drawing = svg('svg', { class: 'graph', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': 'Who waits for whom' });
  for (const { path, on } of shown) {
    for (const other of on) {
      const [[x1, y1], [x2, y2]] = [places.get(path), places.get(other)];
      const isOn = x2 > x1;
      // One that leads back goes round below, and every one ends in a dot at the one who is waited for.
      const [x, y] = isOn ? [x2, y2 + 13] : [x2 + 95, y2 + 26];
      const line = isOn ? `M${x1 + 190} ${y1 + 13}C${x1 + 230} ${y1 + 13} ${x - 40} ${y} ${x} ${y}` : `M${x1 + 95} ${y1 + 26}C${x1 + 95} ${y1 + 60} ${x} ${y + 34} ${x} ${y}`;
      const kind = cycles.has(`${path}\n${other}`) ? 'cycle' : 'edge';
      drawing.append(svg('path', { class: kind, d: line }), svg('circle', { class: kind, cx: x, cy: y, r: 3.5 }));
    }
  }
  for (const [name, [x, y]] of places) {
    const short = name.length > 28 ? `…${name.slice(-27)}` : name;
    drawing.append(svg('g', {},
      svg('title', {}, name),
      svg('rect', { x, y, width: 190, height: 26, rx: 5 }),
      svg('text', { x: x + 7, y: y + 17 }, short)));
  }
  return drawing;
}

/** This node in the middle, the others around it: a line for a connection, none where there is none, and a doubt in its colour. */
export function map({ me, peers, past, members }) {
  const mine = me.split('#')[0];
  const names = [...new Set([...(members ?? []), ...peers, ...past].map((one) => one.name))].filter((name) => name !== mine).sort();
  const radius = 60 + names.length * 12;
  const [width, height] = [2 * radius + 220, 2 * radius + 60];
  const [x0, y0] = [width / 2, height / 2];
  const drawing = svg('svg', { class: 'graph map', viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': 'This node and the others' });
  const spot = (name, x, y, style, words) => svg('g', { class: style }, svg('title', {}, words), svg('circle', { cx: x, cy: y, r: 9 }), svg('text', { x: x + 13, y: y + 4 }, name));
  const spots = names.map((name, at) => {
    const turn = (at / names.length) * 2 * Math.PI - Math.PI / 2;
    const [x, y] = [x0 + radius * Math.cos(turn), y0 + radius * Math.sin(turn)];
    const peer = peers.find((one) => one.name === name);
    const doubt = members?.find((one) => one.name === name)?.unreachable;
    const lost = past.find((one) => one.name === name);
    if (peer) {
      const lag = peer.round_trip_ms === null ? '' : `${peer.round_trip_ms.toFixed(1)} ms`;
      drawing.append(svg('line', { x1: x0, y1: y0, x2: x, y2: y, class: doubt || peer.silent_ms > 5000 ? 'doubt' : 'link' }), svg('text', { x: (x0 + x) / 2 + 5, y: (y0 + y) / 2, class: 'lag' }, lag));
    }
    const words = doubt ? `${doubt.by} does not reach it` : peer ? 'connected' : `not connected${lost?.why ? `: ${lost.why}` : ''}`;
    return spot(name, x, y, doubt ? 'doubt' : peer ? 'link' : 'apart', words);
  });
  drawing.append(...spots, spot(mine, x0, y0, 'me', me));
  return drawing;
}
