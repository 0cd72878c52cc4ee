// The IRC line: text to message and back, with the rules that say how names compare. Pure.

/** Bytes of one line with its CRLF and without its tags, where the server names no other limit. */
export const LINE_BYTES_MAX = 512;
/** Tags kept of one line; a server that sends more is not worth the memory. */
const TAGS_MAX = 64;

const UNESCAPED = { ':': ';', s: ' ', '\\': '\\', r: '\r', n: '\n' };
const ESCAPED = { ';': '\\:', ' ': '\\s', '\\': '\\\\', '\r': '\\r', '\n': '\\n' };

export const unescapeTag = (value) =>
  value.replace(/\\([\s\S]?)/g, (_, next) => UNESCAPED[next] ?? next);

export const escapeTag = (value) => value.replace(/[; \\\r\n]/g, (c) => ESCAPED[c]);

function parseTags(text) {
  const tags = new Map();
  for (const part of text.split(';')) {
    if (part === '') continue;
    if (tags.size === TAGS_MAX) break;
    const equals = part.indexOf('=');
    if (equals < 0) tags.set(part, '');
    else tags.set(part.slice(0, equals), unescapeTag(part.slice(equals + 1)));
  }
  return tags;
}

/** Splits `nick!user@host`; a server has only a name. */
export function parseSource(text) {
  const at = text.indexOf('@');
  const beforeHost = at < 0 ? text : text.slice(0, at);
  const bang = beforeHost.indexOf('!');
  return {
    name: bang < 0 ? beforeHost : beforeHost.slice(0, bang),
    user: bang < 0 ? '' : beforeHost.slice(bang + 1),
    host: at < 0 ? '' : text.slice(at + 1),
  };
}

/** Reads one line; `null` where there is no command in it. */
export function parseLine(raw) {
  let rest = raw.replace(/[\r\n]+$/, '');
  let tags = new Map();
  let source = null;
  if (rest.startsWith('@')) {
    const space = rest.indexOf(' ');
    if (space < 0) return null;
    tags = parseTags(rest.slice(1, space));
    rest = rest.slice(space).replace(/^ +/, '');
  }
  if (rest.startsWith(':')) {
    const space = rest.indexOf(' ');
    if (space < 0) return null;
    source = parseSource(rest.slice(1, space));
    rest = rest.slice(space).replace(/^ +/, '');
  }
  const params = [];
  let command = null;
  while (rest !== '') {
    if (rest.startsWith(':') && command !== null) {
      params.push(rest.slice(1));
      break;
    }
    const space = rest.indexOf(' ');
    const word = space < 0 ? rest : rest.slice(0, space);
    if (command === null) command = word.toUpperCase();
    else params.push(word);
    rest = space < 0 ? '' : rest.slice(space).replace(/^ +/, '');
  }
  return command ? { tags, source, command, params } : null;
}

/** Writes one line without CRLF. A line break inside a parameter would start a second command, so it becomes a space. */
export function formatLine({ tags, command, params = [] }) {
  let line = '';
  const pairs = Object.entries(tags ?? {}).filter(([, value]) => value !== undefined && value !== null);
  if (pairs.length > 0) {
    line += `@${pairs.map(([key, value]) => (value === '' ? key : `${key}=${escapeTag(String(value))}`)).join(';')} `;
  }
  line += command;
  params.forEach((param, index) => {
    const clean = String(param).replace(/[\r\n\0]+/g, ' ');
    const last = index === params.length - 1;
    const trailing = last && (clean === '' || clean.includes(' ') || clean.startsWith(':'));
    line += trailing ? ` :${clean}` : ` ${clean}`;
  });
  return line;
}

const FOLDS = {
  ascii: (name) => name.replace(/[A-Z]/g, (c) => c.toLowerCase()),
  rfc1459: (name) => FOLDS.ascii(name).replace(/[[\]\\~]/g, (c) => ({ '[': '{', ']': '}', '\\': '|', '~': '^' })[c]),
  'rfc1459-strict': (name) => FOLDS.ascii(name).replace(/[[\]\\]/g, (c) => ({ '[': '{', ']': '}', '\\': '|' })[c]),
};

/** The name as the server compares it. A mapping that is not known folds as Unicode lower case, the nearest to it. */
export const fold = (name, mapping = 'rfc1459') => (FOLDS[mapping] ?? ((n) => n.toLowerCase()))(name);

/** What is true before the server has said otherwise (RFC 2812's limits). */
export const defaultSupport = () => ({
  casemapping: 'rfc1459',
  chantypes: '#&',
  prefixModes: 'ov',
  prefixSymbols: '@+',
  chanmodes: ['b', 'k', 'l', 'imnst'],
  statusmsg: '',
  nicklen: 30,
  channellen: 64,
  topiclen: 390,
  linelen: LINE_BYTES_MAX,
  modes: 3,
  network: '',
  monitor: 0,
  clienttagdeny: [],
});

const NUMBERS = new Set(['nicklen', 'channellen', 'topiclen', 'awaylen', 'kicklen', 'linelen', 'modes', 'monitor', 'namelen']);

/** Takes the tokens of one RPL_ISUPPORT line (without nick and closing words) into `support`, and returns it. */
export function readSupport(support, tokens) {
  for (const token of tokens) {
    if (token.startsWith('-')) {
      const name = token.slice(1).toLowerCase();
      if (name in defaultSupport()) support[name] = defaultSupport()[name];
      continue;
    }
    const equals = token.indexOf('=');
    const name = (equals < 0 ? token : token.slice(0, equals)).toLowerCase();
    const value = (equals < 0 ? '' : token.slice(equals + 1)).replace(/\\x([0-9a-fA-F]{2})/g, (_, hex) =>
      String.fromCharCode(parseInt(hex, 16)),
    );
    if (name === 'prefix') {
      const found = /^\(([^)]*)\)(.*)$/.exec(value);
      support.prefixModes = found ? found[1] : '';
      support.prefixSymbols = found ? found[2] : '';
    } else if (name === 'chanmodes') {
      support.chanmodes = value.split(',');
    } else if (name === 'clienttagdeny') {
      support.clienttagdeny = value.split(',').filter(Boolean);
    } else if (NUMBERS.has(name)) {
      const number = Number.parseInt(value, 10);
      if (Number.isFinite(number) && number >= 0) support[name] = number;
    } else if (name === 'casemapping' || name === 'chantypes' || name === 'statusmsg' || name === 'network') {
      support[name] = value;
    }
  }
  return support;
}

/** Whether the server passes the client-only tag `name` on (`*` denies all, `-name` makes an exception). */
export function allowsTag(support, name) {
  if (support.clienttagdeny.includes(`-${name}`)) return true;
  return !support.clienttagdeny.includes('*') && !support.clienttagdeny.includes(name);
}

export const isRoom = (support, name) => Boolean(name) && support.chantypes.includes(name[0]);

/** Splits `@+anna!a@host` of a NAMES reply into its status symbols and its source. */
export function parseMember(support, text) {
  let at = 0;
  while (at < text.length && support.prefixSymbols.includes(text[at])) at += 1;
  return { prefix: text.slice(0, at), ...parseSource(text.slice(at)) };
}

/** A MODE line as single changes: `{ sign, mode, param }`. */
export function parseModes(support, params) {
  const [lists, always, onSet] = support.chanmodes;
  const words = params.slice(1);
  const changes = [];
  let sign = '+';
  for (const mode of params[0] ?? '') {
    if (mode === '+' || mode === '-') {
      sign = mode;
      continue;
    }
    const takes =
      support.prefixModes.includes(mode) ||
      lists?.includes(mode) ||
      always?.includes(mode) ||
      (sign === '+' && onSet?.includes(mode));
    changes.push({ sign, mode, param: takes ? words.shift() ?? '' : '' });
  }
  return changes;
}

const encoder = new TextEncoder();
export const byteLength = (text) => encoder.encode(text).length;

/** Cuts `text` into pieces of at most `bytesMax` bytes, between words where it can and never inside a character. */
export function splitText(text, bytesMax) {
  const pieces = [];
  let rest = text;
  while (byteLength(rest) > bytesMax) {
    let bytes = 0;
    let end = 0;
    let lastSpace = 0;
    for (const character of rest) {
      const size = byteLength(character);
      if (bytes + size > bytesMax) break;
      bytes += size;
      end += character.length;
      if (character === ' ') lastSpace = end;
    }
    if (end === 0) break; // A limit smaller than one character: nothing sensible can be cut.
    const cut = lastSpace > end / 2 ? lastSpace : end;
    pieces.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  if (rest !== '' || pieces.length === 0) pieces.push(rest);
  return pieces;
}
