// The server's errors in words for people. Pure.

const room = (p) => p[1] ?? 'that room';
/** The mode because of which a room refuses, as most servers name it in the words of 404. */
const REFUSED = {
  m: ': only voices and operators speak there',
  n: ': one has to be inside',
  b: ': you are banned from it',
};
const WORDS = {
  401: (p) => `There is nobody called ${p[1] ?? 'that'} here right now.`,
  402: (p) => `There is no server called ${p[1]}.`,
  403: (p) => `There is no room called ${room(p)}.`,
  404: (p, why) => `${room(p)} did not take your message${REFUSED[/\(\+([a-z])\)/i.exec(why)?.[1]] ?? because(why, /^cannot send to (nick\/)?channel$/i)}.`,
  405: () => 'You are in as many rooms as the server allows. Leave one first.',
  406: (p) => `Nobody called ${p[1]} was here lately.`,
  407: () => 'That went to too many at once.',
  411: () => 'That had nobody to go to.',
  412: () => 'There was no text to send.',
  415: () => 'The server does not take that kind of address.',
  417: () => 'That message is longer than the server takes.',
  421: (p) => `The server does not know the command ${p[1] ?? ''}.`,
  422: () => 'This server has no message of the day.',
  431: () => 'A nick is needed.',
  432: (p) => `“${p[1] ?? ''}” cannot be a nick here. Use letters, digits, - or _, and begin with a letter.`,
  433: (p) => `The nick ${p[1] ?? ''} is taken.`,
  436: (p) => `The nick ${p[1] ?? ''} is taken.`,
  437: (p) => `${p[1] ?? 'That name'} is not free at the moment. Try again in a little while.`,
  441: (p) => `${p[1]} is not in ${p[2] ?? 'this room'}.`,
  442: (p) => `You are not in ${room(p)}.`,
  443: (p) => `${p[1]} is already in ${p[2] ?? 'this room'}.`,
  461: (p) => `${p[1] ?? 'That command'} needs more than that.`,
  462: () => 'You are signed in already.',
  464: () => 'The password is not right.',
  465: () => 'You are banned from this server.',
  467: (p) => `${room(p)} has a key already.`,
  471: (p) => `${room(p)} is full.`,
  472: (p) => `The server does not know the mode ${p[1]}.`,
  473: (p) => `${room(p)} is by invitation only.`,
  474: (p) => `You are banned from ${room(p)}.`,
  475: (p) => `${room(p)} needs a key: /join ${room(p)} KEY`,
  476: (p) => `“${room(p)}” cannot be the name of a room.`,
  477: (p) => `${room(p)} has no room modes, or wants you signed in.`,
  478: (p) => `The list of ${room(p)} is full.`,
  481: () => 'That is for the operators of the server.',
  482: (p) => `You need to be an operator of ${room(p)} for that.`,
  483: () => 'The server cannot be asked to leave.',
  491: () => 'The name or password of that operator is not right.',
  501: () => 'The server does not know that mode.',
  502: () => 'You can only change your own modes.',
  524: (p) => `There is no help on ${p[1]}.`,
  525: () => 'That key is not one the server takes.',
  696: (p) => `That is no value for the mode ${p[2] ?? ''}.`,
  723: () => 'You are not allowed to do that.',
  734: () => 'You already watch as many people as the server allows.',
};

/** The server's own closing words, when they say more than the numeric does. */
function because(why, usual) {
  const words = (why ?? '').trim().replace(/[.\s]+$/, '');
  return words === '' || usual.test(words) ? '' : `: ${words}`;
}

export const isError = (command) => /^[45]\d\d$/.test(command) || command === '696' || command === '723' || command === '734';

/** What an error numeric means; the server's own words where it is not a known one. */
export function explain(message) {
  const { command, params } = message;
  const why = params.length > 1 ? params.at(-1) : '';
  const words = WORDS[command];
  if (words) return words(params, why);
  return why || `The server refused that (${command}).`;
}

/** FAIL, WARN and NOTE: `<command> <code> [context…] <description>`. */
export function explainStandard({ params }) {
  const [command, code] = params;
  const description = params.at(-1) ?? '';
  const known = {
    INVALID_UTF8: 'That message was not valid text, so it was not passed on.',
    NEED_MORE_PARAMS: `${command} needs more than that.`,
    UNKNOWN_COMMAND: `The server does not know the command ${command}.`,
    RATE_LIMITED: 'That was a little too fast. Wait a moment and try again.',
  };
  return params.length > 2 && description ? description : known[code] ?? `${command}: ${code}`;
}

const LETTERS = {
  b: (set, p) => (set ? `banned ${p}` : `lifted the ban on ${p}`),
  e: (set, p) => (set ? `made ${p} an exception from bans` : `ended the exception for ${p}`),
  I: (set, p) => (set ? `lets ${p} in without invitation` : `no longer lets ${p} in without invitation`),
  i: (set) => (set ? 'made the room invitation only' : 'opened the room to everyone'),
  k: (set) => (set ? 'put a key on the room' : 'took the key off the room'),
  l: (set, p) => (set ? `limited the room to ${p} people` : 'lifted the limit on people'),
  m: (set) => (set ? 'made the room moderated: only voices and operators speak' : 'ended moderation'),
  n: (set) => (set ? 'closed the room to messages from outside' : 'opened the room to messages from outside'),
  s: (set) => (set ? 'made the room secret' : 'made the room public'),
  t: (set) => (set ? 'kept the topic for operators' : 'let everyone change the topic'),
};
const RANKS = { q: 'owner', a: 'admin', o: 'operator', h: 'half-operator', v: 'voice' };

/** One change of a room's modes as a verb phrase: "made bob an operator". */
export function explainMode({ sign, mode, param }) {
  const set = sign === '+';
  if (RANKS[mode] && param) {
    if (mode === 'v') return set ? `gave ${param} a voice` : `took ${param}’s voice`;
    const article = /^[aeiou]/.test(RANKS[mode]) ? 'an' : 'a';
    return set ? `made ${param} ${article} ${RANKS[mode]}` : `took ${param}’s rank as ${RANKS[mode]}`;
  }
  const words = LETTERS[mode];
  return words ? words(set, param) : `set ${sign}${mode}${param ? ` ${param}` : ''}`;
}
