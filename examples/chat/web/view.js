// The page as a whole: what is drawn in which frame, drawers, banner, title of the window.

import { $, avatar, setAttribute, setText } from './dom.js';
import { Composer } from './composer.js';
import { Card, Help, Me, Switcher, Welcome } from './dialogs.js';
import { Log } from './log.js';
import { Bar, Browse, People, Places } from './panels.js';
import { BROWSE, SERVER, activeView, totals } from './state.js';
import { typingWords } from './typing.js';

/** The list of people is drawn this often at most: in a busy room somebody comes or goes in every frame. */
const PEOPLE_EVERY_MS = 200;
/** How long a remark stays that nobody closes. */
const FLASH_MS = 8_000;
/** A window that nobody sees has no frames; its title is brought up to date this often. */
const HIDDEN_EVERY_MS = 500;

export class View {
  #state;
  #scheduled = false;
  #peopleAt = 0;
  #peopleTimer = null;
  #flashTimer = null;
  #bannerTimer = null;
  #drawnMe = '';

  constructor(state, actions) {
    this.#state = state;
    const withRedraw = { ...actions, redraw: () => this.schedule(), focusComposer: () => this.composer.focus(), editTopic: () => this.editTopic() };
    this.composer = new Composer({ ...withRedraw, scrollPage: (direction) => this.log.scrollPage(direction) });
    this.log = new Log(withRedraw);
    this.places = new Places(withRedraw);
    this.people = new People(withRedraw);
    this.bar = new Bar(withRedraw);
    this.browse = new Browse(withRedraw);
    this.welcome = new Welcome(withRedraw);
    this.switcher = new Switcher(withRedraw);
    this.card = new Card(withRedraw);
    this.me = new Me(withRedraw);
    this.help = new Help();
    this.#drawers();
    $('browse-button').addEventListener('click', () => actions.open(BROWSE));
    $('switch-button').addEventListener('click', () => this.switcher.show(state));
    $('help-button').addEventListener('click', () => this.help.show());
    $('me-button').addEventListener('click', () => actions.me());
    $('out-join').addEventListener('click', () => actions.join(activeView(state).name));
    $('flash-close').addEventListener('click', () => this.flash(''));
    if (/Mac|iPhone|iPad/.test(navigator.platform)) setText($('switch-key'), '⌘ K');
  }

  /** Draws soon, once, however many changes come before that. */
  schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const draw = () => {
      this.#scheduled = false;
      this.#render();
    };
    if (document.hidden) setTimeout(draw, HIDDEN_EVERY_MS);
    else requestAnimationFrame(draw);
  }

  #render() {
    const state = this.#state;
    const view = activeView(state);
    const now = Date.now();
    this.#title(view);
    const browse = !view;
    $('browse').hidden = !browse;
    $('talk').hidden = browse;
    $('composer').hidden = browse;
    $('app').classList.toggle('with-people', view?.kind === 'room');
    this.places.render(state);
    this.bar.render(state, view);
    this.#self();
    if (browse) this.browse.render(state);
    else {
      this.#empty(view);
      this.log.render(state, view, now);
      setText($('typing'), typingWords(view.typing));
      $('typing').classList.toggle('on', view.typing.size > 0);
    }
    if (this.composer.show(state, view)) {
      this.bar.endEdit();
      this.bar.render(state, view);
      if (browse) {
        if (!matchMedia('(hover: none)').matches && !document.querySelector('dialog[open]')) $('room-search').focus();
      } else this.composer.focus();
      this.#peopleAt = 0;
    }
    this.#renderPeople(view, now);
    if ($('card').open) this.card.render(state);
  }

  #renderPeople(view, now) {
    clearTimeout(this.#peopleTimer);
    const wait = this.#peopleAt + PEOPLE_EVERY_MS - now;
    if (wait > 0) {
      this.#peopleTimer = setTimeout(() => this.schedule(), wait);
      return;
    }
    this.#peopleAt = now;
    this.people.render(this.#state, view);
  }

  #title(view) {
    const { unread, mentions } = totals(this.#state);
    const count = unread ? `(${unread}${mentions ? '!' : ''}) ` : '';
    const server = this.#state.views.get(SERVER).name;
    const title = `${count}${view && view.kind !== 'server' ? `${view.name} · ` : ''}${server === 'Server' ? 'Chat' : server}`;
    if (document.title !== title) document.title = title;
    const elsewhere = [...this.#state.views.values()].filter((other) => other !== view && other.kind !== 'server' && other.unread > 0).length;
    setText($('side-badge'), elsewhere ? String(elsewhere) : '');
    setAttribute($('side-button'), 'aria-label', `Open the list of places${elsewhere ? `, ${elsewhere} with something new` : ''}`);
  }

  #self() {
    const { me, greeted, phase, views } = this.#state;
    setText($('server-name'), views.get(SERVER).name === 'Server' ? 'Chat' : views.get(SERVER).name);
    // With the banner, which says until then that it signs in.
    const words = phase !== 'ready' || !greeted ? 'not connected' : me.away ? 'away' : 'here';
    const drawn = `${me.nick}|${words}`;
    if (drawn === this.#drawnMe) return;
    this.#drawnMe = drawn;
    $('me-avatar').replaceChildren(avatar(me.nick || '?', `own ${me.away ? 'away' : ''}`));
    setText($('me-nick'), me.nick || 'nobody yet');
    setText($('me-state'), words);
    $('me-button').dataset.state = words;
    setAttribute($('me-button'), 'aria-label', `${me.nick} ${words}: your settings`);
  }

  #empty(view) {
    if (view.lines.length > 0) return;
    const alone = view.members.size <= 1;
    const [mark, title, words] = {
      room: ['#', view.name, alone && view.joined
        ? 'You are the first one here. Say something, or send the address of this page to a friend.'
        : 'This is the beginning of what you can see here. Say hello.'],
      person: ['@', view.name, 'A talk between the two of you. Nothing is kept: it lives as long as this page is open.'],
      server: ['/', view.name, 'What the server says appears here.'],
    }[view.kind];
    setText($('empty-mark'), mark);
    setText($('empty-title'), title);
    setText($('empty-words'), words);
  }

  editTopic() {
    const view = activeView(this.#state);
    if (view) this.bar.edit(this.#state, view);
  }

  /** A remark that belongs to no line, with a button where something can be done about it. */
  flash(words, { error = false, label = '', act } = {}) {
    clearTimeout(this.#flashTimer);
    $('flash').hidden = words === '';
    $('flash').classList.toggle('error', error);
    $('flash-icon').setAttribute('href', error ? '#i-warn' : '#i-people');
    setText($('flash-words'), words);
    $('flash-act').hidden = !act;
    setText($('flash-act'), label);
    $('flash-act').onclick = () => {
      this.flash('');
      act?.();
    };
    if (words) this.#flashTimer = setTimeout(() => this.flash(''), FLASH_MS);
  }

  /** The state of the connection: nothing while all is well. `{ words, retryAt, button, act }` */
  banner(content) {
    clearInterval(this.#bannerTimer);
    $('banner').hidden = !content;
    if (!content) return;
    setText($('banner-words'), content.words);
    $('banner').classList.toggle('calm', !content.button);
    $('banner-button').hidden = !content.button;
    setText($('banner-button'), content.button ?? '');
    $('banner-button').onclick = () => content.act?.();
    // The seconds are hidden from screen readers, which would read out every one of them.
    const count = () => {
      const seconds = content.retryAt ? Math.max(0, Math.ceil((content.retryAt - Date.now()) / 1000)) : null;
      setText($('banner-count'), seconds === null ? '' : seconds > 0 ? `Next try in ${seconds} s` : 'Trying…');
    };
    count();
    if (content.retryAt) this.#bannerTimer = setInterval(count, 250);
  }

  #drawers() {
    const narrowSide = matchMedia('(max-width: 760px)');
    const narrowPeople = matchMedia('(max-width: 1040px)');
    const sync = () => {
      const { side, people } = $('app').dataset;
      // What is outside the screen must be outside the order of focus as well.
      $('side').inert = narrowSide.matches && side !== 'open';
      $('people').inert = narrowPeople.matches && people !== 'open';
      $('main').inert = (narrowSide.matches && side === 'open') || (narrowSide.matches && people === 'open');
      setAttribute($('side-button'), 'aria-expanded', String(side === 'open'));
      setAttribute($('people-button'), 'aria-expanded', String(narrowPeople.matches ? people === 'open' : people !== 'closed'));
    };
    this.drawer = (name, value) => {
      $('app').dataset[name] = value;
      sync();
    };
    this.closeDrawers = () => {
      if (narrowSide.matches) delete $('app').dataset.side;
      if (narrowPeople.matches) delete $('app').dataset.people;
      sync();
    };
    this.togglePeople = () => {
      const { people } = $('app').dataset;
      const shown = narrowPeople.matches ? people === 'open' : people !== 'closed';
      this.drawer('people', shown ? 'closed' : 'open');
      if (!shown) $('people-list').querySelector('[tabindex="0"]')?.focus({ preventScroll: true });
    };
    $('side-button').addEventListener('click', () => {
      this.drawer('side', 'open');
      $('side-close').focus();
    });
    $('side-close').addEventListener('click', () => {
      this.closeDrawers();
      $('side-button').focus();
    });
    $('people-button').addEventListener('click', () => this.togglePeople());
    $('people-close').addEventListener('click', () => {
      this.closeDrawers();
      $('people-button').focus();
    });
    $('scrim').addEventListener('click', () => this.closeDrawers());
    for (const media of [narrowSide, narrowPeople]) media.addEventListener('change', () => {
      $('app').removeAttribute('data-side');
      $('app').removeAttribute('data-people');
      sync();
    });
    sync();
  }

  get drawerOpen() {
    return $('main').inert || ($('app').dataset.people === 'open' && matchMedia('(max-width: 1040px)').matches);
  }
}
