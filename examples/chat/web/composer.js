// The field where one writes: history, completion, the menu of commands.

import { $, h, setAttribute, setText } from './dom.js';
import { COMMANDS, completions } from './commands.js';

/** Sent texts kept for ArrowUp. */
export const HISTORY_MAX = 100;

export class Composer {
  #text = $('text');
  #menu = $('menu');
  #actions;
  #view = null;
  #state = null;
  #history = [];
  #at = -1; // Place in the history; -1 is the draft.
  #draft = '';
  #cycle = null; // A completion under way: { start, options, index, tail }.
  #choice = 0;

  constructor(actions) {
    this.#actions = actions;
    $('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener('keydown', (event) => this.#key(event));
    this.#text.addEventListener('input', () => {
      this.#cycle = null;
      this.#at = -1;
      this.#changed();
    });
    this.#text.addEventListener('blur', () => this.#showMenu([]));
    // Pressing the mouse would move the focus away and close the menu before the click arrives.
    this.#menu.addEventListener('mousedown', (event) => event.preventDefault());
    this.#menu.addEventListener('click', (event) => {
      const option = event.target.closest('[role="option"]');
      if (option) this.#take(option.dataset.name);
    });
  }

  focus() {
    // On a touch screen the focus would open the keyboard over the room that was just opened.
    if (matchMedia('(hover: none)').matches || document.querySelector('dialog[open]')) return;
    this.#text.focus();
  }

  get value() {
    return this.#text.value;
  }

  /** Follows the place on the screen; each keeps its own draft. */
  show(state, view) {
    this.#state = state;
    const moved = this.#view !== view;
    if (moved) {
      if (this.#view) this.#view.draft = this.#text.value;
      this.#view = view;
      this.#set(view?.draft ?? '');
      this.#cycle = null;
      this.#at = -1;
      this.note('');
    }
    const out = view?.kind === 'room' && !view.joined && state.phase === 'ready';
    $('form').hidden = out;
    $('out').hidden = !out;
    if (out) setText($('out-words'), `You are not in ${view.name}.`);
    const to = view?.kind === 'server' ? 'Type a / for a command' : view?.kind === 'room' ? `Message ${view.name}` : `Message ${view?.name ?? ''}`;
    setAttribute(this.#text, 'placeholder', to);
    return moved;
  }

  /** A remark below the field; the next key takes it away. */
  note(words) {
    setText($('note'), words);
  }

  clear() {
    this.#set('');
  }

  type(text) {
    this.#set(text);
    this.#text.focus();
    this.#changed();
  }

  #set(text) {
    this.#text.value = text;
    this.#fit();
    this.#showMenu([]);
    $('send').disabled = text.trim() === '';
  }

  #changed() {
    this.note('');
    this.#fit();
    $('send').disabled = this.#text.value.trim() === '';
    this.#suggest();
    this.#actions.typed(this.#text.value);
  }

  #fit() {
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight}px`;
  }

  #submit() {
    const text = this.#text.value.trimEnd();
    if (text.trim() === '') return;
    const view = this.#view;
    if (!this.#actions.submit(text)) return;
    if (this.#history.at(-1) !== text) this.#history.push(text);
    if (this.#history.length > HISTORY_MAX) this.#history.shift();
    this.#at = -1;
    if (view) view.draft = '';
    if (this.#view === view) this.#set('');
  }

  #key(event) {
    const { key } = event;
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const menu = !this.#menu.hidden;
    if (key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      const chosen = this.#menu.children[this.#choice]?.dataset.name;
      // A command that is only half typed is completed first; a whole one is sent.
      if (menu && chosen && this.#text.value.slice(1).trim().toLowerCase() !== chosen) this.#take(chosen);
      else this.#submit();
    } else if (key === 'Tab' && !event.shiftKey) {
      if (menu) {
        event.preventDefault();
        this.#take(this.#menu.children[this.#choice].dataset.name);
      } else if (this.#complete()) event.preventDefault();
    } else if (key === 'Escape' && menu) {
      event.preventDefault();
      event.stopPropagation();
      this.#showMenu([]);
    } else if (menu && (key === 'ArrowDown' || key === 'ArrowUp')) {
      event.preventDefault();
      const count = this.#menu.children.length;
      this.#choose((this.#choice + (key === 'ArrowDown' ? 1 : count - 1)) % count);
    } else if (key === 'ArrowUp' || key === 'ArrowDown') {
      if (this.#recall(key === 'ArrowUp' ? 1 : -1)) event.preventDefault();
    } else if (key === 'PageUp' || key === 'PageDown') {
      event.preventDefault();
      this.#actions.scrollPage(key === 'PageUp' ? -1 : 1);
    }
  }

  /** Steps through what was sent, when the cursor can go no further in that direction itself. */
  #recall(step) {
    const { value, selectionStart } = this.#text;
    const onFirst = !value.slice(0, selectionStart).includes('\n');
    const onLast = !value.slice(selectionStart).includes('\n');
    if ((step > 0 && !onFirst) || (step < 0 && (!onLast || this.#at < 0))) return false;
    const next = this.#at + step;
    if (next >= this.#history.length) return true;
    if (this.#at < 0) this.#draft = value;
    this.#at = next;
    this.#set(next < 0 ? this.#draft : this.#history[this.#history.length - 1 - next]);
    this.#text.setSelectionRange(this.#text.value.length, this.#text.value.length);
    return true;
  }

  /** Puts the next fitting word; returns false where none fits, so that Tab moves the focus on. */
  #complete() {
    const { value, selectionStart: cursor } = this.#text;
    if (!this.#cycle) {
      const { start, options } = completions(this.#state, this.#view, value, cursor);
      if (options.length === 0) return false;
      this.#cycle = { start, options, index: -1, head: value.slice(0, start), tail: value.slice(cursor) };
    }
    const cycle = this.#cycle;
    cycle.index = (cycle.index + 1) % cycle.options.length;
    const before = cycle.head + cycle.options[cycle.index];
    this.#set(before + cycle.tail);
    this.#text.setSelectionRange(before.length, before.length);
    this.#cycle = cycle;
    this.#actions.typed(this.#text.value);
    return true;
  }

  #suggest() {
    const found = /^\/([a-z?]*)$/i.exec(this.#text.value);
    const typed = found?.[1].toLowerCase();
    this.#showMenu(found ? COMMANDS.filter(({ name, also }) => name.startsWith(typed) || also?.some((a) => a.startsWith(typed))) : []);
  }

  #showMenu(commands) {
    this.#menu.hidden = commands.length === 0;
    this.#menu.replaceChildren(
      ...commands.map(({ name, args, help }, index) =>
        h('div', { class: 'menu-item', role: 'option', id: `menu-${index}`, data: { name } },
          h('span', { class: 'menu-name' }, `/${name}`, h('span', { class: 'menu-args' }, ` ${args}`)), h('span', { class: 'menu-help' }, help))));
    if (commands.length) this.#choose(0);
    else this.#text.removeAttribute('aria-activedescendant');
  }

  #choose(index) {
    this.#choice = index;
    [...this.#menu.children].forEach((option, at) => option.setAttribute('aria-selected', String(at === index)));
    this.#menu.children[index]?.scrollIntoView({ block: 'nearest' });
    this.#text.setAttribute('aria-activedescendant', `menu-${index}`);
  }

  #take(name) {
    this.#set(`/${name} `);
    this.#text.focus();
  }
}
