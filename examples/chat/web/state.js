// What the page knows: places, people and the lines in them, and the few operations that keep these true. Pure.

import { defaultSupport, fold } from './irc.js';
import { mentions } from './format.js';

/** Lines kept of one place; older ones go, so that a busy room costs the same on its hundredth day. */
export const LINES_MAX = 500;
/** Events kept of one folded run of arrivals and departures. */
export const EVENTS_MAX = 100;
/** Rooms kept of a LIST reply. */
export const LIST_MAX = 5_000;
/** Requests whose answer is still awaited; the oldest is given up first. */
export const REQUESTS_MAX = 200;

export const SERVER = '*server';
export const BROWSE = '*rooms';

export function createState() {
  const state = {
    version: 0, // Grows with every change: the view compares it instead of the content.
    phase: 'offline', // offline | registering | ready
    me: { nick: '', user: '', host: '', away: false, modes: '' },
    wanted: { nick: '', password: '', resuming: false },
    opening: new Set(), // Rooms asked for by hand: shown as soon as they are entered.
    greeted: false, // The server has said all it says at signing in.
    keys: new Map(), // Folded room → the key it was entered with.
    regain: null, // The nick to take back as soon as its holder lets go.
    support: defaultSupport(),
    offered: new Map(),
    caps: new Set(),
    views: new Map(),
    active: BROWSE,
    before: BROWSE,
    focused: true,
    users: new Map(), // Folded nick → what is known of the person beyond one room.
    requests: new Map(), // Label → what was asked, and where the answer belongs.
    batches: new Map(), // Reference → { type, label }.
    list: { state: 'idle', rooms: [] },
    whois: null,
    trouble: null, // What went wrong at signing in: { kind, words, suggestion }.
    closing: '', // The server's last words.
    nextId: 1,
    nextLabel: 1,
  };
  openView(state, SERVER, 'server', 'Server');
  return state;
}

export const key = (state, name) => fold(name ?? '', state.support.casemapping);
export const sameName = (state, a, b) => key(state, a) === key(state, b);
export const isMe = (state, nick) => sameName(state, nick, state.me.nick);

export function touch(state, view) {
  state.version += 1;
  if (view) view.version += 1;
}

/** The place of that name, made when it is new. */
export function openView(state, id, kind, name) {
  let view = state.views.get(id);
  if (!view) {
    view = {
      id,
      kind, // server | room | person
      name,
      version: 0,
      lines: [],
      members: new Map(), // Folded nick → { nick, prefix }.
      arriving: null, // Members of a NAMES reply that has not ended.
      joined: false,
      wanted: false, // Joined again after a broken connection.
      key: '',
      topic: { text: '', by: '', at: null },
      modes: new Map(),
      unread: 0,
      mentions: 0,
      divider: null, // The id of the first line not seen.
      typing: new Map(),
      draft: '',
      awayTold: false,
    };
    state.views.set(id, view);
    touch(state, view);
  }
  return view;
}

export const openRoom = (state, name) => openView(state, key(state, name), 'room', name);
export const openPerson = (state, nick) => openView(state, key(state, nick), 'person', nick);
export const find = (state, name) => state.views.get(key(state, name));

/** The view on the screen; none while the list of rooms is. */
export const activeView = (state) => state.views.get(state.active);

/** Puts a place on the screen and counts it as read. */
export function activate(state, id) {
  if (id !== BROWSE && !state.views.has(id)) return;
  const left = activeView(state);
  if (left && id !== state.active) left.divider = null;
  if (id !== state.active) state.before = state.active;
  state.active = id;
  const view = activeView(state);
  if (view) {
    view.unread = 0;
    view.mentions = 0;
  }
  touch(state, view);
}

/** The window won or lost the reader. */
export function setFocused(state, focused) {
  if (state.focused === focused) return;
  state.focused = focused;
  const view = activeView(state);
  if (!view) return;
  if (focused) {
    view.unread = 0;
    view.mentions = 0;
  } else {
    view.divider = null; // The next line is the first that was not seen.
  }
  touch(state, view);
}

export function closeView(state, id) {
  if (id === SERVER || !state.views.delete(id)) return;
  if (state.active === id) {
    const next = state.views.has(state.before) ? state.before : ordered(state).find((view) => view.kind !== 'server')?.id;
    state.active = next ?? BROWSE;
    activate(state, state.active);
  }
  touch(state);
}

/** Places as the list shows them: server, rooms by name, then people by name. */
export function ordered(state) {
  const rank = { server: 0, room: 1, person: 2 };
  return [...state.views.values()].sort((a, b) => rank[a.kind] - rank[b.kind] || a.name.localeCompare(b.name));
}

const TALK = new Set(['message', 'action', 'notice']);

/**
 * Adds a line to a place: `{ kind, from, text, at, … }`. Talk of others that nobody looks at is counted, and marks where
 * the unseen begins.
 */
export function addLine(state, view, line) {
  const full = { version: 0, own: false, status: 'sent', at: null, ...line, id: state.nextId };
  state.nextId += 1;
  const talk = TALK.has(full.kind) && !full.own;
  // A private talk is all for the reader: it counts as a mention, but marking each of its lines would mark nothing.
  const forMe = talk && full.kind !== 'notice' && (view.kind === 'person' || mentions(full.text, state.me.nick));
  full.mention = forMe && view.kind !== 'person';
  view.lines.push(full);
  if (view.lines.length > LINES_MAX) view.lines.splice(0, view.lines.length - LINES_MAX);
  const seen = state.focused && state.active === view.id;
  if (talk && !seen) {
    view.unread += 1;
    if (forMe) view.mentions += 1;
    view.divider ??= full.id;
  }
  if (full.own && state.active === view.id) view.divider = null;
  touch(state, view);
  return full;
}

export function changeLine(state, view, line, change) {
  Object.assign(line, change);
  line.version += 1;
  touch(state, view);
}

/** Folds an arrival, departure or new nick into the run of such events at the end of the place. */
export function addEvent(state, view, event, at) {
  const last = view.lines.at(-1);
  if (last?.kind === 'events' && sameDay(last.at, at)) {
    last.events.push(event);
    last.total += 1;
    if (last.events.length > EVENTS_MAX) last.events.shift();
    changeLine(state, view, last, { at });
    return;
  }
  addLine(state, view, { kind: 'events', events: [event], total: 1, text: '', at });
}

export function sameDay(a, b) {
  const [x, y] = [new Date(a ?? 0), new Date(b ?? 0)];
  return x.getFullYear() === y.getFullYear() && x.getMonth() === y.getMonth() && x.getDate() === y.getDate();
}

/** What is known of a person, made when new. */
export function user(state, nick) {
  const id = key(state, nick);
  let found = state.users.get(id);
  if (!found) {
    found = { nick, user: '', host: '', realname: '', away: false, awayWords: '' };
    state.users.set(id, found);
  }
  return found;
}

/** Forgets people who share no room and no talk with us, so that the map does not grow for ever. */
export function forgetUser(state, nick) {
  const id = key(state, nick);
  for (const view of state.views.values()) {
    if (view.members.has(id) || (view.kind === 'person' && view.id === id)) return;
  }
  state.users.delete(id);
}

export const isAway = (state, nick) => (isMe(state, nick) ? state.me.away : state.users.get(key(state, nick))?.away ?? false);

/** 0 for the highest rank; people without one come last. */
export function rank(state, prefix) {
  const best = state.support.prefixSymbols.indexOf(prefix?.[0] ?? '');
  return prefix && best >= 0 ? best : state.support.prefixSymbols.length;
}

/** Highest rank first, then by name; the map's keys are folded already, which spares a large room thousands of folds. */
export function members(state, view) {
  return [...view.members]
    .map(([id, member]) => ({ id, member, rank: rank(state, member.prefix) }))
    .sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1))
    .map(({ member }) => member);
}

/** Whether I may act as operator of the room (o or what stands above it). */
export function amOperator(state, view) {
  const mine = view.members.get(key(state, state.me.nick));
  const symbol = state.support.prefixSymbols[state.support.prefixModes.indexOf('o')];
  return Boolean(mine && symbol && mine.prefix && rank(state, mine.prefix) <= rank(state, symbol));
}

export const mayChangeTopic = (state, view) =>
  view.kind === 'room' && view.joined && (!view.modes.has('t') || amOperator(state, view));

/** Unread talk over all places, for the title of the window: `{ unread, mentions }`. */
export function totals(state) {
  let unread = 0;
  let mentioned = 0;
  for (const view of state.views.values()) {
    unread += view.unread;
    mentioned += view.mentions;
  }
  return { unread, mentions: mentioned };
}

/** Notes a request under a new label, when the server can label its answers. */
export function ask(state, request) {
  if (!state.caps.has('labeled-response')) return undefined;
  const label = `p${state.nextLabel}`;
  state.nextLabel += 1;
  state.requests.set(label, request);
  if (state.requests.size > REQUESTS_MAX) state.requests.delete(state.requests.keys().next().value);
  return label;
}
