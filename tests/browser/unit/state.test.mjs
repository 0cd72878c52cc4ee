// Lines in, state out: the page's memory as a story.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseLine } from '../../../examples/chat/web/irc.js';
import { completions, interpret } from '../../../examples/chat/web/commands.js';
import { retry } from '../../../examples/chat/web/outgoing.js';
import { begin, lost, otherNick, receive } from '../../../examples/chat/web/protocol.js';
import * as s from '../../../examples/chat/web/state.js';
import { TypingSender, expire, typingWords } from '../../../examples/chat/web/typing.js';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const sent = (effects) => effects.filter(({ send }) => send).map(({ send }) => [send.command, ...send.params].join(' '));

/** A page that has signed in as anna and is in #room with bob and carol. */
function page({ caps = 'message-tags server-time echo-message labeled-response batch away-notify', resuming = false } = {}) {
  const state = s.createState();
  const hear = (...lines) => lines.flatMap((line) => receive(state, parseLine(line), NOW));
  begin(state, { nick: 'anna', resuming });
  hear(`CAP * LS :${caps} sasl unknown/thing`, `CAP anna ACK :${caps}`, ':srv 001 anna :Welcome', ':srv 005 anna PREFIX=(ov)@+ CHANTYPES=# CASEMAPPING=ascii NICKLEN=16 MONITOR=10 NETWORK=Net :are supported', ':srv 376 anna :End');
  hear(':anna!a@h JOIN #room', ':srv 353 anna = #room :anna @bob +carol', ':srv 366 anna #room :End');
  const room = s.find(state, '#room');
  s.activate(state, room.id);
  const type = (text, view = room) => interpret(state, view, text, NOW);
  return { state, hear, room, type };
}

test('only what is offered and useful is requested', () => {
  const state = s.createState();
  assert.deepEqual(sent(begin(state, { nick: 'anna', password: 'pw' })), ['CAP LS 302', 'PASS pw', 'NICK anna', 'USER anna 0 * anna']);
  assert.deepEqual(receive(state, parseLine('CAP * LS * :sasl=PLAIN message-tags'), NOW), []);
  assert.deepEqual(sent(receive(state, parseLine('CAP * LS :server-time'), NOW)), ['CAP REQ message-tags server-time']);
  assert.deepEqual(sent(receive(state, parseLine('CAP * ACK :message-tags server-time'), NOW)), ['CAP END']);
  assert.deepEqual(sent(receive(state, parseLine('CAP * NEW :away-notify'), NOW)), ['CAP REQ away-notify']);
  receive(state, parseLine('CAP * DEL :server-time'), NOW);
  assert.equal(state.caps.has('server-time'), false);
});

test('a taken nick offers another, and a resuming page takes it and wants its own back', () => {
  const state = s.createState();
  begin(state, { nick: 'anna' });
  const effects = receive(state, parseLine(':srv 433 * anna :in use'), NOW);
  assert.deepEqual(effects, [{ ui: 'trouble' }]);
  assert.equal(state.trouble.suggestion, 'anna_');

  begin(state, { nick: 'anna', resuming: true });
  assert.deepEqual(sent(receive(state, parseLine(':srv 433 * anna :in use'), NOW)), ['NICK anna_']);
  receive(state, parseLine(':srv 001 anna_ :Welcome'), NOW);
  receive(state, parseLine(':srv 005 anna_ MONITOR=10 :are supported'), NOW);
  assert.deepEqual(sent(receive(state, parseLine(':srv 376 anna_ :End'), NOW)), ['MONITOR + anna']);
  assert.deepEqual(sent(receive(state, parseLine(':srv 731 anna_ :anna'), NOW)), ['NICK anna']);
  receive(state, parseLine(':anna_!a@h NICK anna'), NOW);
  assert.equal(state.regain, null);
  assert.equal(state.me.nick, 'anna');
  assert.equal(otherNick('abcdefghij', 10), 'abcdefghi_');
  assert.equal(otherNick('anna_', 16, 1), 'anna2');
});

test('entering a room fills it and asks who is away', () => {
  const { state, hear, room } = page();
  assert.deepEqual(s.members(state, room).map(({ nick, prefix }) => prefix + nick), ['@bob', '+carol', 'anna']);
  assert.deepEqual(sent(hear(':anna!a@h JOIN #other')), ['MODE #other', 'WHO #other']);
  hear(':srv 352 anna #room b host srv bob G@ :0 Bob Real');
  assert.equal(s.isAway(state, 'BOB'), true);
  hear(':bob!b@h AWAY');
  assert.equal(s.isAway(state, 'bob'), false);
});

test('an own message waits for its echo and takes the time of the server', () => {
  const { hear, room, type } = page();
  const [{ send }] = type('hello');
  assert.equal(room.lines.at(-1).status, 'pending');
  hear(`@label=${send.tags.label};time=2026-01-02T09:09:09.000Z :anna!a@h PRIVMSG #room :hello`);
  assert.equal(room.lines.length, 1);
  assert.equal(room.lines[0].status, 'sent');
  assert.equal(room.lines[0].at, Date.parse('2026-01-02T09:09:09.000Z'));
});

test('a refused message says why where it stands, and can be sent again', () => {
  const { state, hear, room, type } = page();
  const [{ send }] = type('hello');
  hear(`@label=${send.tags.label} :srv 404 anna #room :Cannot send to channel (+m)`);
  const line = room.lines.at(-1);
  assert.equal(line.status, 'failed');
  assert.match(line.why, /#room did not take your message/);
  assert.deepEqual(sent(retry(state, room, line.id, NOW)), ['PRIVMSG #room hello']);
  assert.equal(room.lines.length, 1);
});

test('without labels the echo is matched by its words', () => {
  const { hear, room, type } = page({ caps: 'echo-message' });
  type('same');
  type('same');
  hear(':anna!a@h PRIVMSG #room :same');
  assert.deepEqual(room.lines.map(({ status }) => status), ['sent', 'pending']);
});

test('answers inside a labelled batch belong to the one who asked', () => {
  const { state, hear, type } = page();
  const [{ send }] = type('/mode #room');
  s.activate(state, s.SERVER);
  hear(`@label=${send.tags.label} BATCH +1 labeled-response`, '@batch=1 :srv 324 anna #room +nt', '@batch=1 :srv 329 anna #room 1', 'BATCH -1');
  assert.match(s.find(state, '#room').lines.at(-1).text, /Modes of #room: \+nt/);
  assert.equal(state.requests.size, 0);
  assert.equal(state.batches.size, 0);
});

test('talk elsewhere is counted, mentions apart, and reading clears both', () => {
  const { state, hear, room } = page();
  hear(':anna!a@h JOIN #other', ':bob!b@h PRIVMSG #other :hi', ':bob!b@h PRIVMSG #other :anna, you?', ':bob!b@h PRIVMSG #room :seen');
  const other = s.find(state, '#other');
  assert.deepEqual([other.unread, other.mentions, room.unread], [2, 1, 0]);
  assert.equal(other.divider, other.lines.find(({ text }) => text === 'hi').id);
  assert.deepEqual(s.totals(state), { unread: 2, mentions: 1 });
  s.activate(state, other.id);
  assert.deepEqual(s.totals(state), { unread: 0, mentions: 0 });
  s.setFocused(state, false);
  hear(':bob!b@h PRIVMSG #other :while away');
  assert.equal(other.unread, 1);
  s.setFocused(state, true);
  assert.equal(other.unread, 0);
});

test('a private message opens its own place and counts as a mention', () => {
  const { state, hear } = page();
  hear(':Bob!b@h PRIVMSG anna :psst');
  const talk = s.find(state, 'bob');
  assert.equal(talk.kind, 'person');
  assert.equal(talk.mentions, 1);
  hear(':bob!b@h NICK robert');
  assert.equal(s.find(state, 'robert'), talk);
  assert.equal(s.find(state, 'bob'), undefined);
});

test('coming and going folds into one line', () => {
  const { hear, room } = page();
  hear(':x!x@h JOIN #room', ':y!y@h JOIN #room', ':x!x@h QUIT :bye', ':bob!b@h NICK bobby');
  assert.equal(room.lines.length, 1);
  assert.equal(room.lines[0].events.length, 4);
  hear(':y!y@h PRIVMSG #room :hi', ':y!y@h PART #room');
  assert.equal(room.lines.length, 3);
  assert.equal(room.members.size, 3);
});

test('scroll-back, folded events and members stay bounded under ten thousand lines', () => {
  const { hear, room, state } = page();
  const begun = process.hrtime.bigint();
  for (let i = 0; i < 10_000; i += 1) hear(`:bob!b@h PRIVMSG #room :line ${i}`);
  const ms = Number(process.hrtime.bigint() - begun) / 1e6;
  assert.equal(room.lines.length, s.LINES_MAX);
  assert.equal(room.lines.at(-1).text, 'line 9999');
  assert.ok(ms < 2_000, `took ${ms} ms`);
  for (let i = 0; i < 1_000; i += 1) hear(`:n${i}!b@h JOIN #room`, `:n${i}!b@h QUIT`);
  assert.equal(room.lines.at(-1).events.length, s.EVENTS_MAX);
  assert.equal(state.users.size < 10, true);
});

test('a lost connection fails what waited, and the next one goes back into the rooms', () => {
  const { state, hear, room, type } = page();
  type('never arrives');
  lost(state);
  assert.equal(room.lines.at(-1).status, 'failed');
  assert.equal(room.joined, false);
  begin(state, { nick: 'anna', resuming: true });
  hear(':srv 001 anna :Welcome');
  assert.deepEqual(sent(hear(':srv 376 anna :End')), ['JOIN #room']);
  hear(':anna!a@h JOIN #room');
  assert.equal(room.joined, true);
  assert.match(room.lines.at(-1).text, /You are back/);
});

test('a key is remembered for the way back', () => {
  const { state, hear, type } = page();
  assert.deepEqual(sent(type('/join #secret pass')), ['JOIN #secret pass']);
  hear(':anna!a@h JOIN #secret');
  assert.equal(state.active, '#secret');
  lost(state);
  begin(state, { nick: 'anna', resuming: true });
  hear(':srv 001 anna :Welcome');
  assert.deepEqual(sent(hear(':srv 376 anna :End')), ['JOIN #secret,#room pass']);
});

test('modes, kicks and topics change the room and are told in words', () => {
  const { state, hear, room } = page();
  hear(':bob!b@h MODE #room +ov-v anna anna carol', ':bob!b@h MODE #room +t');
  assert.equal(room.members.get('anna').prefix, '@+');
  assert.equal(room.members.get('carol').prefix, '');
  assert.equal(s.amOperator(state, room), true);
  assert.match(room.lines[0].text, /bob made anna an operator, gave anna a voice, took carol’s voice/);
  hear(':bob!b@h TOPIC #room :new words');
  assert.equal(room.topic.text, 'new words');
  hear(':bob!b@h KICK #room anna :out');
  assert.equal(room.joined, false);
  assert.match(room.lines.at(-1).text, /bob removed you from the room: out/);
});

test('typing is heard, times out, and ends with the message', () => {
  const { hear, room } = page();
  hear('@+typing=active :bob!b@h TAGMSG #room', '@+typing=active :carol!b@h TAGMSG #room', '@+typing=active :anna!b@h TAGMSG #room');
  assert.equal(typingWords(room.typing), 'bob and carol are typing');
  hear(':bob!b@h PRIVMSG #room :done');
  assert.equal(typingWords(room.typing), 'carol is typing');
  assert.equal(expire(room.typing, NOW + 5_999), false);
  assert.equal(expire(room.typing, NOW + 6_001), true);
  assert.equal(typingWords(room.typing), '');
});

test('typing is told at most every three seconds, pauses, and is never told of commands', () => {
  const typing = new TypingSender();
  assert.deepEqual(typing.input('#a', 'h', 0), [{ place: '#a', value: 'active' }]);
  assert.deepEqual(typing.input('#a', 'he', 1_000), []);
  assert.deepEqual(typing.input('#a', 'hel', 3_000), [{ place: '#a', value: 'active' }]);
  assert.deepEqual(typing.tick(7_999), []);
  assert.deepEqual(typing.tick(8_000), [{ place: '#a', value: 'paused' }]);
  assert.deepEqual(typing.input('#a', '', 9_000), [{ place: '#a', value: 'done' }]);
  assert.deepEqual(typing.input('#a', '/join #secret', 20_000), []);
  typing.input('#a', 'x', 30_000);
  assert.deepEqual(typing.input('#b', 'x', 31_000), [{ place: '#a', value: 'done' }, { place: '#b', value: 'active' }]);
});

test('errors are human words in the place they are about', () => {
  const { state, hear, room, type } = page();
  const effects = hear(':srv 482 anna #room :You are not channel operator');
  assert.deepEqual(effects, []);
  assert.equal(room.lines.at(-1).text, 'You need to be an operator of #room for that.');
  type('/join #closed');
  s.activate(state, s.BROWSE);
  assert.equal(hear('FAIL JOIN TOO_FAST #closed :Not so fast')[0].ui, 'flash');
  assert.equal(hear(':srv 473 anna #closed :Cannot join channel (+i)')[0].words, '#closed is by invitation only.');
});

test('words do not go out where nobody would get them', () => {
  const { state, type, room } = page();
  assert.ok(type('/nonsense').some(({ ui }) => ui === 'keep-text'));
  assert.ok(type('hi', state.views.get(s.SERVER)).some(({ ui }) => ui === 'keep-text'));
  lost(state);
  assert.ok(type('hi').some(({ ui }) => ui === 'keep-text'));
  assert.equal(room.lines.length, 0);
});

test('a long or many-lined text becomes messages that fit', () => {
  const { type } = page();
  const lines = type(`${'word '.repeat(300)}\n\nsecond`);
  assert.ok(lines.length > 3);
  assert.ok(lines.every(({ send }) => Buffer.byteLength(`:anna!a@h PRIVMSG #room :${send.params[1]}`) <= 510));
  assert.equal(lines.at(-1).send.params[1], 'second');
  assert.ok(type('x\n'.repeat(50)).some(({ ui }) => ui === 'keep-text'));
  assert.equal(type('//shrug')[0].send.params[1], '/shrug');
  assert.equal(type('/me waves')[0].send.params[1], '\x01ACTION waves\x01');
});

test('Tab completes nicks by who spoke last, commands and rooms', () => {
  const { state, hear, room } = page();
  hear(':cora!c@h JOIN #room', ':carol!c@h PRIVMSG #room :hi');
  assert.deepEqual(completions(state, room, 'c', 1).options, ['carol: ', 'cora: ']);
  assert.deepEqual(completions(state, room, 'hi C', 4).options, ['carol ', 'cora ']);
  assert.deepEqual(completions(state, room, '/to', 3).options, ['/topic ']);
  assert.deepEqual(completions(state, room, 'see #r', 6).options, ['#room ']);
  assert.deepEqual(completions(state, room, '', 0).options, []);
});

test('lines that no server should send change nothing and break nothing', () => {
  const { hear, room } = page();
  const before = room.members.size;
  const odd = ['JOIN', 'PART', 'KICK', 'NICK', 'MODE', 'TOPIC', 'PRIVMSG', 'NOTICE', 'TAGMSG', 'QUIT', 'AWAY', 'INVITE', 'BATCH', 'CAP', 'ERROR', 'FAIL', '353', '352', '366', '322', '332', '333', '301', '311', '433', '005', '999'];
  for (const command of odd) hear(command, `:x ${command}`, `:x!y@z ${command} a`, `:x!y@z ${command} #room`, `:srv ${command} anna #room`);
  assert.ok(room.members.size <= before);
});
