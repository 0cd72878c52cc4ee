// Message text as runs: IRC's formatting codes, links and room names, found without ever building markup. Pure.

const COLOURS_MAX = 16; // 0 to 15 are the codes that people use; the rest is dropped and its text kept.
const CODES = /[\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f]/;
const TOGGLES = { '\x02': 'bold', '\x1d': 'italic', '\x1f': 'underline', '\x1e': 'strike', '\x11': 'mono', '\x16': 'reverse' };
const LINK = /\bhttps?:\/\/[^\s<>"'`{}|\\^\x00-\x20]+/gi;
const PLAIN = Object.freeze({});

/** The text and, beside it, from which index on which style holds. */
function unstyle(source) {
  if (!CODES.test(source)) return { text: source, marks: [{ at: 0, style: PLAIN }] };
  let text = '';
  let style = PLAIN;
  const marks = [{ at: 0, style }];
  const change = (next) => {
    style = next;
    marks.push({ at: text.length, style });
  };
  let index = 0;
  while (index < source.length) {
    const c = source[index];
    index += 1;
    if (TOGGLES[c]) {
      change({ ...style, [TOGGLES[c]]: !style[TOGGLES[c]] });
    } else if (c === '\x0f') {
      change(PLAIN);
    } else if (c === '\x03') {
      const found = /^(\d{1,2})(?:,(\d{1,2}))?/.exec(source.slice(index, index + 5));
      if (found) index += found[0].length;
      const code = (digits) => (digits !== undefined && Number(digits) < COLOURS_MAX ? Number(digits) : undefined);
      const background = found?.[2] === undefined && found ? style.background : code(found?.[2]);
      change({ ...style, colour: code(found?.[1]), background });
    } else if (c === '\x04') {
      const found = /^[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?/.exec(source.slice(index, index + 13));
      if (found) index += found[0].length;
    } else {
      text += c;
    }
  }
  return { text, marks };
}

/** The words alone. */
export const strip = (source) => unstyle(source).text;

const count = (text, c) => text.split(c).length - 1;

/** A link without the punctuation of the sentence around it. */
function trimLink(link) {
  let end = link;
  for (;;) {
    const last = end.at(-1);
    if (last !== undefined && '.,:;!?*_~'.includes(last)) end = end.slice(0, -1);
    else if (last === ')' && count(end, ')') > count(end, '(')) end = end.slice(0, -1);
    else if (last === ']' && count(end, ']') > count(end, '[')) end = end.slice(0, -1);
    else return end;
  }
}

function safeLink(link) {
  try {
    const url = new URL(link);
    return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '' ? url.href : null;
  } catch {
    return null;
  }
}

const escapeRegExp = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Links and room names of plain text as `{ start, end, href | room }`, in order and without overlap. */
export function findTargets(text, chantypes = '#') {
  const found = [];
  for (const match of text.matchAll(LINK)) {
    const link = trimLink(match[0]);
    const href = safeLink(link);
    if (href) found.push({ start: match.index, end: match.index + link.length, href });
  }
  if (chantypes !== '') {
    const room = new RegExp(`(?<=^|[\\s("'\\[])[${escapeRegExp(chantypes)}][\\p{L}\\p{N}_][\\p{L}\\p{N}_.+#-]*`, 'gu');
    for (const match of text.matchAll(room)) {
      const name = match[0].replace(/[.+-]+$/, '');
      const start = match.index;
      const end = start + name.length;
      // "#1" is a ticket or a place in a race far more often than a room.
      if (/^.\d+$/.test(name) || found.some((other) => start < other.end && end > other.start)) continue;
      found.push({ start, end, room: name });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/** Runs of one style and one target each: `{ text, style, href?, room? }`. */
export function runs(source, chantypes = '#') {
  const { text, marks } = unstyle(source);
  const targets = findTargets(text, chantypes);
  const cuts = new Set([0, text.length]);
  marks.forEach(({ at }) => cuts.add(at));
  targets.forEach(({ start, end }) => cuts.add(start).add(end));
  const sorted = [...cuts].sort((a, b) => a - b);
  const result = [];
  let mark = 0;
  let target = 0;
  for (let i = 0; i + 1 < sorted.length; i += 1) {
    const at = sorted[i];
    while (mark + 1 < marks.length && marks[mark + 1].at <= at) mark += 1;
    while (target < targets.length && targets[target].end <= at) target += 1;
    const here = targets[target] && targets[target].start <= at ? targets[target] : {};
    result.push({ text: text.slice(at, sorted[i + 1]), style: marks[mark].style, href: here.href, room: here.room });
  }
  return result;
}

/** Whether the words name `nick` as a word of its own. */
export function mentions(source, nick) {
  if (!nick) return false;
  const edge = '[\\p{L}\\p{N}_\\-\\[\\]\\\\`^{}|]';
  return new RegExp(`(?<!${edge})${escapeRegExp(nick)}(?!${edge})`, 'iu').test(strip(source));
}

/** One of `count` colours for a name, the same each time. */
export function hue(name, colours = 12) {
  let hash = 2166136261;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  return (hash >>> 0) % colours;
}

/** "anna", "anna and bob", "5 people". */
function names(list) {
  if (list.length === 1) return list[0];
  if (list.length === 2) return `${list[0]} and ${list[1]}`;
  if (list.length === 3) return `${list[0]}, ${list[1]} and ${list[2]}`;
  return `${list.length} people`;
}

/** A run of arrivals, departures and new nicks in one sentence: "3 people joined, bob left". */
export function eventWords(events) {
  const first = new Map();
  const last = new Map();
  const renamed = [];
  for (const { what, nick, to } of events) {
    if (what === 'nick') {
      renamed.push([nick, to]);
      continue;
    }
    const move = what === 'join' ? 'in' : 'out';
    if (!first.has(nick)) first.set(nick, move);
    last.set(nick, move);
  }
  const groups = { 'in in': [], 'out out': [], 'in out': [], 'out in': [] };
  for (const [nick, move] of first) groups[`${move} ${last.get(nick)}`].push(nick);
  const parts = [];
  if (groups['in in'].length) parts.push(`${names(groups['in in'])} joined`);
  if (groups['out out'].length) parts.push(`${names(groups['out out'])} left`);
  if (groups['in out'].length) parts.push(`${names(groups['in out'])} came by`);
  if (groups['out in'].length) parts.push(`${names(groups['out in'])} came back`);
  if (renamed.length === 1) parts.push(`${renamed[0][0]} is now ${renamed[0][1]}`);
  else if (renamed.length > 1) parts.push(`${renamed.length} new nicks`);
  return parts.join(', ');
}

/** One of those events by itself, with the words that went with it. */
export function eventLine({ what, nick, to, words }) {
  if (what === 'join') return `${nick} joined`;
  if (what === 'nick') return `${nick} is now ${to}`;
  const verb = what === 'quit' ? 'signed out' : 'left';
  return words ? `${nick} ${verb}: ${strip(words)}` : `${nick} ${verb}`;
}
