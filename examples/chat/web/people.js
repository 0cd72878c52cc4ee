// What people do, line by line: arrive, leave, rename, talk, type, change a room. Pure.

import * as irc from './irc.js';
import { explainMode } from './numerics.js';
import { hear } from './typing.js';
import {
  SERVER, activate, activeView, addEvent, addLine, changeLine, closeView, find, forgetUser, isMe, key, openPerson, openRoom,
  sameName, touch, user,
} from './state.js';

const send = (command, ...params) => ({ send: { command, params } });
const because = (words) => (words ? `: ${words}` : '');

/** The rooms in which that person is a member. */
const roomsOf = (state, nick) => [...state.views.values()].filter((view) => view.members.has(key(state, nick)));

function join(state, { source, params }, now) {
  const [name, , realname] = params;
  if (!name) return [];
  Object.assign(user(state, source.name), { user: source.user, host: source.host });
  if (realname) user(state, source.name).realname = realname;
  if (!isMe(state, source.name)) {
    const view = find(state, name);
    if (!view) return [];
    view.members.set(key(state, source.name), { nick: source.name, prefix: '' });
    addEvent(state, view, { what: 'join', nick: source.name }, now);
    return [];
  }
  Object.assign(state.me, { user: source.user, host: source.host });
  const view = openRoom(state, name);
  const back = view.wanted;
  view.key = state.keys.get(view.id) ?? view.key;
  state.keys.delete(view.id);
  Object.assign(view, { name, joined: true, wanted: false, members: new Map(), modes: new Map() });
  if (back) addLine(state, view, { kind: 'info', text: 'You are back. What was said in the meantime is not shown.', at: now });
  if (state.opening.delete(view.id)) activate(state, view.id);
  touch(state, view);
  // WHO tells who is away; NAMES, which the server sends by itself, does not.
  return [send('MODE', name), send('WHO', name), { ui: 'rooms' }];
}

function leave(state, view, nick, event, now) {
  view.members.delete(key(state, nick));
  view.typing.delete(key(state, nick));
  addEvent(state, view, event, now);
  forgetUser(state, nick);
}

function part(state, { source, params }, now) {
  const view = find(state, params[0]);
  if (!view) return [];
  if (isMe(state, source.name)) {
    view.joined = false;
    closeView(state, view.id);
    return [{ ui: 'rooms' }];
  }
  leave(state, view, source.name, { what: 'part', nick: source.name, words: params[1] }, now);
  return [];
}

function quit(state, { source, params }, now) {
  const event = { what: 'quit', nick: source.name, words: params[0] };
  for (const view of roomsOf(state, source.name)) leave(state, view, source.name, event, now);
  const talk = find(state, source.name);
  if (talk?.kind === 'person') {
    talk.typing.clear();
    addEvent(state, talk, event, now);
  }
  return state.regain && sameName(state, source.name, state.regain) ? [send('NICK', state.regain)] : [];
}

function kick(state, { source, params }, now) {
  const [name, nick, words] = params;
  const view = find(state, name);
  if (!view) return [];
  view.members.delete(key(state, nick));
  const by = source?.name ?? 'The server';
  const why = words && !sameName(state, words, nick) && !sameName(state, words, by) ? words : '';
  if (!isMe(state, nick)) {
    addLine(state, view, { kind: 'info', text: `${by} removed ${nick} from the room${because(why)}`, at: now });
    forgetUser(state, nick);
    return [];
  }
  Object.assign(view, { joined: false, members: new Map() });
  view.typing.clear();
  addLine(state, view, { kind: 'error', text: `${by} removed you from the room${because(why)}`, at: now });
  return [{ ui: 'rooms' }];
}

function rename(state, { source, params }, now) {
  const [to] = params;
  if (!to) return [];
  const from = source.name;
  const mine = isMe(state, from);
  const [before, after] = [key(state, from), key(state, to)];
  const event = { what: 'nick', nick: from, to };
  for (const view of roomsOf(state, from)) {
    const member = view.members.get(before);
    view.members.delete(before);
    view.members.set(after, { ...member, nick: to });
    view.typing.delete(before);
    addEvent(state, view, event, now);
  }
  const known = state.users.get(before);
  if (known) {
    state.users.delete(before);
    state.users.set(after, { ...known, nick: to });
  }
  const talk = state.views.get(before);
  if (talk?.kind === 'person' && !mine) {
    addEvent(state, talk, event, now);
    talk.name = to;
    talk.typing.delete(before);
    if (before !== after && !state.views.has(after)) {
      state.views.delete(before);
      talk.id = after;
      state.views.set(after, talk);
      if (state.active === before) state.active = after;
    }
  }
  touch(state);
  if (!mine) return [];
  state.me.nick = to;
  const effects = [{ ui: 'nick' }];
  if (state.regain && sameName(state, to, state.regain)) {
    if (state.support.monitor > 0) effects.push(send('MONITOR', '-', state.regain));
    state.regain = null;
  }
  return effects;
}

/** Puts a status symbol on a member or takes it off, highest first. */
function setPrefix(state, member, symbol, on) {
  const all = new Set(member.prefix);
  if (on) all.add(symbol);
  else all.delete(symbol);
  member.prefix = [...state.support.prefixSymbols].filter((s) => all.has(s)).join('');
}

export function applyRoomModes(state, view, params) {
  const changes = irc.parseModes(state.support, params);
  const [lists] = state.support.chanmodes;
  for (const { sign, mode, param } of changes) {
    const rank = state.support.prefixModes.indexOf(mode);
    if (rank >= 0) {
      const member = view.members.get(key(state, param));
      if (member) setPrefix(state, member, state.support.prefixSymbols[rank], sign === '+');
    } else if (!lists?.includes(mode)) {
      if (sign === '+') view.modes.set(mode, param);
      else view.modes.delete(mode);
    }
  }
  touch(state, view);
  return changes;
}

function mode(state, { source, params }, now) {
  const [target, ...rest] = params;
  if (!irc.isRoom(state.support, target)) {
    for (const { sign, mode: letter } of irc.parseModes({ ...state.support, prefixModes: '', chanmodes: [] }, rest)) {
      state.me.modes = state.me.modes.replace(letter, '') + (sign === '+' ? letter : '');
    }
    touch(state);
    return [];
  }
  const view = find(state, target);
  if (!view) return [];
  const words = applyRoomModes(state, view, rest).map(explainMode).join(', ');
  if (words) addLine(state, view, { kind: 'info', text: `${source?.name ?? 'The server'} ${words}`, at: now });
  return [];
}

function topic(state, { source, params }, now) {
  const view = find(state, params[0]);
  if (!view) return [];
  view.topic = { text: params[1] ?? '', by: source?.name ?? '', at: now };
  const text = view.topic.text === '' ? 'took the topic away' : `changed the topic to “${view.topic.text}”`;
  addLine(state, view, { kind: 'info', text: `${source?.name ?? 'The server'} ${text}`, at: now });
  return [];
}

function invite(state, { source, params }, now) {
  const [nick, name] = params;
  if (!isMe(state, nick)) {
    const view = find(state, name);
    if (view) addLine(state, view, { kind: 'info', text: `${source.name} invited ${nick}`, at: now });
    return [];
  }
  const view = activeView(state) ?? state.views.get(SERVER);
  addLine(state, view, { kind: 'info', text: `${source.name} invites you to ${name}`, at: now });
  return [{ ui: 'flash', words: `${source.name} invites you to ${name}`, room: name }];
}

function away(state, { source, params }) {
  const known = user(state, source.name);
  known.away = Boolean(params[0]);
  known.awayWords = params[0] ?? '';
  touch(state);
  return [];
}

/** The waiting line that this echo confirms: by label, or else the oldest with the same words. */
function waitingLine(state, view, request, text) {
  if (request?.kind === 'say') return view.lines.find((line) => line.id === request.line);
  return view.lines.find((line) => line.status === 'pending' && line.text === text);
}

function answerCtcp(source, text) {
  const [word, ...rest] = text.slice(1).replace(/\x01$/, '').split(' ');
  if (word === 'VERSION') return [send('NOTICE', source.name, '\x01VERSION web page of the chat example\x01')];
  if (word === 'PING') return [send('NOTICE', source.name, `\x01PING ${rest.join(' ')}\x01`)];
  return [];
}

function talk(state, message, now, request) {
  const { command, source, tags } = message;
  const [rawTarget = '', rawText = ''] = message.params;
  const own = source !== null && isMe(state, source.name);
  const ctcp = rawText.startsWith('\x01');
  const action = /^\x01ACTION (.*?)\x01?$/s.exec(rawText);
  if (ctcp && !action) return own || !source || command === 'NOTICE' ? [] : answerCtcp(source, rawText);
  const text = action ? action[1] : rawText;
  let kind = 'message';
  if (action) kind = 'action';
  else if (command === 'NOTICE') kind = 'notice';
  const status = state.support.statusmsg.includes(rawTarget[0]) ? rawTarget[0] : '';
  const target = status ? rawTarget.slice(1) : rawTarget;
  const fromServer = !source || (source.user === '' && (source.host === '' || source.name.includes('.')));

  // An own notice to a person was told of when it was sent; it is no reason to open a place.
  if (own && kind === 'notice' && !irc.isRoom(state.support, target)) return [];

  let view;
  if (irc.isRoom(state.support, target)) view = find(state, target);
  else if (own) view = find(state, target) ?? openPerson(state, target);
  else if (!fromServer) view = find(state, source.name) ?? (kind === 'notice' ? activeView(state) : openPerson(state, source.name));
  view ??= state.views.get(SERVER);

  if (own) {
    const line = waitingLine(state, view, request, text);
    if (line) {
      changeLine(state, view, line, { status: 'sent', at: now, msgid: tags.get('msgid') });
      return [];
    }
  }
  const from = source?.name ?? '';
  view.typing.delete(key(state, from));
  if (view.kind === 'person' && !own) view.name = from; // The nick as its owner writes it.
  addLine(state, view, { kind, from, text, at: now, own, msgid: tags.get('msgid'), narrow: status });
  return [];
}

function typing(state, { source, params, tags }, _now, _request, clock) {
  const value = tags.get('+typing') ?? tags.get('+draft/typing');
  if (value === undefined || !source || isMe(state, source.name)) return [];
  const view = irc.isRoom(state.support, params[0]) ? find(state, params[0]) : find(state, source.name);
  if (view && hear(view.typing, key(state, source.name), source.name, value, clock)) touch(state, view);
  return [];
}

/** Command → `(state, message, at, request, now)`, each returning effects; `at` is the server's time, `now` the page's. */
export const people = {
  JOIN: join,
  PART: part,
  QUIT: quit,
  KICK: kick,
  NICK: rename,
  MODE: mode,
  TOPIC: topic,
  INVITE: invite,
  AWAY: away,
  PRIVMSG: talk,
  NOTICE: talk,
  TAGMSG: typing,
  SETNAME: (state, { source, params }) => {
    user(state, source.name).realname = params[0] ?? '';
    return [];
  },
  CHGHOST: (state, { source, params }) => {
    Object.assign(user(state, source.name), { user: params[0], host: params[1] });
    return [];
  },
  WALLOPS: (state, { source, params }, at) => {
    addLine(state, state.views.get(SERVER), { kind: 'notice', from: source?.name ?? '', text: params[0] ?? '', at });
    return [];
  },
};
