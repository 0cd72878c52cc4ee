// The line of IRC, read and written.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as irc from '../../../examples/chat/web/irc.js';

test('a line with tags, source and trailing words is read whole', () => {
  const message = irc.parseLine('@time=2026-01-02T03:04:05.678Z;+typing=active;label=a\\sb\\:c\\\\ :anna!a@host PRIVMSG #room :hello  there :)\r\n');
  assert.equal(message.command, 'PRIVMSG');
  assert.deepEqual(message.params, ['#room', 'hello  there :)']);
  assert.deepEqual(message.source, { name: 'anna', user: 'a', host: 'host' });
  assert.equal(message.tags.get('label'), 'a b;c\\');
  assert.equal(message.tags.get('+typing'), 'active');
});

test('odd lines are read or refused, never thrown at', () => {
  assert.equal(irc.parseLine(''), null);
  assert.equal(irc.parseLine('@only=tags'), null);
  assert.equal(irc.parseLine(':only.source'), null);
  assert.equal(irc.parseLine('   '), null);
  assert.deepEqual(irc.parseLine('ping').params, []);
  assert.deepEqual(irc.parseLine('CAP * LS :').params, ['*', 'LS', '']);
  assert.deepEqual(irc.parseLine('A  b   :c d').params, ['b', 'c d']);
  assert.equal(irc.unescapeTag('a\\'), 'a');
  assert.equal(irc.unescapeTag('\\b\\r\\n'), 'b\r\n');
});

test('what is written reads back the same', () => {
  const line = irc.formatLine({ tags: { label: 'x; y\\z', '+typing': 'done', empty: '', none: undefined }, command: 'PRIVMSG', params: ['#room', 'hello there'] });
  const back = irc.parseLine(line);
  assert.equal(back.tags.get('label'), 'x; y\\z');
  assert.equal(back.tags.get('empty'), '');
  assert.equal(back.tags.has('none'), false);
  assert.deepEqual(back.params, ['#room', 'hello there']);
});

test('a line break in a parameter cannot become a second command', () => {
  const line = irc.formatLine({ command: 'PRIVMSG', params: ['#room', 'hello\r\nQUIT :gone\0'] });
  assert.equal(line, 'PRIVMSG #room :hello QUIT :gone ');
});

test('the last parameter gets its colon only where it needs one', () => {
  assert.equal(irc.formatLine({ command: 'A', params: ['b', ''] }), 'A b :');
  assert.equal(irc.formatLine({ command: 'A', params: ['b', ':c'] }), 'A b ::c');
  assert.equal(irc.formatLine({ command: 'A', params: ['b', 'c'] }), 'A b c');
});

test('names compare as the server says', () => {
  assert.equal(irc.fold('Anna[x]\\~', 'rfc1459'), 'anna{x}|^');
  assert.equal(irc.fold('Anna[x]~', 'rfc1459-strict'), 'anna{x}~');
  assert.equal(irc.fold('ÄNNA[x]', 'ascii'), 'Änna[x]');
  assert.equal(irc.fold('ÄNNA', 'rfc7613'), 'änna');
});

test('RPL_ISUPPORT is taken in and taken back', () => {
  const support = irc.readSupport(irc.defaultSupport(), [
    'PREFIX=(qov)~@+', 'CHANTYPES=#', 'CASEMAPPING=ascii', 'NICKLEN=20', 'NETWORK=Two\\x20Words', 'CLIENTTAGDENY=*,-typing', 'MONITOR=100', 'TOPICLEN=x',
  ]);
  assert.equal(support.prefixModes, 'qov');
  assert.equal(support.prefixSymbols, '~@+');
  assert.equal(support.nicklen, 20);
  assert.equal(support.network, 'Two Words');
  assert.equal(support.topiclen, 390);
  assert.equal(irc.allowsTag(support, 'typing'), true);
  assert.equal(irc.allowsTag(support, 'react'), false);
  irc.readSupport(support, ['-NICKLEN', 'PREFIX=']);
  assert.equal(support.nicklen, 30);
  assert.equal(support.prefixSymbols, '');
});

test('members and modes are told apart by what the server supports', () => {
  const support = irc.defaultSupport();
  assert.deepEqual(irc.parseMember(support, '@+anna!a@h'), { prefix: '@+', name: 'anna', user: 'a', host: 'h' });
  assert.deepEqual(irc.parseModes(support, ['+ok-lb', 'anna', 'key', '*!*@bad']), [
    { sign: '+', mode: 'o', param: 'anna' },
    { sign: '+', mode: 'k', param: 'key' },
    { sign: '-', mode: 'l', param: '' },
    { sign: '-', mode: 'b', param: '*!*@bad' },
  ]);
  assert.equal(irc.isRoom(support, undefined), false);
});

test('long text is cut between words and never inside a character', () => {
  const text = 'wörter und 👩‍🚀 '.repeat(40).trim();
  const pieces = irc.splitText(text, 50);
  assert.ok(pieces.every((piece) => irc.byteLength(piece) <= 50));
  assert.equal(pieces.join(' '), text);
  assert.deepEqual(irc.splitText('é'.repeat(30), 10), Array(6).fill('ééééé'));
  assert.deepEqual(irc.splitText('', 10), ['']);
});
