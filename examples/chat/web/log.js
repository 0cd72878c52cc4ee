// The lines of the place on the screen: drawn once for each frame, scrolled as a reader expects.

import { $, avatar, dayName, h, icon, nickName, rich, time } from './dom.js';
import { eventLine, eventWords } from './format.js';
import { sameDay } from './state.js';

/** Lines of one person within this time stand under one name. */
const GROUP_MS = 5 * 60_000;
/** So near to the end counts as being at the end. */
const END_PX = 40;

const TALK = new Set(['message', 'notice']);

/** Whether a line begins a new group: another speaker, another kind, or a long silence. */
function beginsGroup(line, before) {
  if (!TALK.has(line.kind)) return false;
  return (
    !before || before.kind !== line.kind || before.from !== line.from || before.narrow !== line.narrow ||
    line.at - before.at > GROUP_MS || !sameDay(line.at, before.at)
  );
}

export class Log {
  #scroller = $('log');
  #list = $('lines');
  #jump = $('jump');
  #actions;
  #viewId = null;
  #rows = new Map(); // Line id → { element, signature }.
  #places = new Map(); // View id → where its reader was.
  #stick = true;
  #newBelow = 0;
  #lastId = 0;
  #today = '';

  constructor(actions) {
    this.#actions = actions;
    this.#scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.#jump.addEventListener('click', () => {
      this.toEnd();
      actions.focusComposer();
    });
    this.#list.addEventListener('click', (event) => this.#clicked(event));
    // A phone's keyboard or a longer draft makes the log smaller; who was at the end stays there.
    new ResizeObserver(() => this.#stick && this.#pin()).observe(this.#scroller);
  }

  get atEnd() {
    return this.#stick;
  }

  toEnd() {
    this.#stick = true;
    this.#newBelow = 0;
    this.#pin();
    this.#showJump();
  }

  scrollPage(direction) {
    this.#scroller.scrollBy({ top: direction * this.#scroller.clientHeight * 0.85 });
  }

  render(state, view, now) {
    const switched = this.#viewId !== view.id;
    if (switched) this.#leave(view.id);
    const today = new Date(now).toDateString();
    if (today !== this.#today) this.#rows.forEach((row) => (row.signature = '')); // "Today" has become "Yesterday".
    this.#today = today;

    const anchor = switched || this.#stick ? null : this.#anchor();
    if (switched) this.#hush();
    this.#draw(state, view, now);
    if (switched) this.#arrive(view);
    else if (this.#stick) this.#pin();
    else if (anchor?.element.isConnected) this.#scroller.scrollTop += anchor.element.offsetTop - anchor.top;
    this.#count(view, switched);
    this.#showJump();
  }

  /** Another place on the screen is not a hundred new messages to be read out. */
  #hush() {
    this.#scroller.setAttribute('aria-live', 'off');
    setTimeout(() => this.#scroller.setAttribute('aria-live', 'polite'), 500);
  }

  #draw(state, view, now) {
    const kept = new Set(view.lines.map(({ id }) => id));
    for (const [id, { element }] of this.#rows) {
      if (kept.has(id)) continue;
      element.remove();
      this.#rows.delete(id);
    }
    let before = null;
    let cursor = this.#list.firstElementChild;
    for (const line of view.lines) {
      const group = beginsGroup(line, before);
      const newDay = !before || !sameDay(line.at, before.at);
      const divider = view.divider === line.id;
      const signature = `${line.version}|${group}|${newDay}|${divider}`;
      let row = this.#rows.get(line.id);
      if (!row || row.signature !== signature) {
        const element = this.#row(state, view, line, { group, newDay, divider, now });
        const open = row?.element.querySelector('details')?.open;
        if (open) element.querySelector('details')?.setAttribute('open', '');
        if (row) {
          if (row.element === cursor) cursor = element;
          row.element.replaceWith(element);
        }
        row = { element, signature };
        this.#rows.set(line.id, row);
      }
      if (row.element === cursor) cursor = cursor.nextElementSibling;
      else this.#list.insertBefore(row.element, cursor);
      before = line;
    }
    $('empty').hidden = view.lines.length > 0;
  }

  #row(state, view, line, { group, newDay, divider, now }) {
    return h(
      'div',
      { class: 'row', data: { id: line.id } },
      newDay && h('div', { class: 'day', role: 'separator' }, h('span', {}, dayName(line.at, now))),
      divider && h('div', { class: 'divider', role: 'separator' }, h('span', {}, 'New')),
      this.#line(state, line, group),
    );
  }

  #line(state, line, group) {
    const { kind, status } = line;
    if (kind === 'events') return this.#events(line);
    const body = rich(line.text, state.support.chantypes);
    if (kind === 'info' || kind === 'error') {
      return h(
        'div',
        { class: `line aside ${kind} ${line.drawn ? 'drawn' : ''}` },
        h('span', { class: 'gutter' }, !line.drawn && icon(kind === 'error' ? 'warn' : 'dot')),
        h('div', { class: 'text', dir: 'auto' }, body, ' ', time(line.at, 'after')),
      );
    }
    const classes = ['line', kind, status, group && 'head', line.own && 'own', line.mention && 'mention'].filter(Boolean);
    const state_ = status === 'pending' ? h('span', { class: 'sr' }, ' (being sent)') : null;
    const failed = status === 'failed' && this.#failed(line);
    if (kind === 'action') {
      return h(
        'div',
        { class: classes.join(' ') },
        h('span', { class: 'gutter' }, time(line.at)),
        h('div', { class: 'text', dir: 'auto' }, nickName(line.from, line.own), ' ', body, state_, failed),
      );
    }
    const narrow = line.narrow && h('span', { class: 'tag' }, `to ${line.narrow} only`);
    return h(
      'div',
      { class: classes.join(' ') },
      h('span', { class: 'gutter' }, group ? avatar(line.from || '*', line.own ? 'own' : '') : time(line.at)),
      group && h('div', { class: 'who' },
        h('button', { type: 'button', class: 'nick-button', data: { nick: line.from } }, nickName(line.from || 'server', line.own)),
        kind === 'notice' && h('span', { class: 'tag' }, 'notice'), narrow, time(line.at)),
      h('div', { class: 'text', dir: 'auto' }, !group && h('span', { class: 'sr' }, `${line.from}: `), body, state_, failed),
    );
  }

  #failed(line) {
    const button = (act, words) => h('button', { type: 'button', class: 'link', data: { act, line: line.id } }, words);
    return h('div', { class: 'why', role: 'alert' }, icon('warn'), h('span', {}, `Not sent. ${line.why ?? ''}`),
      button('retry', 'Send again'), button('dismiss', 'Remove'));
  }

  #events(line) {
    const { events } = line;
    const gutter = h('span', { class: 'gutter' }, icon('door'));
    if (events.length === 1) {
      return h('div', { class: 'line aside events' }, gutter, h('div', { class: 'text', dir: 'auto' }, eventLine(events[0]), ' ', time(line.at, 'after')));
    }
    const earlier = line.total - events.length;
    return h('div', { class: 'line aside events' }, gutter,
      h('details', { class: 'text' },
        h('summary', {}, eventWords(events), earlier > 0 ? ` and ${earlier} earlier` : '', h('span', { class: 'twist', 'aria-hidden': 'true' }, '›'), time(line.at, 'after')),
        h('ul', {}, events.map((event) => h('li', { dir: 'auto' }, eventLine(event))))));
  }

  #clicked(event) {
    const room = event.target.closest('[data-room]')?.dataset.room;
    const nick = event.target.closest('[data-nick]')?.dataset.nick;
    const act = event.target.closest('[data-act]')?.dataset;
    if (room) this.#actions.join(room);
    else if (nick) this.#actions.card(nick);
    else if (act) this.#actions[act.act](Number(act.line));
  }

  /** The first row that is to be seen, to hold it in place while rows above it go. */
  #anchor() {
    const top = this.#scroller.scrollTop;
    for (const element of this.#list.children) {
      if (element.offsetTop + element.offsetHeight > top) return { element, top: element.offsetTop };
    }
    return null;
  }

  #leave(nextId) {
    if (this.#viewId !== null) {
      const anchor = this.#stick ? null : this.#anchor();
      this.#places.set(this.#viewId, anchor ? { id: Number(anchor.element.dataset.id), into: this.#scroller.scrollTop - anchor.top } : null);
    }
    this.#viewId = nextId;
    this.#list.replaceChildren();
    this.#rows.clear();
    this.#newBelow = 0;
  }

  #arrive(view) {
    const place = this.#places.get(view.id);
    const row = place && this.#rows.get(place.id)?.element;
    if (row) {
      this.#stick = false;
      this.#scroller.scrollTop = row.offsetTop + place.into;
      return;
    }
    this.#stick = true;
    this.#pin();
    const divider = view.divider && this.#rows.get(view.divider)?.element;
    if (divider && divider.offsetTop < this.#scroller.scrollTop) {
      this.#stick = false;
      this.#scroller.scrollTop = Math.max(0, divider.offsetTop - 12);
    }
  }

  #count(view, switched) {
    const last = view.lines.at(-1)?.id ?? 0;
    if (!switched && !this.#stick) {
      this.#newBelow += view.lines.filter(({ id, kind }) => id > this.#lastId && (TALK.has(kind) || kind === 'action')).length;
    }
    this.#lastId = last;
  }

  #pin() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#stick = scrollHeight - scrollTop - clientHeight < END_PX;
    if (this.#stick) this.#newBelow = 0;
    this.#showJump();
  }

  #showJump() {
    this.#jump.hidden = this.#stick;
    const count = this.#newBelow;
    this.#jump.lastElementChild.textContent = count ? `${count} new message${count === 1 ? '' : 's'}` : 'To the newest';
    this.#jump.classList.toggle('fresh', count > 0);
  }
}
