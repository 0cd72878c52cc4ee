// What stands around the lines: places, people, the bar with the topic, the list of all rooms.

import { $, avatar, h, icon, listKeys, reconcile, rich, setAttribute, setText } from './dom.js';
import { strip } from './format.js';
import { BROWSE, SERVER, isAway, isMe, key, mayChangeTopic, members, ordered } from './state.js';

/** People and rooms drawn of a long list; the search finds the others. */
const PEOPLE_SHOWN_MAX = 300;
const ROOMS_SHOWN_MAX = 200;

const badge = (count) => (count > 99 ? '99+' : String(count));

/** The list of places: server, rooms, people. */
export class Places {
  constructor(actions) {
    listKeys($('places'), (option) => actions.open(option.dataset.id));
  }

  render(state) {
    const views = ordered(state);
    const groups = [
      { id: 'rooms', label: 'Rooms', items: views.filter(({ kind }) => kind === 'room') },
      { id: 'talks', label: 'Direct messages', items: views.filter(({ kind }) => kind === 'person') },
      { id: 'server', label: 'Server', items: views.filter(({ kind }) => kind === 'server') },
    ].filter(({ id, items }) => id === 'rooms' || items.length > 0);
    reconcile($('places'), groups, ({ id }) => id, (group) =>
      h('div', { role: 'group', 'aria-labelledby': `group-${group.id}` },
        h('div', { class: 'group-label', role: 'presentation', id: `group-${group.id}` }, group.label), h('div', { class: 'group-items', role: 'presentation' })),
    (element, group) => {
      reconcile(element.lastElementChild, group.items, ({ id }) => id, (view) => this.#option(view), (option, view) => this.#update(state, option, view));
    });
    $('no-rooms').hidden = views.some(({ kind }) => kind === 'room');
    setAttribute($('browse-button'), 'aria-pressed', String(state.active === BROWSE));
  }

  #option(view) {
    const mark = { room: () => h('span', { class: 'hash', 'aria-hidden': 'true' }, '#'), person: () => avatar(view.name, 'small'), server: () => icon('server') }[view.kind]();
    return h('div', { class: 'place', role: 'option', data: { id: view.id } }, mark, h('span', { class: 'place-name' }),
      h('span', { class: 'typing-dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')), h('span', { class: 'badge', 'aria-hidden': 'true' }));
  }

  #update(state, option, view) {
    const active = state.active === view.id;
    option.dataset.id = view.id;
    setAttribute(option, 'aria-selected', String(active));
    setAttribute(option, 'tabindex', active || (state.active === BROWSE && view.id === ordered(state)[0]?.id) ? '0' : '-1');
    const [, name, , count] = option.children;
    setText(name, view.kind === 'room' ? view.name.replace(/^#/, '') : view.name);
    option.classList.toggle('unread', view.unread > 0);
    option.classList.toggle('mentioned', view.mentions > 0);
    option.classList.toggle('out', view.kind === 'room' && !view.joined);
    option.classList.toggle('away', view.kind === 'person' && isAway(state, view.name));
    option.classList.toggle('typing', view.kind === 'person' && view.typing.size > 0);
    const unread = view.kind === 'server' ? 0 : view.unread;
    setText(count, unread === 0 ? '' : view.mentions > 0 && view.kind === 'room' ? `@ ${badge(view.mentions)}` : badge(unread));
    const words = unread ? `, ${unread} unread${view.mentions && view.kind === 'room' ? `, ${view.mentions} for you` : ''}` : '';
    setAttribute(option, 'aria-label', `${view.name}${words}${view.kind === 'room' && !view.joined ? ', not joined' : ''}`);
  }
}

/** The people of the room on the screen. */
export class People {
  #filter = '';

  constructor(actions) {
    listKeys($('people-list'), (option) => actions.card(option.dataset.nick));
    $('people-search').addEventListener('input', (event) => {
      this.#filter = event.target.value.trim().toLowerCase();
      actions.redraw();
    });
  }

  render(state, view) {
    const all = view?.kind === 'room' ? members(state, view) : [];
    $('people-search').hidden = all.length < 20;
    const filter = all.length < 20 ? '' : this.#filter;
    const fit = filter ? all.filter(({ nick }) => nick.toLowerCase().includes(filter)) : all;
    const shown = fit.slice(0, PEOPLE_SHOWN_MAX);
    setText($('people-count'), String(all.length));
    const names = ['Owners', 'Admins', 'Operators', 'Half-operators', 'Voices'];
    const groups = [];
    for (const member of shown) {
      const symbol = member.prefix[0] ?? '';
      const mode = state.support.prefixModes[state.support.prefixSymbols.indexOf(symbol)];
      const label = symbol ? names['qaohv'.indexOf(mode)] ?? symbol : 'Members';
      if (groups.at(-1)?.label !== label) groups.push({ label, items: [] });
      groups.at(-1).items.push(member);
    }
    const first = shown[0];
    reconcile($('people-list'), groups, ({ label }) => label, (group) =>
      h('div', { role: 'group' }, h('div', { class: 'group-label', role: 'presentation' }), h('div', { class: 'group-items', role: 'presentation' })),
    (element, group) => {
      setAttribute(element, 'aria-label', group.label);
      setText(element.firstElementChild, groups.length > 1 ? `${group.label} · ${group.items.length}` : '');
      reconcile(element.lastElementChild, group.items, ({ nick }) => nick, (member) =>
        h('div', { class: 'person', role: 'option', data: { nick: member.nick } }, avatar(member.nick, `small ${isMe(state, member.nick) ? 'own' : ''}`),
          h('bdi', { class: 'person-name' }, member.nick), h('span', { class: 'typing-dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')), h('span', { class: 'prefix', 'aria-hidden': 'true' })),
      (option, member) => {
        const away = isAway(state, member.nick);
        const typing = view.typing.get(key(state, member.nick))?.value === 'active';
        setAttribute(option, 'tabindex', member === first ? '0' : '-1');
        option.classList.toggle('away', away);
        option.classList.toggle('typing', typing);
        option.classList.toggle('me', isMe(state, member.nick));
        setText(option.lastElementChild, member.prefix);
        setAttribute(option, 'aria-label', [member.nick, member.prefix && group.label.replace(/s$/, ''), away && 'away', typing && 'typing'].filter(Boolean).join(', '));
        setAttribute(option, 'title', away ? `${member.nick} is away${awayWords(state, member.nick)}` : null);
      });
    });
    const rest = fit.length - shown.length;
    setText($('people-more'), rest > 0 ? `and ${rest} more: search to find them` : filter && fit.length === 0 ? 'Nobody of that name.' : '');
  }
}

function awayWords(state, nick) {
  const words = state.users.get(key(state, nick))?.awayWords;
  return words ? `: ${strip(words)}` : '';
}

/** The bar above the lines. */
export class Bar {
  #editing = null; // The id of the room whose topic is in the field.

  constructor(actions) {
    const field = $('topic-field');
    $('topic-edit').addEventListener('click', () => actions.editTopic());
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        actions.setTopic(this.#editing, field.value.trim());
      }
      if (event.key === 'Enter' || event.key === 'Escape') {
        event.preventDefault();
        event.stopPropagation();
        this.endEdit();
        actions.redraw();
        actions.focusComposer();
      }
    });
    field.addEventListener('blur', () => {
      this.endEdit();
      actions.redraw();
    });
    $('topic').addEventListener('click', (event) => {
      const room = event.target.closest('[data-room]')?.dataset.room;
      if (room) actions.join(room);
    });
    $('leave').addEventListener('click', () => actions.leave());
  }

  edit(state, view) {
    this.#editing = view.id;
    const field = $('topic-field');
    field.value = view.topic.text;
    field.maxLength = state.support.topiclen;
    this.render(state, view);
    field.focus();
    field.select();
  }

  endEdit() {
    this.#editing = null;
  }

  render(state, view) {
    const room = view?.kind === 'room';
    const editing = room && this.#editing === view.id;
    const browse = state.active === BROWSE;
    setText($('title'), browse ? 'Rooms' : view.name);
    $('title').classList.toggle('is-room', room);
    $('topic-field').hidden = !editing;
    $('topic').hidden = editing;
    $('topic-edit').hidden = editing || !room || !mayChangeTopic(state, view);
    $('leave').hidden = browse || view.id === SERVER;
    const leave = room ? (view.joined ? 'Leave this room' : 'Close this room') : 'Close this talk';
    setAttribute($('leave'), 'aria-label', leave);
    setAttribute($('leave'), 'title', leave);
    $('people-button').hidden = !room;
    setText($('people-button-count'), room ? String(view.members.size) : '');
    setAttribute($('people-button'), 'aria-label', room ? `${view.members.size} people in this room` : 'People');
    const words = this.#words(state, view);
    const topic = $('topic');
    if (topic.dataset.source === words.text) return;
    topic.dataset.source = words.text;
    topic.replaceChildren(...rich(words.text, state.support.chantypes));
    topic.classList.toggle('faint', Boolean(words.faint));
    topic.title = strip(words.text) + (words.by ? ` (set by ${words.by})` : '');
  }

  #words(state, view) {
    if (!view) return { text: 'Everything that is open to all', faint: true };
    if (view.kind === 'room') {
      if (view.topic.text) return { text: view.topic.text, by: view.topic.by };
      return { text: 'No topic yet', faint: true };
    }
    if (view.kind === 'server') return { text: 'What the server says to you', faint: true };
    const known = state.users.get(view.id);
    if (known?.away) return { text: `away${awayWords(state, view.name)}`, faint: true };
    return { text: 'Only the two of you see this', faint: true };
  }
}

/** The list of all rooms on the server. */
export class Browse {
  #filter = '';

  constructor(actions) {
    const search = $('room-search');
    search.addEventListener('input', () => {
      this.#filter = search.value.trim();
      actions.redraw();
    });
    search.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && this.#filter) {
        event.preventDefault();
        actions.join(this.#filter);
        this.clear();
      } else if (event.key === 'ArrowDown') {
        event.preventDefault();
        $('room-list').querySelector('[role="option"]')?.focus();
      }
    });
    listKeys($('room-list'), (option) => actions.join(option.dataset.name));
    $('room-refresh').addEventListener('click', () => actions.list());
    $('room-new').addEventListener('click', () => {
      actions.join(this.#filter || '#lobby');
      this.clear();
    });
  }

  clear() {
    $('room-search').value = '';
    this.#filter = '';
  }

  render(state) {
    const { rooms } = state.list;
    const wanted = this.#filter.toLowerCase();
    const fit = rooms.filter(({ name, topic }) => !wanted || name.toLowerCase().includes(wanted) || topic.toLowerCase().includes(wanted));
    fit.sort((a, b) => b.people - a.people || a.name.localeCompare(b.name));
    const shown = fit.slice(0, ROOMS_SHOWN_MAX);
    reconcile($('room-list'), shown, ({ name }) => name, (room) =>
      h('div', { class: 'room-card', role: 'option', tabindex: '-1', data: { name: room.name } },
        h('div', { class: 'room-card-name' }, room.name), h('div', { class: 'room-card-topic', dir: 'auto' }),
        h('div', { class: 'room-card-people' }, icon('people'), h('span')), h('span', { class: 'room-card-go' }, 'Join')),
    (element, room) => {
      setAttribute(element, 'tabindex', room === shown[0] ? '0' : '-1');
      setText(element.children[1], strip(room.topic) || 'No topic');
      element.children[1].classList.toggle('faint', !room.topic);
      setText(element.children[2].lastElementChild, String(room.people));
      const inside = state.views.get(key(state, room.name))?.joined;
      setText(element.children[3], inside ? 'Open' : 'Join');
      setAttribute(element, 'aria-label', `${room.name}, ${room.people} people, ${strip(room.topic) || 'no topic'}`);
    });
    const loading = state.list.state === 'loading';
    $('room-refresh').classList.toggle('busy', loading);
    const exact = rooms.some(({ name }) => key(state, name) === key(state, this.#filter) || key(state, name) === key(state, `#${this.#filter}`));
    $('room-new').hidden = state.phase !== 'ready' || (exact && this.#filter !== '') || (this.#filter === '' && rooms.length > 0);
    const name = this.#filter ? (state.support.chantypes.includes(this.#filter[0]) ? this.#filter : `#${this.#filter}`) : '#lobby';
    setText($('room-new-name'), name);
    let words = '';
    if (state.phase !== 'ready') words = 'The list appears once you are connected.';
    else if (loading && rooms.length === 0) words = 'Looking around…';
    else if (rooms.length === 0) words = 'There are no rooms yet. Start the first one; others will find it here.';
    else if (fit.length === 0) words = 'No room of that name. You can start it.';
    else if (fit.length > shown.length) words = `${fit.length - shown.length} more: search to find them.`;
    setText($('room-hint'), words);
  }
}
