// The dialogs: coming in, going somewhere, a person, yourself, help.

import { $, avatar, h, setText, span } from './dom.js';
import { strip } from './format.js';
import { COMMANDS } from './commands.js';
import { activeView, amOperator, isAway, isMe, key, ordered } from './state.js';

const KEYS = [
  ['Ctrl K', 'go to a room or person'],
  ['Alt ↑ ↓', 'the place before or after'],
  ['Alt Shift ↑ ↓', 'the next place with something new'],
  ['Tab', 'complete a nick, room or command'],
  ['↑', 'what you sent before'],
  ['Shift Enter', 'a new line'],
  ['Page ↑ ↓', 'scroll through the messages'],
  ['Esc', 'close, or jump to the newest'],
  ['Ctrl /', 'this help'],
];

const open = (dialog) => dialog.open || dialog.showModal();

for (const dialog of document.querySelectorAll('dialog')) {
  dialog.addEventListener('click', (event) => {
    const outside = event.target === dialog && dialog.id !== 'welcome';
    if (outside || event.target.closest('[data-close]')) dialog.close();
  });
}

/** Where one picks a nick. It stays until the server has let us in. */
export class Welcome {
  constructor(actions) {
    $('welcome').addEventListener('cancel', (event) => event.preventDefault());
    $('welcome-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const nick = $('welcome-nick').value.trim();
      if (!nick || /\s/.test(nick)) {
        this.trouble(nick ? 'A nick is one word.' : 'You need a nick first.');
        $('welcome-nick').focus();
        return;
      }
      this.busy(true);
      actions.signIn({ nick, room: $('welcome-room').value.trim(), password: $('welcome-password').value });
    });
    $('welcome-trouble').addEventListener('click', (event) => {
      const nick = event.target.closest('[data-suggestion]')?.dataset.suggestion;
      if (!nick) return;
      $('welcome-nick').value = nick;
      $('welcome-form').requestSubmit();
    });
  }

  show({ nick, room }) {
    if (nick !== undefined) $('welcome-nick').value = nick;
    if (room !== undefined) $('welcome-room').value = room;
    this.busy(false);
    open($('welcome'));
    $('welcome-nick').focus();
    $('welcome-nick').select();
  }

  hide() {
    if ($('welcome').open) $('welcome').close();
    this.trouble('');
  }

  get shown() {
    return $('welcome').open;
  }

  busy(on) {
    $('welcome-go').disabled = on;
    setText($('welcome-go'), on ? 'Connecting…' : 'Enter');
    if (on) this.trouble('');
  }

  trouble(words, { suggestion = '', password = false } = {}) {
    const offer = suggestion && h('button', { type: 'button', class: 'button small', data: { suggestion } }, `Be ${suggestion} instead`);
    $('welcome-trouble').replaceChildren(...[words && h('span', {}, words), offer].filter(Boolean));
    $('welcome-nick').setAttribute('aria-invalid', String(Boolean(words) && !password));
    if (password) {
      $('welcome-password-row').hidden = false;
      $('welcome-password').focus();
    }
  }
}

/** Ctrl+K: every place by a few letters of its name. */
export class Switcher {
  #actions;
  #items = [];
  #at = 0;

  constructor(actions) {
    this.#actions = actions;
    const text = $('switcher-text');
    text.addEventListener('input', () => this.#draw());
    text.addEventListener('keydown', (event) => {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        this.#choose((this.#at + (event.key === 'ArrowDown' ? 1 : this.#items.length - 1)) % (this.#items.length || 1));
      } else if (event.key === 'Enter') {
        event.preventDefault();
        this.#go(this.#at);
      }
    });
    $('switcher-list').addEventListener('click', (event) => {
      const option = event.target.closest('[role="option"]');
      if (option) this.#go([...$('switcher-list').children].indexOf(option));
    });
  }

  show(state) {
    this.state = state;
    $('switcher-text').value = '';
    open($('switcher'));
    this.#draw();
    $('switcher-text').focus();
  }

  #draw() {
    const { state } = this;
    const typed = $('switcher-text').value.trim().toLowerCase();
    const places = ordered(state).sort((a, b) => b.mentions - a.mentions || b.unread - a.unread);
    const items = places.map((view) => ({ label: view.name, detail: view.unread ? `${view.unread} new` : '', go: () => this.#actions.open(view.id) }));
    const have = new Set(places.map(({ id }) => id));
    const people = new Set(places.flatMap((view) => [...view.members.values()].map(({ nick }) => nick)));
    if (typed) {
      for (const { name, people: count } of state.list.rooms) {
        if (!have.has(key(state, name))) items.push({ label: name, detail: `join, ${count} inside`, go: () => this.#actions.join(name) });
      }
      for (const nick of people) {
        if (!have.has(key(state, nick)) && !isMe(state, nick)) items.push({ label: nick, detail: 'message', go: () => this.#actions.talkTo(nick) });
      }
    }
    const score = ({ label }) => {
      const at = label.toLowerCase().replace(/^[#&]/, '').indexOf(typed.replace(/^[#&]/, ''));
      return at < 0 ? Infinity : at;
    };
    this.#items = typed ? items.filter((item) => score(item) < Infinity).sort((a, b) => score(a) - score(b)).slice(0, 12) : items.slice(0, 12);
    if (typed && this.#items.length === 0) {
      const name = '#&'.includes(typed[0]) ? typed : `#${typed}`;
      this.#items = [{ label: name, detail: 'start this room', go: () => this.#actions.join(name) }];
    }
    $('switcher-list').replaceChildren(...this.#items.map(({ label, detail }, index) =>
      h('div', { class: 'switcher-item', role: 'option', id: `switch-${index}` }, h('bdi', {}, label), h('span', { class: 'faint' }, detail))));
    this.#choose(0);
  }

  #choose(index) {
    this.#at = index;
    [...$('switcher-list').children].forEach((option, at) => option.setAttribute('aria-selected', String(at === index)));
    $('switcher-list').children[index]?.scrollIntoView({ block: 'nearest' });
    $('switcher-text').setAttribute('aria-activedescendant', `switch-${index}`);
  }

  #go(index) {
    const item = this.#items[index];
    $('switcher').close();
    item?.go();
  }
}

/** Who somebody is, and what one can do about it. */
export class Card {
  #actions;
  #drawn = '';

  constructor(actions) {
    this.#actions = actions;
  }

  show(state) {
    this.#drawn = '';
    this.render(state);
    open($('card'));
  }

  render(state) {
    const card = state.whois;
    const signature = JSON.stringify(card) + state.active;
    if (!card || signature === this.#drawn) return;
    const focused = document.activeElement?.closest?.('#card-body [data-do]')?.dataset.do;
    this.#drawn = signature;
    const { nick } = card;
    const away = card.away ?? (isAway(state, nick) ? state.users.get(key(state, nick))?.awayWords ?? '' : undefined);
    const known = state.users.get(key(state, nick));
    const rows = [
      ['Name', card.realname ?? known?.realname],
      ['From', (card.user ?? known?.user) && `${card.user ?? known.user}@${card.host ?? known.host}`],
      ['Away', away === undefined ? '' : away || 'yes'],
      ['Rooms', card.rooms?.join(' ')],
      ['Idle', Number.isFinite(card.idleSeconds) ? span(card.idleSeconds) : ''],
      ['Here since', card.since ? new Date(card.since).toLocaleString() : ''],
      ['Server', card.oper ? 'operator of the server' : ''],
    ].filter(([, value]) => value);
    $('card-body').replaceChildren(
      h('div', { class: 'card-top' }, avatar(nick, 'large'), h('h2', { id: 'card-nick' }, h('bdi', {}, nick))),
      card.missing ? h('p', { class: 'faint' }, 'Nobody of that nick is here right now.') : '',
      h('dl', { class: 'facts' }, rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', { dir: 'auto' }, strip(value))])),
      h('div', { class: 'card-acts' }, this.#acts(state, nick)),
    );
    if (focused) $('card-body').querySelector(`[data-do="${focused}"]`)?.focus();
  }

  #acts(state, nick) {
    const act = (id, words, run, look = '') => h('button', { type: 'button', class: `button ${look}`, data: { do: id }, onclick: () => {
      $('card').close();
      run();
    } }, words);
    if (isMe(state, nick)) return [act('me', 'Your settings', () => this.#actions.me())];
    const acts = [act('talk', 'Send a message', () => this.#actions.talkTo(nick), 'primary')];
    const room = activeView(state);
    const member = room?.kind === 'room' && room.members.get(key(state, nick));
    if (member && amOperator(state, room)) {
      const mode = (change) => () => this.#actions.command('MODE', [room.name, change, nick]);
      const { prefixModes, prefixSymbols } = state.support;
      const has = (letter) => member.prefix.includes(prefixSymbols[prefixModes.indexOf(letter)] ?? ' ');
      if (prefixModes.includes('o')) acts.push(has('o') ? act('op', 'Take operator', mode('-o')) : act('op', 'Make operator', mode('+o')));
      if (prefixModes.includes('v')) acts.push(has('v') ? act('voice', 'Take voice', mode('-v')) : act('voice', 'Give voice', mode('+v')));
      acts.push(act('kick', 'Remove', () => this.#actions.command('KICK', [room.name, nick]), 'danger'));
    }
    return acts;
  }
}

/** Your own nick, absence and colours. */
export class Me {
  constructor(actions) {
    $('me-nick-form').addEventListener('submit', (event) => {
      event.preventDefault();
      $('me').close();
      actions.nick($('me-nick-field').value.trim());
    });
    $('me-away-form').addEventListener('submit', (event) => {
      event.preventDefault();
      $('me').close();
      actions.away($('me-away-field').value.trim());
    });
    $('me').querySelectorAll('[name="theme"]').forEach((radio) => radio.addEventListener('change', () => actions.theme(radio.value)));
    $('sign-out').addEventListener('click', () => {
      $('me').close();
      actions.signOut();
    });
  }

  show(state, theme) {
    $('me-nick-field').value = state.me.nick;
    $('me-away-field').hidden = state.me.away;
    setText($('me-away-button'), state.me.away ? 'I am back' : 'I am away');
    for (const radio of $('me').querySelectorAll('[name="theme"]')) radio.checked = radio.value === theme;
    open($('me'));
  }
}

export class Help {
  constructor() {
    const term = (words, help) => [h('dt', {}, words), h('dd', {}, help)];
    $('help-keys').append(...KEYS.flatMap(([keys, words]) =>
      term(keys.split(' ').flatMap((part, index) => [index ? ' ' : '', h('kbd', {}, part)]), words)));
    $('help-commands').append(...COMMANDS.flatMap(({ name, args, help }) =>
      term([h('b', {}, `/${name}`), args ? h('span', { class: 'faint' }, ` ${args}`) : ''], help)));
  }

  show() {
    open($('help'));
  }
}
