// The words after a slash: what they are, what they do, how they complete. Pure.

import * as irc from './irc.js';
import { join, list, request, say, whois } from './outgoing.js';
import { BROWSE, SERVER, activate, addLine, closeView, openPerson, touch } from './state.js';

const words = (text) => text.split(/\s+/).filter(Boolean);
const wrong = (text) => [{ ui: 'error', words: text }, { ui: 'keep-text' }];
const usage = ({ name, args }) => wrong(`That is used like this: /${name} ${args}`);

/** The room a command is about: named first, or else the one on the screen. */
function roomAnd({ state, view }, text) {
  const [first, ...rest] = words(text);
  if (first && irc.isRoom(state.support, first)) return { room: first, rest };
  return { room: view?.kind === 'room' ? view.name : null, rest: first ? [first, ...rest] : [] };
}

const inRoom = (act) => (context, text, command) => {
  const { room, rest } = roomAnd(context, text);
  if (!room) return wrong(`/${command.name} needs a room: open one, or name it first.`);
  return act(context, room, rest, command);
};

/** Gives or takes a mode of each person named. */
const rankOf = (sign, mode) =>
  inRoom(({ state }, room, nicks, command) => {
    if (nicks.length === 0) return usage(command);
    const effects = [];
    const most = Math.max(state.support.modes, 1);
    for (let i = 0; i < nicks.length; i += most) {
      const some = nicks.slice(i, i + most);
      effects.push(request(state, 'MODE', [room, sign + mode.repeat(some.length), ...some]));
    }
    return effects;
  });

const mask = (who) => (/[!@*]/.test(who) ? who : `${who}!*@*`);

export const COMMANDS = [
  { name: 'join', args: '#room [key]', help: 'enter a room, or make it', also: ['j'], needs: 1,
    run: ({ state }, text) => {
      const [names, roomKey] = words(text);
      return names.split(',').filter(Boolean).flatMap((name) => join(state, name, roomKey));
    } },
  { name: 'part', args: '[#room] [reason]', help: 'leave a room, or close a private talk', also: ['leave', 'close'],
    run: (context, text) => {
      const { state, view } = context;
      const { room, rest } = roomAnd(context, text);
      const leaving = room && state.views.get(irc.fold(room, state.support.casemapping));
      if (leaving?.joined) return [request(state, 'PART', rest.length ? [room, rest.join(' ')] : [room])];
      if (room && !leaving) return wrong(`You are not in ${room}.`);
      if (leaving ?? view?.kind === 'person') closeView(state, (leaving ?? view).id);
      return [{ ui: 'rooms' }];
    } },
  { name: 'msg', args: 'nick words', help: 'say something to one person', also: ['query', 'm'], needs: 1,
    run: ({ state, now }, text) => {
      const [nick] = words(text);
      const rest = text.trimStart().slice(nick.length).trim();
      if (irc.isRoom(state.support, nick)) return rest ? [request(state, 'PRIVMSG', [nick, rest])] : join(state, nick);
      const view = openPerson(state, nick);
      activate(state, view.id);
      return rest ? say(state, view, rest, 'message', now) : [];
    } },
  { name: 'me', args: 'does something', help: 'say what you do: “anna waves”', needs: 1, talk: true,
    run: ({ state, view, now }, text) => say(state, view, text, 'action', now) },
  { name: 'nick', args: 'name', help: 'change your nick', needs: 1,
    run: ({ state }, text) => [{ ui: 'want-nick', nick: words(text)[0] }, request(state, 'NICK', [words(text)[0]])] },
  { name: 'topic', args: '[words]', help: 'read or change the topic of the room',
    run: (context, text) => {
      const { room, rest } = roomAnd(context, text);
      if (!room) return wrong('/topic needs a room: open one, or name it first.');
      const start = text.indexOf(rest[0] ?? '');
      return [request(context.state, 'TOPIC', rest.length ? [room, text.slice(start).trim()] : [room])];
    } },
  { name: 'away', args: '[reason]', help: 'tell that you are not there; without a reason, that you are back',
    run: ({ state }, text) => [request(state, 'AWAY', text.trim() ? [text.trim()] : [])] },
  { name: 'back', args: '', help: 'tell that you are there again', run: ({ state }) => [request(state, 'AWAY', [])] },
  { name: 'invite', args: 'nick [#room]', help: 'ask somebody in', needs: 1,
    run: ({ state, view }, text, command) => {
      const [nick, room = view?.kind === 'room' ? view.name : null] = words(text);
      return room ? [request(state, 'INVITE', [nick, room])] : usage(command);
    } },
  { name: 'whois', args: 'nick', help: 'who somebody is', needs: 1,
    run: ({ state }, text) => [...whois(state, words(text)[0]), { ui: 'whois' }] },
  { name: 'names', args: '', help: 'show the people of the room', run: () => [{ ui: 'people' }] },
  { name: 'list', args: '', help: 'show all rooms', also: ['rooms'],
    run: ({ state }) => {
      activate(state, BROWSE);
      return list(state);
    } },
  { name: 'kick', args: 'nick [reason]', help: 'remove somebody from the room', operator: true,
    run: inRoom(({ state }, room, [nick, ...why], command) =>
      nick ? [request(state, 'KICK', why.length ? [room, nick, why.join(' ')] : [room, nick])] : usage(command)) },
  { name: 'ban', args: '[nick or mask]', help: 'keep somebody out; alone, list who is kept out', operator: true,
    run: inRoom(({ state }, room, [who]) => [request(state, 'MODE', who ? [room, '+b', mask(who)] : [room, 'b'])]) },
  { name: 'unban', args: 'nick or mask', help: 'lift a ban', operator: true,
    run: inRoom(({ state }, room, [who], command) => (who ? [request(state, 'MODE', [room, '-b', mask(who)])] : usage(command))) },
  { name: 'op', args: 'nick…', help: 'make operators of the room', operator: true, run: rankOf('+', 'o') },
  { name: 'deop', args: 'nick…', help: 'take that back', operator: true, run: rankOf('-', 'o') },
  { name: 'voice', args: 'nick…', help: 'let people speak in a moderated room', operator: true, run: rankOf('+', 'v') },
  { name: 'devoice', args: 'nick…', help: 'take that back', operator: true, run: rankOf('-', 'v') },
  { name: 'mode', args: '[#room] [modes]', help: 'read or change the modes of a room',
    run: inRoom(({ state }, room, rest) => [request(state, 'MODE', [room, ...rest])]) },
  { name: 'notice', args: 'nick words', help: 'say something that no program answers', needs: 2,
    run: ({ state }, text) => {
      const [to] = words(text);
      return [request(state, 'NOTICE', [to, text.trimStart().slice(to.length).trim()]), { ui: 'info', words: `Notice to ${to} sent.` }];
    } },
  { name: 'setname', args: 'real name', help: 'change your real name', needs: 1,
    run: ({ state }, text) => [request(state, 'SETNAME', [text.trim()])] },
  { name: 'motd', args: '', help: 'show the message of the day',
    run: ({ state }) => {
      activate(state, SERVER);
      return [request(state, 'MOTD', [])];
    } },
  { name: 'clear', args: '', help: 'empty this view',
    run: ({ state, view }) => {
      if (view) Object.assign(view, { lines: [], divider: null });
      touch(state, view);
      return [];
    } },
  { name: 'theme', args: 'light, dark or system', help: 'choose the colours', needs: 1,
    run: (_, text, command) => (['light', 'dark', 'system'].includes(text.trim()) ? [{ ui: 'theme', theme: text.trim() }] : usage(command)) },
  { name: 'raw', args: 'a line', help: 'send a line to the server as it is', also: ['quote'], needs: 1,
    run: ({ state }, text) => {
      const line = irc.parseLine(text.trim());
      return line ? [request(state, line.command, line.params)] : wrong('There is no command in that line.');
    } },
  { name: 'reconnect', args: '', help: 'begin the connection anew', offline: true, run: () => [{ ui: 'reconnect' }] },
  { name: 'quit', args: '[words]', help: 'sign out', also: ['disconnect'], offline: true, run: (_, text) => [{ ui: 'quit', words: text.trim() }] },
  { name: 'help', args: '', help: 'show commands and keys', also: ['?', 'h'], offline: true, run: () => [{ ui: 'help' }] },
];

export const findCommand = (name) =>
  COMMANDS.find((command) => command.name === name || command.also?.includes(name));

/** Does what the text of the composer says; returns effects. `{ ui: 'keep-text' }`: it did not go out. */
export function interpret(state, view, text, now) {
  const slash = text.startsWith('/') && !text.startsWith('//');
  if (!slash) {
    if (state.phase !== 'ready') return wrong('You are not connected. Your words stay here until you are.');
    if (!view || view.kind === 'server') return wrong('Nobody listens here: open a room, or begin with a / for a command.');
    if (view.kind === 'room' && !view.joined) return wrong(`You are not in ${view.name}.`);
    return say(state, view, text.replace(/^\/\//, '/'), 'message', now);
  }
  const [name] = words(text.slice(1));
  const command = findCommand((name ?? '').toLowerCase());
  if (!command) return wrong(`There is no command /${name ?? ''}. Type /help to see them all.`);
  const rest = text.slice(1 + name.length).trim();
  if (!command.offline && state.phase !== 'ready') return wrong('You are not connected. Your words stay here until you are.');
  if (words(rest).length < (command.needs ?? 0)) return usage(command);
  if (command.talk && (!view || view.kind === 'server' || (view.kind === 'room' && !view.joined))) return wrong('That needs a room or a person to say it to.');
  return command.run({ state, view, now }, rest, command);
}

/** An error or a remark of the page itself, in the place on the screen. */
export function remark(state, view, kind, text, now) {
  if (view) addLine(state, view, { kind, text, at: now });
}

/** What Tab may put for the word before the cursor: `{ start, options }`, best first. */
export function completions(state, view, text, cursor) {
  const start = Math.max(text.lastIndexOf(' ', cursor - 1), text.lastIndexOf('\n', cursor - 1)) + 1;
  const word = text.slice(start, cursor);
  const begins = (name) => irc.fold(name, state.support.casemapping).startsWith(irc.fold(word.replace(/^@/, ''), state.support.casemapping));
  if (start === 0 && word.startsWith('/') && !word.startsWith('//')) {
    const typed = word.slice(1).toLowerCase();
    return { start, options: COMMANDS.filter(({ name }) => name.startsWith(typed)).map(({ name }) => `/${name} `) };
  }
  if (word !== '' && irc.isRoom(state.support, word)) {
    const rooms = new Set([...state.views.values()].filter(({ kind }) => kind === 'room').map(({ name }) => name));
    state.list.rooms.forEach(({ name }) => rooms.add(name));
    return { start, options: [...rooms].filter((name) => irc.fold(name).startsWith(irc.fold(word))).map((name) => `${name} `) };
  }
  if (word === '' || !view) return { start, options: [] };
  const spoke = new Map(view.lines.filter(({ from, own }) => from && !own).map(({ from }, index) => [from, index]));
  const nicks = view.kind === 'person' ? [view.name] : [...view.members.values()].map(({ nick }) => nick);
  const fit = nicks.filter((nick) => begins(nick) && nick !== state.me.nick);
  fit.sort((a, b) => (spoke.get(b) ?? -1) - (spoke.get(a) ?? -1) || a.localeCompare(b));
  return { start, options: fit.map((nick) => (start === 0 ? `${nick}: ` : `${nick} `)) };
}
