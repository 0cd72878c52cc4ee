// The page's parts put together: lines in, frames out, and what the reader does.

import { interpret, remark } from './commands.js';
import { Connection } from './connection.js';
import { $ } from './dom.js';
import { isRoom, formatLine, parseLine } from './irc.js';
import { dismiss, join, list, request, retry, typingNotice, whois } from './outgoing.js';
import { begin, lost, receive } from './protocol.js';
import { BROWSE, SERVER, activate, activeView, closeView, createState, openPerson, openRoom, ordered, setFocused, touch } from './state.js';
import { TypingSender, expire } from './typing.js';
import { View } from './view.js';

const NICK = 'chat.nick';
const THEME = 'chat.theme';
const SESSION = 'chat.session';

/** Storage may be forbidden or full; the page then works without memory. */
const store = {
  get(area, name) {
    try {
      return window[area].getItem(name);
    } catch {
      return null;
    }
  },
  set(area, name, value) {
    try {
      if (value === null) window[area].removeItem(name);
      else window[area].setItem(name, value);
    } catch {
      // Nothing to do: what is not remembered is asked again.
    }
  },
};

const state = createState();
const typing = new TypingSender();
/** What the reader wants: kept over breaks of the connection. */
const session = { nick: '', password: '', rooms: [], live: false };
let view;

/** Where a page's server speaks IRC. */
const socketOf = (page) => `${page.replace(/\/+$/, '').replace(/^http/, 'ws')}/irc`;

const connection = new Connection(socketOf(location.origin), {
  open: () => perform(begin(state, { nick: session.nick, password: session.password, resuming: session.live })),
  line: (text) => {
    const message = parseLine(text);
    if (message) perform(receive(state, message, Date.now()));
  },
  status: connectionChanged,
});

/** Does what the pure parts decided: `{ send }` lines and `{ ui }` signals. Returns whether the composer's text went out. */
function perform(effects) {
  let went = true;
  for (const effect of effects) {
    if (effect.send) connection.send(formatLine(effect.send));
    else if (effect.ui === 'keep-text') went = false;
    else signal(effect);
  }
  view.schedule();
  return went;
}

function signal({ ui, words, room, error, theme, pages }) {
  const act = {
    'signed-in': signedIn,
    nick: rememberNick,
    rooms: saveSession,
    servers: () => connection.known(pages.map(socketOf)),
    trouble: showTrouble,
    flash: () => view.flash(words, { error, label: 'Join', act: room && (() => actions.join(room)) }),
    error: () => (activeView(state) ? view.composer.note(words) : view.flash(words, { error: true })),
    info: () => remark(state, activeView(state), 'info', words, Date.now()),
    whois: () => view.card.show(state),
    people: () => view.togglePeople(),
    help: () => view.help.show(),
    theme: () => setTheme(theme),
    reconnect: () => connection.restart(),
    quit: () => signOut(words),
    'want-nick': () => {
      state.regain = null;

    },
  }[ui];
  act?.();
}

function signedIn() {
  const first = !session.live;
  session.live = true;
  connection.settled();
  view.banner(null);
  view.welcome.hide();
  rememberNick();
  const rooms = session.rooms.splice(0);
  for (const name of rooms) perform(join(state, name));
  perform(list(state));
  if (first && rooms.length === 0 && !activeView(state)) activate(state, BROWSE);
}

function rememberNick() {
  // A nick taken only because the own one was not free yet is not the one to remember.
  if (!state.regain) {
    session.nick = state.me.nick;
    store.set('localStorage', NICK, state.me.nick);
  }
  saveSession();
}

/** What a reload of the page should find again. A new window does not: it has a session of its own. */
function saveSession() {
  if (!session.live) return;
  const rooms = [...state.views.values()].filter(({ kind, joined, wanted }) => kind === 'room' && (joined || wanted));
  const saved = { nick: session.nick, rooms: rooms.map(({ name, key }) => ({ name, key })), active: activeView(state)?.name };
  store.set('sessionStorage', SESSION, JSON.stringify(saved));
}

function loadSession() {
  try {
    const saved = JSON.parse(store.get('sessionStorage', SESSION) ?? 'null');
    if (!saved?.nick) return false;
    session.nick = saved.nick;
    session.live = true;
    for (const { name, key } of saved.rooms ?? []) Object.assign(openRoom(state, name), { wanted: true, key: key ?? '' });
    const active = [...state.views.values()].find(({ name }) => name === saved.active);
    if (active) activate(state, active.id);
    return true;
  } catch {
    return false;
  }
}

function showTrouble() {
  const { kind, words, suggestion } = state.trouble;
  if (kind !== 'nick') connection.stop();
  view.welcome.show({ nick: session.nick });
  view.welcome.trouble(kind === 'password' && !session.password ? 'This server asks for a password.' : words, { suggestion, password: kind === 'password' });
}

function connectionChanged({ state: now, attempt, retryAt }) {
  if (!view) return;
  if (now === 'open') {
    view.banner(session.live ? { words: 'Connected, signing in…' } : null);
  } else if (now === 'connecting') {
    if (state.phase !== 'offline') lost(state);
    if (session.live) view.banner({ words: attempt ? 'Trying to reconnect…' : 'Connecting…' });
  } else if (now === 'waiting') {
    const why = state.closing ? ` The server said: ${state.closing}` : '';
    lost(state);
    if (state.trouble) {
      connection.stop();
      return;
    }
    const again = () => connection.retryNow();
    if (view.welcome.shown) view.welcome.trouble('The server does not answer. Trying again…');
    const words = attempt > 1 ? `Still not connected (${attempt} tries so far).` : 'The connection is lost.';
    view.banner({ words: `${words}${why}`, retryAt, button: 'Reconnect now', act: again });
  } else if (now === 'closed') {
    lost(state);
    if (!state.trouble) view.banner({ words: 'You are signed out.', button: 'Sign in', act: () => welcome() });
  }
  view.schedule();
}

function signIn({ nick, room, password }) {
  session.nick = nick;
  session.password = password;
  session.rooms = room ? room.split(/[\s,]+/).filter(Boolean) : [];
  const waits = state.phase === 'registering' && state.trouble?.kind === 'nick';
  state.trouble = null;
  if (waits) {
    state.wanted.nick = nick;
    state.me.nick = nick;
    perform([{ send: { command: 'NICK', params: [nick] } }]);
  } else {
    connection.restart();
  }
  view.schedule();
}

function signOut(words) {
  session.live = false;
  store.set('sessionStorage', SESSION, null);
  state.trouble = null;
  connection.stop(formatLine({ command: 'QUIT', params: words ? [words] : [] }));
  for (const { id, kind } of [...state.views.values()]) if (kind !== 'server') closeView(state, id);
  activate(state, BROWSE);
  state.list = { state: 'idle', rooms: [] };
  welcome();
}

function welcome() {
  const asked = decodeURIComponent(location.hash);
  view.welcome.show({ nick: session.nick || store.get('localStorage', NICK) || '', room: asked.length > 1 ? asked : '#lobby' });
}

const themeNow = () => store.get('localStorage', THEME) ?? 'system';

function setTheme(theme) {
  store.set('localStorage', THEME, theme === 'system' ? null : theme);
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  drawTheme();
}

const darkNow = () => {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
};

function drawTheme() {
  const next = darkNow() ? 'light' : 'dark';
  $('theme-icon').setAttribute('href', next === 'light' ? '#i-sun' : '#i-moon');
  $('theme-button').setAttribute('aria-label', `Use ${next} colours`);
  $('theme-button').title = `Use ${next} colours`;
}

function open(id) {
  activate(state, id);
  if (id === BROWSE) perform(list(state));
  view.closeDrawers();
  saveSession();
  view.schedule();
}

const actions = {
  open,
  signIn,
  signOut,
  typed: (text) => state.active !== BROWSE && perform(typing.input(state.active, text, Date.now()).flatMap((notice) => typingNotice(state, notice))),
  submit(text) {
    const went = perform(interpret(state, activeView(state), text, Date.now()));
    if (went) {
      typing.sent();
      view.log.toEnd();
      saveSession();
    }
    return went;
  },
  join(name) {
    if (state.phase !== 'ready') view.flash('You are not connected yet.', { error: true });
    else perform(join(state, name));
    view.closeDrawers();
    view.schedule();
  },
  leave() {
    const here = activeView(state);
    if (here?.kind === 'room' && here.joined) perform([request(state, 'PART', [here.name])]);
    else if (here) closeView(state, here.id);
    saveSession();
    view.schedule();
  },
  talkTo(nick) {
    open(openPerson(state, nick).id);
  },
  card(nick) {
    if (!nick || isRoom(state.support, nick)) return;
    perform(whois(state, nick));
    view.card.show(state);
  },
  command: (command, params) => perform([request(state, command, params)]),
  setTopic: (id, text) => {
    const room = state.views.get(id);
    if (room && text !== room.topic.text) perform([request(state, 'TOPIC', [room.name, text])]);
  },
  retry: (line) => perform(retry(state, activeView(state), line, Date.now())),
  dismiss(line) {
    dismiss(state, activeView(state), line);
    view.schedule();
  },
  list: () => perform(list(state)),
  me: () => view.me.show(state, themeNow()),
  nick: (nick) => nick && perform(interpret(state, activeView(state), `/nick ${nick}`, Date.now())),
  away: (words) => perform(interpret(state, activeView(state), state.me.away ? '/back' : `/away ${words || 'away'}`, Date.now())),
  theme: setTheme,
};

/** The place before or after, or the next one with something new. */
function step(direction, unreadOnly) {
  const places = ordered(state).filter(({ kind }) => kind !== 'server');
  places.push(state.views.get(SERVER));
  const at = places.findIndex(({ id }) => id === state.active);
  for (let i = 1; i <= places.length; i += 1) {
    const next = places[(at + direction * i + places.length * 2 + (at < 0 && direction < 0 ? 1 : 0)) % places.length];
    if (!unreadOnly || next.unread > 0) {
      open(next.id);
      return;
    }
  }
}

function keys(event) {
  const modifier = event.ctrlKey || event.metaKey;
  const dialog = document.querySelector('dialog[open]');
  if (modifier && event.key.toLowerCase() === 'k' && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    if (!dialog) view.switcher.show(state);
  } else if (modifier && event.key === '/') {
    event.preventDefault();
    if (!dialog) view.help.show();
  } else if (dialog) {
    return;
  } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
    event.preventDefault();
    step(event.key === 'ArrowUp' ? -1 : 1, event.shiftKey);
  } else if (event.key === 'Escape') {
    if (view.drawerOpen) view.closeDrawers();
    else {
      view.flash('');
      view.log.toEnd();
    }
    view.composer.focus();
  } else if (event.key.length === 1 && event.key !== ' ' && !modifier && !event.altKey && !event.target.closest('input, textarea, button, [role="option"]')) {
    view.composer.focus(); // Whoever types means the message.
  }
}

view = new View(state, actions);
document.addEventListener('keydown', keys);
for (const type of ['focus', 'blur', 'visibilitychange']) {
  (type === 'visibilitychange' ? document : window).addEventListener(type, () => {
    setFocused(state, document.hasFocus() && !document.hidden);
    view.schedule();
  });
}
$('theme-button').addEventListener('click', () => setTheme(darkNow() ? 'light' : 'dark'));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawTheme);
setInterval(() => {
  const now = Date.now();
  perform(typing.tick(now).flatMap((notice) => typingNotice(state, notice)));
  let changed = false;
  for (const place of state.views.values()) changed = expire(place.typing, now) || changed;
  if (changed) touch(state);
}, 1_000);

drawTheme();
setFocused(state, document.hasFocus() && !document.hidden);
view.schedule();
if (loadSession()) connection.start();
else welcome();
