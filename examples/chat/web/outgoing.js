// What goes out: talk with its waiting line, requests with their label. Pure: `now` is an argument.

import * as irc from './irc.js';
import { activate, activeView, addLine, ask, find, key, touch } from './state.js';

/** Lines of one pasted text that go out at once; more is a file, and a file wants a link. */
export const PASTE_LINES_MAX = 20;
/** What a host name may take in the line that the others receive, until our own is known. */
const HOST_BYTES_MAX = 63;

/** Room for the words of a message in one line, beside what the server puts in front of it. */
export function textBytesMax(state, target, kind) {
  const { nick, user, host } = state.me;
  const front = `:${nick}!${user || 'x'.repeat(10)}@${host || 'x'.repeat(HOST_BYTES_MAX)} PRIVMSG ${target} :`;
  const around = kind === 'action' ? '\x01ACTION \x01'.length : 0;
  return Math.max(state.support.linelen - 2 - irc.byteLength(front) - around, 64);
}

function sayLine(state, view, kind, text, now) {
  const confirmed = state.caps.has('echo-message');
  const line = addLine(state, view, {
    kind, text, from: state.me.nick, own: true, at: now, status: confirmed ? 'pending' : 'sent',
  });
  const label = ask(state, { kind: 'say', view: view.id, line: line.id });
  const words = kind === 'action' ? `\x01ACTION ${text}\x01` : text;
  return { send: { command: kind === 'notice' ? 'NOTICE' : 'PRIVMSG', params: [view.name, words], tags: label ? { label } : undefined } };
}

/** Says `text` in a place; a text of several lines or a long one becomes several messages. */
export function say(state, view, text, kind, now) {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd()).filter((line) => line !== '');
  if (lines.length > PASTE_LINES_MAX) {
    const words = `That is ${lines.length} lines; at most ${PASTE_LINES_MAX} go out at once.`;
    return [{ ui: 'flash', words, error: true }, { ui: 'keep-text' }];
  }
  const bytesMax = textBytesMax(state, view.name, kind);
  return lines.flatMap((line) => irc.splitText(line, bytesMax)).map((piece) => sayLine(state, view, kind, piece, now));
}

/** Sends a failed line once more, at the end of the place. */
export function retry(state, view, lineId, now) {
  const at = view.lines.findIndex((line) => line.id === lineId && line.status === 'failed');
  if (at < 0 || state.phase !== 'ready') return [];
  const [line] = view.lines.splice(at, 1);
  return [sayLine(state, view, line.kind, line.text, now)];
}

/** Takes a failed line away. */
export function dismiss(state, view, lineId) {
  view.lines = view.lines.filter((line) => line.id !== lineId || line.status !== 'failed');
  touch(state, view);
}

/** A command whose answer belongs to the place on the screen. */
export function request(state, command, params, asked = {}) {
  const label = ask(state, { kind: 'command', view: activeView(state)?.id, ...asked });
  return { send: { command, params, tags: label ? { label } : undefined } };
}

/** Enters a room, or shows it when we are in it. A name without `#` gets one. */
export function join(state, name, roomKey = '') {
  const full = irc.isRoom(state.support, name) ? name : `${state.support.chantypes[0] ?? '#'}${name}`;
  const view = find(state, full);
  if (view?.joined) {
    activate(state, view.id);
    return [];
  }
  state.opening.add(key(state, full));
  if (view) Object.assign(view, { key: roomKey || view.key });
  else if (roomKey) state.keys.set(key(state, full), roomKey);
  return [request(state, 'JOIN', roomKey ? [full, roomKey] : [full])];
}

/** Asks who a person is; the answer fills the card. */
export function whois(state, nick) {
  state.whois = { nick, done: false };
  touch(state);
  return [request(state, 'WHOIS', [nick])];
}

/** Asks for the list of rooms. */
export function list(state) {
  if (state.phase !== 'ready' || state.list.state === 'loading') return [];
  state.list = { state: 'loading', rooms: state.list.rooms };
  touch(state);
  return [request(state, 'LIST', [])];
}

/** A typing notice, where the server passes it on. */
export function typingNotice(state, { place, value }) {
  const view = state.views.get(place);
  const able = state.phase === 'ready' && state.caps.has('message-tags') && irc.allowsTag(state.support, 'typing');
  if (!able || !view || view.kind === 'server' || (view.kind === 'room' && !view.joined)) return [];
  // A room that refuses the notice will refuse the message as well; once is enough to say so.
  const label = ask(state, { kind: 'quiet' });
  return [{ send: { command: 'TAGMSG', params: [view.name], tags: { label, '+typing': value } } }];
}
