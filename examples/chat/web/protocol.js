// What each line from the server does to the state, and which lines and signals answer it. Pure: `now` is an argument.

import * as irc from './irc.js';
import { explain, explainStandard, isError } from './numerics.js';
import { applyRoomModes, people } from './people.js';
import {
  LIST_MAX, SERVER, activeView, addLine, changeLine, find, key, sameName, touch, user,
} from './state.js';

/** What the page can use; the server is asked only for what it offers. */
export const CAPS_WANTED = [
  'message-tags', 'server-time', 'msgid', 'echo-message', 'labeled-response', 'batch', 'multi-prefix', 'userhost-in-names',
  'away-notify', 'extended-join', 'invite-notify', 'setname', 'chghost', 'standard-replies', 'cap-notify', 'actor-chat/servers',
];

const send = (command, ...params) => ({ send: { command, params } });

/** Begins to sign in over a fresh connection. `resuming`: nobody watches, so a taken nick is worked around. */
export function begin(state, { nick, password = '', resuming = false }) {
  state.phase = 'registering';
  state.wanted = { nick, password, resuming };
  Object.assign(state.me, { nick, away: false, modes: '' });
  state.offered.clear();
  state.caps.clear();
  Object.assign(state, { trouble: null, closing: '', regain: null, greeted: false });
  touch(state);
  const lines = [send('CAP', 'LS', '302')];
  if (password) lines.push(send('PASS', password));
  return [...lines, send('NICK', nick), send('USER', userName(nick), '0', '*', nick)];
}

const userName = (nick) => nick.replace(/[^A-Za-z0-9]/g, '').slice(0, 10).toLowerCase() || 'web';

/** The connection is gone: what waited has failed, and every room wants to be joined again. */
export function lost(state) {
  state.phase = 'offline';
  for (const view of state.views.values()) {
    if (view.joined) Object.assign(view, { joined: false, wanted: true });
    view.arriving = null;
    view.typing.clear();
    for (const line of view.lines) {
      if (line.status === 'pending') {
        changeLine(state, view, line, { status: 'failed', why: 'The connection broke before the server confirmed this.' });
      }
    }
    touch(state, view);
  }
  state.requests.clear();
  state.batches.clear();
  state.opening.clear();
  if (state.list.state === 'loading') state.list.state = 'idle';
}

/** Another nick near the one that is taken. */
export function otherNick(nick, nickLengthMax, attempt = 0) {
  const tail = attempt === 0 ? '_' : String(attempt + 1);
  return nick.replace(/(_|\d+)$/, (end) => (attempt === 0 ? end : '')).slice(0, nickLengthMax - tail.length) + tail;
}

function nickRefused(state, message) {
  const words = explain(message);
  const tried = message.params[1] ?? state.wanted.nick;
  const suggestion = otherNick(tried, state.support.nicklen, tried.endsWith('_') ? 1 : 0);
  if (state.phase !== 'registering') return null;
  if (state.wanted.resuming) {
    state.regain ??= state.wanted.nick;
    state.me.nick = suggestion;
    return [send('NICK', suggestion)];
  }
  state.trouble = { kind: 'nick', words, suggestion: message.command === '432' ? '' : suggestion };
  touch(state);
  return [{ ui: 'trouble' }];
}

function cap(state, { params }) {
  const [, verb, ...rest] = params;
  const names = (rest.at(-1) ?? '').split(' ').filter(Boolean);
  const more = rest.length > 1 && rest[0] === '*';
  if (verb === 'LS' || verb === 'NEW') {
    for (const item of names) {
      const equals = item.indexOf('=');
      state.offered.set(equals < 0 ? item : item.slice(0, equals), equals < 0 ? '' : item.slice(equals + 1));
    }
    if (more) return [];
    const ask = CAPS_WANTED.filter((name) => state.offered.has(name) && !state.caps.has(name));
    if (ask.length > 0) return [send('CAP', 'REQ', ask.join(' '))];
    return verb === 'LS' && state.phase === 'registering' ? [send('CAP', 'END')] : [];
  }
  if (verb === 'ACK') {
    for (const name of names) {
      if (name.startsWith('-')) state.caps.delete(name.slice(1));
      else state.caps.add(name);
    }
  }
  if (verb === 'DEL') {
    for (const name of names) {
      state.offered.delete(name);
      state.caps.delete(name);
    }
    return [];
  }
  return (verb === 'ACK' || verb === 'NAK') && state.phase === 'registering' && !more ? [send('CAP', 'END')] : [];
}

/** Signed in and told everything: back into the rooms, a few to a line. */
function greeted(state) {
  if (state.greeted) return [];
  state.greeted = true;
  const wanted = [...state.views.values()].filter((view) => view.kind === 'room' && view.wanted);
  wanted.sort((a, b) => Number(b.key !== '') - Number(a.key !== '')); // Keys are matched by position.
  const effects = [];
  for (let i = 0; i < wanted.length; i += 8) {
    const some = wanted.slice(i, i + 8);
    const keys = some.map((view) => view.key).filter(Boolean);
    effects.push(send('JOIN', some.map((view) => view.name).join(','), ...(keys.length ? [keys.join(',')] : [])));
  }
  if (state.regain && state.support.monitor > 0) effects.push(send('MONITOR', '+', state.regain));
  return [...effects, { ui: 'signed-in' }];
}

function support(state, { params }) {
  const before = state.support.casemapping;
  irc.readSupport(state.support, params.slice(1, -1));
  if (state.support.casemapping !== before) {
    const views = [...state.views.values()];
    state.views.clear();
    for (const view of views) {
      const active = state.active === view.id;
      if (view.kind !== 'server') view.id = key(state, view.name);
      if (active) state.active = view.id;
      state.views.set(view.id, view);
    }
  }
  const server = state.views.get(SERVER);
  if (state.support.network) server.name = state.support.network;
  touch(state, server);
  return [];
}

const serverLine = (text) => (state, message, at) => {
  const words = text ? text(message.params) : message.params.slice(1).join(' ');
  addLine(state, state.views.get(SERVER), { kind: 'info', text: words, at });
  return [];
};

/** Where the answer to a command belongs: to the place that asked, or else the place on the screen. */
function answerView(state, request, name) {
  return (name && find(state, name)) || (request && state.views.get(request.view)) || activeView(state) || state.views.get(SERVER);
}

const answer = (words) => (state, message, at, request) => {
  addLine(state, answerView(state, request), { kind: 'info', text: words(message.params), at });
  return [];
};

const whois = (write) => (state, message) => {
  const nick = message.params[1];
  if (!state.whois || !sameName(state, state.whois.nick, nick)) return [];
  write(state.whois, message.params);
  touch(state);
  return [];
};

function names(state, { params }) {
  const view = find(state, params[2] ?? '');
  if (!view) return [];
  view.arriving ??= new Map();
  for (const word of (params[3] ?? '').split(' ').filter(Boolean)) {
    const { prefix, name, user: account, host } = irc.parseMember(state.support, word);
    view.arriving.set(key(state, name), { nick: name, prefix });
    if (host) Object.assign(user(state, name), { user: account, host });
  }
  return [];
}

const numerics = {
  '001': (state, message, at) => {
    state.me.nick = message.params[0];
    state.phase = 'ready';
    touch(state);
    return [...serverLine()(state, message, at), { ui: 'nick' }];
  },
  '002': serverLine(),
  '003': serverLine(),
  '004': () => [],
  '005': support,
  221: (state, { params }) => {
    state.me.modes = (params[1] ?? '').replace('+', '');
    return [];
  },
  251: serverLine(), 252: serverLine(), 253: serverLine(), 254: serverLine(), 255: serverLine(), 265: serverLine((p) => p.at(-1)), 266: serverLine((p) => p.at(-1)),
  301: (state, { params, command }, at) => {
    const [, nick, words = ''] = params;
    const known = user(state, nick);
    const told = known.away && known.awayWords === words;
    Object.assign(known, { away: true, awayWords: words });
    const view = find(state, nick);
    if (state.whois && !state.whois.done && sameName(state, state.whois.nick, nick)) state.whois.away = words;
    else if (view?.kind === 'person' && (!told || !view.awayTold)) {
      view.awayTold = true;
      addLine(state, view, { kind: 'info', text: `${nick} is away${words ? `: ${words}` : ''}`, at, command });
    }
    touch(state, view);
    return [];
  },
  305: (state) => {
    state.me.away = false;
    touch(state);
    return [];
  },
  306: (state) => {
    state.me.away = true;
    touch(state);
    return [];
  },
  311: whois((card, p) => Object.assign(card, { nick: p[1], user: p[2], host: p[3], realname: p.at(-1) })),
  312: whois((card, p) => Object.assign(card, { server: p[2], serverWords: p[3] })),
  313: whois((card) => Object.assign(card, { oper: true })),
  317: whois((card, p) => Object.assign(card, { idleSeconds: Number(p[2]), since: p.length > 4 ? Number(p[3]) * 1000 : null })),
  319: whois((card, p) => Object.assign(card, { rooms: [...(card.rooms ?? []), ...(p[2] ?? '').split(' ').filter(Boolean)] })),
  671: whois((card) => Object.assign(card, { secure: true })),
  318: whois((card) => Object.assign(card, { done: true })),
  314: answer((p) => `${p[1]} was here as ${p[2]}@${p[3]} (${p.at(-1)})`),
  369: () => [],
  302: answer((p) => p.at(-1)), 303: answer((p) => (p[1] ? `Here now: ${p[1]}` : 'None of them is here.')),
  315: () => [],
  352: (state, { params }) => {
    const [, , account, host, , nick, flags = '', words = ''] = params;
    Object.assign(user(state, nick), { user: account, host, away: flags[0] === 'G', realname: words.replace(/^\d+ ?/, '') });
    touch(state);
    return [];
  },
  321: (state) => {
    state.list.incoming = [];
    return [];
  },
  322: (state, { params }) => {
    state.list.incoming ??= [];
    if (state.list.incoming.length < LIST_MAX) {
      state.list.incoming.push({ name: params[1], people: Number(params[2]) || 0, topic: params[3] ?? '' });
    }
    return [];
  },
  323: (state) => {
    state.list = { state: 'ready', rooms: state.list.incoming ?? [] };
    touch(state);
    return [];
  },
  324: (state, { params }, at, request) => {
    const view = find(state, params[1]);
    if (view) {
      view.modes.clear();
      applyRoomModes(state, view, params.slice(2));
    }
    if (request?.view) addLine(state, answerView(state, request), { kind: 'info', text: `Modes of ${params[1]}: ${params.slice(2).join(' ')}`, at });
    return [];
  },
  329: () => [],
  331: (state, { params }, at, request) => {
    const view = find(state, params[1]);
    if (view) view.topic = { text: '', by: '', at: null };
    touch(state, view);
    if (request?.view) addLine(state, answerView(state, request), { kind: 'info', text: `${params[1]} has no topic.`, at });
    return [];
  },
  332: (state, { params }, at, request) => {
    const view = find(state, params[1]);
    if (view) view.topic = { text: params[2] ?? '', by: '', at: null };
    touch(state, view);
    if (request?.view) addLine(state, answerView(state, request), { kind: 'info', text: `The topic of ${params[1]}: ${params[2]}`, at });
    return [];
  },
  333: (state, { params }) => {
    const view = find(state, params[1]);
    if (view) Object.assign(view.topic, { by: irc.parseSource(params[2] ?? '').name, at: Number(params[3]) * 1000 || null });
    touch(state, view);
    return [];
  },
  341: (state, { params }, at, request) => {
    addLine(state, answerView(state, request, params[2]), { kind: 'info', text: `You invited ${params[1]} to ${params[2]}`, at });
    return [];
  },
  346: answer((p) => `Let in without invitation: ${p[2]}`), 347: () => [],
  348: answer((p) => `Exception from bans: ${p[2]}`), 349: () => [],
  367: answer((p) => `Banned from ${p[1]}: ${p[2]}${p[3] ? ` (by ${irc.parseSource(p[3]).name})` : ''}`),
  368: answer((p) => `That is all of the bans of ${p[1]}.`),
  351: answer((p) => p.slice(1).join(' ')),
  353: names,
  366: (state, { params }) => {
    const view = find(state, params[1] ?? '');
    if (view?.arriving) {
      view.members = view.arriving;
      view.arriving = null;
      touch(state, view);
    }
    return [];
  },
  371: answer((p) => p.at(-1)), 374: () => [],
  375: () => [],
  372: (state, { params }, at) => {
    addLine(state, state.views.get(SERVER), { kind: 'info', drawn: true, text: (params[1] ?? '').replace(/^- ?/, ''), at });
    return [];
  },
  376: greeted,
  422: greeted,
  381: answer(() => 'You are an operator of the server now.'),
  391: answer((p) => `The server’s time: ${p.at(-1)}`),
  704: answer((p) => p.at(-1)), 705: answer((p) => p.at(-1)), 706: answer((p) => p.at(-1)),
  730: () => [],
  731: (state, { params }) => {
    const gone = (params[1] ?? '').split(',').map((target) => irc.parseSource(target).name);
    return state.regain && gone.some((nick) => sameName(state, nick, state.regain)) ? [send('NICK', state.regain)] : [];
  },
};

/** An error in place: on the message that failed, in the room it is about, or where the reader looks. */
function refuse(state, message, words, at, request) {
  const nick = ['432', '433', '436', '437'].includes(message.command) && nickRefused(state, message);
  if (nick) return nick;
  if (state.phase === 'registering' && ['464', '465'].includes(message.command)) {
    state.trouble = { kind: message.command === '464' ? 'password' : 'banned', words, suggestion: '' };
    touch(state);
    return [{ ui: 'trouble' }];
  }
  if (state.phase === 'registering') return []; // A server that does not know CAP, for example.
  if (request?.kind === 'quiet') return [];
  const about = message.params.slice(1, -1).map((name) => find(state, name)).find(Boolean);
  if (message.command === '401' && state.whois && !state.whois.done && sameName(state, state.whois.nick, message.params[1])) {
    Object.assign(state.whois, { done: true, missing: true });
  }
  const sayView = request?.kind === 'say' ? state.views.get(request.view) : about;
  const waiting = sayView?.lines.find((line) =>
    request?.kind === 'say' ? line.id === request.line : line.status === 'pending' && ['401', '404', '417'].includes(message.command),
  );
  if (waiting) {
    changeLine(state, sayView, waiting, { status: 'failed', why: words });
    return [];
  }
  if (about?.wanted) about.wanted = false;
  state.opening.delete(key(state, message.params[1] ?? ''));
  // Who asked is told where it was asked; what nobody asked for belongs to the room that it is about.
  const view = answerView(state, request, !request?.view && about?.kind === 'room' ? about.name : undefined);
  addLine(state, view, { kind: 'error', text: words, at });
  return view.id === state.active ? [] : [{ ui: 'flash', words, error: true }];
}

function requestOf(state, message) {
  const { tags, command, params } = message;
  const reference = tags.get('batch');
  let label = tags.get('label') ?? state.batches.get(reference)?.label;
  if (command === 'BATCH') {
    const name = params[0]?.slice(1) ?? '';
    if (params[0]?.startsWith('+')) {
      if (state.batches.size < 100) state.batches.set(name, { type: params[1], label });
    } else {
      label = state.batches.get(name)?.label;
      state.batches.delete(name);
      state.requests.delete(label);
    }
    return undefined;
  }
  const request = state.requests.get(label);
  if (request && !reference) state.requests.delete(label);
  return request;
}

/** Takes one line in; returns effects: `{ send }` lines for the server and `{ ui }` signals for the page. */
export function receive(state, message, now) {
  const { command, params, tags } = message;
  const request = requestOf(state, message);
  const told = Date.parse(tags.get('time') ?? '');
  const at = Number.isFinite(told) ? told : now;
  if (command === 'PING') return [send('PONG', ...params)];
  if (command === 'BATCH' || command === 'PONG' || command === 'ACK') {
    if (command === 'ACK' && request?.kind === 'say') confirm(state, request);
    return [];
  }
  if (command === 'CAP') return cap(state, message);
  if (command === 'ERROR') {
    state.closing = params[0] ?? '';
    return [];
  }
  if (command === 'SERVERS') return [{ ui: 'servers', pages: (params[0] ?? '').split(' ').filter(Boolean) }];
  if (command === 'FAIL') return refuse(state, message, explainStandard(message), at, request);
  if (command === 'WARN' || command === 'NOTE') {
    addLine(state, answerView(state, request), { kind: 'info', text: explainStandard(message), at });
    return [];
  }
  const person = people[command];
  if (person) return (person === people.NOTICE || message.source) ? person(state, message, at, request, now) : [];
  if (numerics[command]) return numerics[command](state, message, at, request, now);
  if (isError(command)) return refuse(state, message, explain(message), at, request);
  if (/^\d{3}$/.test(command)) return serverLine()(state, message, at);
  return [];
}

/** A message that the server took without an echo. */
function confirm(state, request) {
  const view = state.views.get(request.view);
  const line = view?.lines.find(({ id }) => id === request.line);
  if (line) changeLine(state, view, line, { status: 'sent' });
}
