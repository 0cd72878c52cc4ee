// What the views are made of. Text from actors only ever becomes text.

/** An element: `el('td.path', {title}, child, …)`. */
export function el(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split('.');
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const number = (value) => Math.round(value).toLocaleString('en');

export function bytes(count) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), units.length - 1);
  return `${(count / 1024 ** step).toFixed(step ? 1 : 0)} ${units[step]}`;
}

export function duration(ms) {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
}

/** A time that is known from below only. */
export const atLeast = (ms) => (ms > 0 ? `≥ ${duration(ms)}` : '');

/** The time of day at which something that has lasted for so long had begun already. */
export const since = (ms) => `since ${new Date(Date.now() - ms).toLocaleTimeString('en', { hour12: false })}`;

export const share = (busy) => busy < 0.001 ? '< 0.1 %' : `${(busy * 100).toFixed(busy < 0.1 ? 1 : 0)} %`;

export const actorLink = (path, text = path) => el('a', { href: `${location.pathname}#/actor${path.split('/').map(encodeURIComponent).join('/')}`, title: path }, text);

export const mood = (actor) => el(`span.mood.${actor.mood}`, {}, actor.state);

/** How many actors wait for each, by the last look. */
export const waited = new Map();

/** In words, why an actor stands out. */
export function why(actor) {
  const words = [];
  if (actor.mood === 'stuck') words.push(`computes or blocks without awaiting, ${since(actor.lasts_ms)}: no order reaches it before it is done`);
  if (actor.mood === 'busy' && actor.lasts_ms > 500) words.push(`computes or blocks without awaiting, ${atLeast(actor.lasts_ms)}`);
  if (actor.mood === 'waiting') {
    words.push(actor.waits_for.length ? `waits for ${actor.waits_for.join(', ')}` : 'its handler awaits something that is no actor');
  }
  if (waited.has(actor.path)) words.push(`${waited.get(actor.path)} ${waited.get(actor.path) === 1 ? 'actor waits' : 'actors wait'} for it`);
  if (actor.bound && actor.messages >= actor.bound) words.push('its mailbox is full');
  if (actor.oldest_ms > 1000) words.push(`a message waits ${atLeast(actor.oldest_ms)}`);
  if (actor.last_failure) words.push(`last failure: ${actor.last_failure}`);
  return words.join('; ');
}

/** A table of actors: the columns are pairs of a heading and what stands below it. */
export function table(actors, columns, none) {
  if (!actors.length) return el('p.none', {}, none);
  const head = columns.map(([name, , style = '']) => el(`th${style}`, { scope: 'col' }, name));
  const row = (actor) => el('tr', {}, ...columns.map(([, show, style = '']) => el(`td${style}`, {}, show(actor))));
  return el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...actors.map(row)));
}

export const columns = {
  path: ['Actor', (actor) => actorLink(actor.path), '.path'],
  kind: ['Kind', (actor) => actor.kind, '.optional'],
  state: ['State', mood],
  lasts: ['For', (actor) => atLeast(actor.lasts_ms), '.n'],
  messages: ['Mailbox', (actor) => (actor.bound ? `${number(actor.messages)} of ${number(actor.bound)}` : number(actor.messages)), '.n'],
  oldest: ['Oldest', (actor) => atLeast(actor.oldest_ms), '.n'],
  busy: ['Busy', (actor) => share(actor.busy), '.n'],
  waiters: ['Waiting', (actor) => number(actor.waiters), '.n'],
  restarts: ['Restarts', (actor) => number(actor.restarts), '.n'],
  why: ['Why', why, '.why'],
};
