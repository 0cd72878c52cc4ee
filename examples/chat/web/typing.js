// Typing notices in both directions, as IRCv3's typing specification times them. Pure: `now` is an argument.

/** One notice to a place in this time at most. */
export const NOTICE_EVERY_MS = 3_000;
/** Without a key for this long the sender pauses. */
export const PAUSE_AFTER_MS = 5_000;
/** A receiver forgets `active` after 6 s and `paused` after 30 s. */
export const FORGET_MS = { active: 6_000, paused: 30_000 };

/** What one person's composer tells one place at a time. */
export class TypingSender {
  #place = null;
  #told = 'done';
  #toldAt = -Infinity;
  #keyAt = -Infinity;

  /** A change of the text in `place`; returns the notices to send. */
  input(place, text, now) {
    const notices = this.#leave(place);
    // A command is nobody's business until it is sent, but for `/me`, which is talk.
    const talks = text.trim() !== '' && (!text.startsWith('/') || /^\/(me|say) |^\/\//i.test(text));
    if (!talks) return [...notices, ...this.#finish()];
    this.#place = place;
    this.#keyAt = now;
    if (this.#told !== 'active' || now - this.#toldAt >= NOTICE_EVERY_MS) {
      if (now - this.#toldAt >= NOTICE_EVERY_MS) notices.push(this.#tell('active', now));
    }
    return notices;
  }

  /** To be called about once a second; says `paused` when the keys have rested. */
  tick(now) {
    if (this.#told !== 'active' || now - this.#keyAt < PAUSE_AFTER_MS) return [];
    return [this.#tell('paused', now)];
  }

  /** The text went out as a message, which says `done` by itself. */
  sent() {
    this.#told = 'done';
    this.#toldAt = -Infinity;
  }

  #leave(place) {
    return this.#place !== null && this.#place !== place ? this.#finish() : [];
  }

  #finish() {
    if (this.#told === 'done') return [];
    const notice = { place: this.#place, value: 'done' };
    this.#told = 'done';
    this.#toldAt = -Infinity;
    return [notice];
  }

  #tell(value, now) {
    this.#told = value;
    this.#toldAt = now;
    return { place: this.#place, value };
  }
}

/** Takes a notice of `nick` into the map of those who type; returns whether anything changed. */
export function hear(typing, key, nick, value, now) {
  if (!(value in FORGET_MS)) return typing.delete(key);
  const before = typing.get(key);
  typing.set(key, { nick, value, until: now + FORGET_MS[value] });
  return before?.value !== value;
}

/** Forgets those who said nothing more; returns whether anyone was forgotten. */
export function expire(typing, now) {
  let changed = false;
  for (const [key, entry] of typing) {
    if (entry.until <= now) changed = typing.delete(key) || changed;
  }
  return changed;
}

/** "anna is typing", "anna and bob are typing", "several people are typing". */
export function typingWords(typing) {
  const active = [...typing.values()].filter(({ value }) => value === 'active').map(({ nick }) => nick);
  if (active.length === 0) {
    const paused = [...typing.values()].map(({ nick }) => nick);
    return paused.length === 1 ? `${paused[0]} is writing something` : '';
  }
  if (active.length === 1) return `${active[0]} is typing`;
  if (active.length === 2) return `${active[0]} and ${active[1]} are typing`;
  if (active.length === 3) return `${active[0]}, ${active[1]} and ${active[2]} are typing`;
  return `${active.length} people are typing`;
}
