// Small helpers over the document. Everything that came over the wire becomes text nodes, never markup.

import { hue, runs } from './format.js';

/** Makes an element. `on…` are listeners, `data` is the dataset, `class` the class; the rest are attributes. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value;
    else if (name === 'data') Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An icon out of the sprite in index.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

export const $ = (id) => document.getElementById(id);

/** Sets text and attributes only where they differ: a write that changes nothing still costs a layout. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** A nick kept from turning the text around it, in its colour. */
export const nickName = (nick, own = false) => h('bdi', { class: `nick ${own ? 'mine' : `hue-${hue(nick.toLowerCase())}`}` }, nick);

/** The round with the first letter of a name. */
export function avatar(name, extra = '') {
  const letter = [...name.replace(/^[^\p{L}\p{N}]+/u, '')][0] ?? [...name][0] ?? '?';
  return h('span', { class: `avatar hue-${hue(name.toLowerCase())} ${extra}`, 'aria-hidden': 'true' }, letter.toUpperCase());
}

/** Message text with its formatting, links and room names. */
export function rich(text, chantypes) {
  return runs(text, chantypes).map(({ text: part, style, href, room }) => {
    let node = document.createTextNode(part);
    if (href) {
      node = h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow ugc' }, part);
    } else if (room) {
      node = h('button', { type: 'button', class: 'room-link', data: { room } }, part);
    }
    const classes = ['bold', 'italic', 'underline', 'strike', 'mono', 'reverse'].filter((name) => style[name]);
    if (style.colour !== undefined) classes.push(`fg-${style.colour}`);
    if (style.background !== undefined) classes.push(`bg-${style.background}`);
    return classes.length ? h('span', { class: classes.join(' ') }, node) : node;
  });
}

/**
 * Makes the children of `container` follow `items` in order, keeping elements (and with them the focus) whose key stays.
 * `make(item)` gives an element, `update(element, item)` brings it up to date.
 */
export function reconcile(container, items, keyOf, make, update) {
  const old = new Map([...container.children].map((child) => [child.dataset.key, child]));
  let cursor = container.firstElementChild;
  for (const item of items) {
    const id = keyOf(item);
    let element = old.get(id);
    if (element) old.delete(id);
    else {
      element = make(item);
      element.dataset.key = id;
    }
    update?.(element, item);
    if (element === cursor) cursor = cursor.nextElementSibling;
    else container.insertBefore(element, cursor);
  }
  for (const element of old.values()) element.remove();
}

/** Arrow keys, Home and End move the focus among the options of a list; Enter and Space press them. */
export function listKeys(container, press) {
  container.addEventListener('keydown', (event) => {
    const options = [...container.querySelectorAll('[role="option"]')];
    const at = options.indexOf(document.activeElement?.closest?.('[role="option"]'));
    const go = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 }[event.key];
    if (go !== undefined && !event.altKey) {
      event.preventDefault();
      options[Math.max(0, Math.min(options.length - 1, go))]?.focus();
    } else if ((event.key === 'Enter' || event.key === ' ') && at >= 0) {
      event.preventDefault();
      press(options[at]);
    }
  });
  container.addEventListener('click', (event) => {
    const option = event.target.closest('[role="option"]');
    if (option) press(option);
  });
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export const time = (at, extra = '') =>
  h('time', { class: `time ${extra}`, datetime: new Date(at).toISOString(), title: full.format(at) }, clock.format(at));

/** "Today", "Yesterday", "Monday, 3 March". */
export function dayName(at, now) {
  const midnight = (ms) => new Date(ms).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? day : dayYear).format(at);
}

/** "now", "5 minutes", "2 hours", "3 days". */
export function span(seconds) {
  const steps = [[86_400, 'day'], [3_600, 'hour'], [60, 'minute']];
  for (const [size, word] of steps) {
    const count = Math.floor(seconds / size);
    if (count > 0) return `${count} ${word}${count === 1 ? '' : 's'}`;
  }
  return 'a moment';
}
