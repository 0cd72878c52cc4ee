// Text as runs: formatting, links, names.
import assert from 'node:assert/strict';
import test from 'node:test';
import { eventWords, findTargets, mentions, runs, strip } from '../../../examples/chat/web/format.js';

const links = (text) => findTargets(text).filter(({ href }) => href).map(({ start, end }) => text.slice(start, end));

test('formatting codes become styles, and strip leaves the words', () => {
  const text = 'a \x02bold\x0f \x0304,01red\x03 \x1ditalic\x1d \x1fline\x1f \x04ff0000hex\x04 \x1emono';
  assert.equal(strip(text), 'a bold red italic line hex mono');
  const found = runs(text);
  assert.equal(found.find((run) => run.text === 'bold').style.bold, true);
  assert.equal(found.find((run) => run.text === 'red').style.colour, 4);
  assert.equal(found.find((run) => run.text === 'red').style.background, 1);
  assert.equal(found.map((run) => run.text).join(''), strip(text));
});

test('a number that follows a colour code is not eaten', () => {
  assert.equal(strip('\x033123'), '123'.slice(1));
  assert.equal(strip('\x0303123'), '123');
  assert.equal(strip('\x03,5 x'), ',5 x');
});

test('links are http or https, without the punctuation of the sentence', () => {
  assert.deepEqual(links('see https://a.example/x_(y), or (http://b.example/z).'), ['https://a.example/x_(y)', 'http://b.example/z']);
  assert.deepEqual(links('javascript:alert(1) data:text/html,x ftp://x file:///etc'), []);
  assert.deepEqual(links('https:// and http://'), []);
  assert.deepEqual(links('"https://a.example/"onmouseover=x'), ['https://a.example/']);
});

test('room names are found, tickets and colours are not', () => {
  const rooms = (text) => findTargets(text).filter(({ room }) => room).map(({ room }) => room);
  assert.deepEqual(rooms('go to #lobby, (#rust) or #c++. not a#b, #42, # or https://x.example/#frag'), ['#lobby', '#rust', '#c']);
});

test('a mention is a whole word in any case', () => {
  assert.equal(mentions('hey ANNA: look', 'anna'), true);
  assert.equal(mentions('annabel and joanna', 'anna'), false);
  assert.equal(mentions('a[b] said', 'a[b]'), true);
  assert.equal(mentions('\x02an\x02na', 'anna'), true);
  assert.equal(mentions('x', ''), false);
});

test('arrivals and departures become one sentence', () => {
  const join = (nick) => ({ what: 'join', nick });
  const part = (nick) => ({ what: 'part', nick });
  assert.equal(eventWords([join('anna')]), 'anna joined');
  assert.equal(eventWords([join('a'), join('b'), join('c'), join('d'), part('e')]), '4 people joined, e left');
  assert.equal(eventWords([join('a'), part('a'), part('b'), join('b')]), 'a came by, b came back');
  assert.equal(eventWords([{ what: 'nick', nick: 'a', to: 'b' }]), 'a is now b');
});
