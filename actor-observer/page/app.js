// The observer's page: one look a second from the server, shown by the view that the address names.
import { chart, cycleEdges, graph, histogram, map } from './charts.js';
import { actorLink, atLeast, bytes, columns, duration, el, mood, number, share, since, table, waited, why } from './parts.js';

const SLOTS = 120;
const TRACE_MS = 10_000;
const TRACE_EVERY_MS = 100;
const PAGE = 200;
const VIEWS = { now: 'Now', tree: 'Tree', kinds: 'Kinds', waits: 'Waits', letters: 'Dead letters', events: 'Events', nodes: 'Nodes' };

const main = document.querySelector('#main');
const link = document.querySelector('#link');
const text = document.querySelector('#text');

const state = { look: null, points: [], mayAct: false, view: 'now', words: '', opened: new Set(), pages: new Map(), past: new Map(), trace: null };

const given = /^#token=(.*)$/.exec(location.hash);
if (given) {
  sessionStorage.setItem('token', decodeURIComponent(given[1]));
  history.replaceState(null, '', `${location.pathname}#/now`);
}
const token = sessionStorage.getItem('token');
const headers = token ? { Authorization: `Bearer ${token}` } : {};

async function ask(what, query = {}) {
  const answer = await fetch(`api/${what}?${new URLSearchParams(query)}`, { headers });
  if (!answer.ok) throw new Error(answer.status === 401 ? 'this takes the token: open the page as …/#token=…' : (await answer.text()).trim());
  return answer.json();
}

/** Reads the looks as they come. `EventSource` would do, if it could carry a token. */
async function follow() {
  for (;;) {
    try {
      const past = await ask('past');
      state.points = past.points;
      state.mayAct = past.may_act;
      const answer = await fetch('api/looks', { headers });
      if (!answer.ok) throw new Error(answer.statusText);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) throw new Error('the server has ended');
        const parts = (rest + value).split('\n\n');
        rest = parts.pop();
        for (const part of parts) {
          const data = part.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart()).join('\n');
          if (data) take(JSON.parse(data));
        }
      }
    } catch (error) {
      say('lost', `not connected: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

function say(kind, words) {
  link.className = `pill ${kind}`;
  link.textContent = words;
}

function take(look) {
  state.look = look;
  if (look.point && look.point.at_ms !== state.points.at(-1)?.at_ms) state.points = [...state.points, look.point].slice(-SLOTS);
  waited.clear();
  for (const one of look.waits.flatMap((wait) => wait.on)) waited.set(one, (waited.get(one) ?? 0) + 1);
  // The waits that are sent are bounded, and these counts are not.
  for (const actor of look.worst.waiters) waited.set(actor.path, actor.waiters);
  say('live', 'live');
  document.title = `${look.system} · observer`;
  document.querySelector('#system').textContent = look.system;
  const { totals } = look;
  const trouble = totals.backing_off;
  const sums = [['actors', number(totals.living)], ['busy', number(totals.busy + totals.ready)], ...(totals.stuck ? [['stuck', el('span.bad', {}, number(totals.stuck))]] : []), ['waiting', number(totals.waiting)],
    ['idle', number(totals.idle)], ['messages', number(totals.messages)], ['threads at work', totals.load.toFixed(2)],
    ['restarted', number(look.lives.restarted)], ...(trouble ? [['in back-off', number(trouble)]] : [])];
  document.querySelector('#sums').replaceChildren(...sums.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
  refresh();
}

// --- views ------------------------------------------------------------------------------------------------------------

const figures = [
  ['Throughput', 'messages a second', (point) => point.handled, number],
  ['Queue wait', 'in the mean', (point) => point.wait_ms, duration],
  ['In mailboxes', 'messages', (point) => point.messages, number],
  ['Threads at work', 'of all actors', (point) => point.load, (value) => value.toFixed(2)],
  ['Restarts', 'a second', (point) => point.restarts, (value) => value.toFixed(1)],
  ['Dead letters', 'a second', (point) => point.drops, (value) => value.toFixed(1)],
];

function figure([name, unit, of, show]) {
  const values = state.points.map(of);
  const last = values.at(-1);
  const shown = last === undefined || last === null ? '–' : show(last);
  return el('section.card', {}, el('h2', {}, name), el('div.figure', {}, el('b', {}, shown), el('span', {}, unit)), chart(values, SLOTS, `${name}: ${shown}`));
}

/** How long something took, of all messages of the last minutes together. */
function spread(title, measured) {
  const { below_ms: below, counts } = measured;
  const words = below ? `half below ${duration(below[0])}, 99 % below ${duration(below[1])}` : 'none was measured in the last two minutes';
  return el('section.card', {}, el('h2', {}, `${title} `, el('small', {}, words)), histogram(counts, duration, `${title}: ${words}`));
}

function worst(title, note, actors, shown, none) {
  return el('section.card', {}, el('h2', {}, `${title} `, el('small', {}, note)), table(actors, shown.map((name) => columns[name]), none));
}

/** How the questions ended that were asked; named as in the metrics. */
function asks({ measured }) {
  const title = el('h2', {}, 'Questions ', el('small', {}, 'by how they ended, since the system began'));
  if (!measured) return el('section.card', {}, title, el('p.none', {}, 'This program does not count them: its observer was built without the feature `metrics`.'));
  const all = measured.asks.reduce((sum, one) => sum + one.count, 0) || 1;
  const rows = [['Outcome', (one) => el(one.outcome === 'answered' ? 'span' : 'span.bad', {}, one.outcome.replaceAll('_', ' ')), '.path'], ['Questions', (one) => number(one.count), '.n'], ['', (one) => bar(one.count / all), '.part']];
  return el('section.card', {}, title, table(measured.asks, rows, 'Nobody was asked anything.'));
}

/** Groups, names and presences that nodes share: who takes part, and the largest of them. */
function shared({ service, keys, nodes, largest }) {
  const what = { groups: 'groups with members', names: 'names' }[service] ?? 'keys';
  const sharers = [['Node', (node) => el('span', { title: node.id }, node.name), '.path'], ['Entries', (node) => number(node.entries), '.n'],
    ['Reached', (node) => (node.is_ignored ? el('span.bad', {}, 'it says more than it may, and is not listened to') : node.lost_ms === null ? 'yes' : el('span.bad', {}, `not for ${duration(node.lost_ms)}`)), '.path']];
  const most = [['The largest', (key) => key.name, '.path'], ['All', (key) => number(key.nodes.reduce((sum, [, count]) => sum + count, 0)), '.n'], ['Where', (key) => key.nodes.map(([name, count]) => `${name}: ${number(count)}`).join(', '), '.path']];
  return el('section.card', {}, el('h2', {}, `${service.startsWith('presence/') ? `Presence ${service.slice(9)}` : service[0].toUpperCase() + service.slice(1)} `, el('small', {}, `${number(keys)} ${what}`)),
    table(nodes, sharers, 'Nobody takes part.'), largest.length > 0 && table(largest, most, ''));
}

const views = {
  now(look) {
    const { wait, waiters, mailbox, busy, restarts } = look.worst;
    const { measured } = look;
    return [el('div.grid.figures', {}, ...figures.map(figure)), el('div.grid.wide', {},
      worst('Longest in one handler', 'waiting or computing', wait, ['path', 'state', 'lasts', 'why'], 'No handler has been at one thing for long.'),
      worst('Most waited for', 'by the handlers of others', waiters, ['path', 'waiters', 'state', 'lasts', 'why'], 'No handler waits for another actor.'),
      worst('Fullest mailboxes', '', mailbox, ['path', 'messages', 'oldest', 'state', 'why'], 'All mailboxes are empty.'),
      worst('Busiest', 'of the last seconds', busy, ['path', 'busy', 'kind', 'state'], 'Nobody has work.'),
      worst('Most restarts', '', restarts, ['path', 'restarts', 'state', 'why'], 'Nobody was restarted.'),
      measured && spread('How long messages waited', measured.wait), measured && spread('How long handlers took', measured.handling))];
  },
  kinds(look) {
    const top = Math.max(...look.kinds.map((kind) => kind.load), 1e-9);
    const times = new Map(look.measured?.kinds.map((kind) => [kind.message_type, kind]));
    const most = (of) => (kind) => { const below = times.get(kind.message_type)?.[of]; return below ? `< ${duration(below[1])}` : '–'; };
    const measured = look.measured ? [['Waited', most('wait_ms'), '.n'], ['Handled', most('handling_ms'), '.n']] : [];
    const kinds = [['Kind', (kind) => el('span', { title: kind.message_type }, kind.kind), '.path'], ['Live', (kind) => number(kind.living), '.n'],
      ['Messages', (kind) => number(kind.messages), '.n'], ['Dealt with', (kind) => number(kind.finished), '.n'], ['Restarts', (kind) => number(kind.restarts), '.n'],
      ...measured, ['Time', (kind) => share(kind.load), '.n'], ['', (kind) => bar(kind.load / top), '.part']];
    const words = `by the type of their messages; time is the part of a thread in the last seconds${look.measured ? '; waited and handled: of 99 %, since the system began' : ''}`;
    return [el('section.card', {}, el('h2', {}, 'Kinds of actors ', el('small', {}, words)), table(look.kinds, kinds, 'There are no actors.'))];
  },
  waits(look) {
    const cycles = cycleEdges(look.waits).size;
    const words = cycles ? el('p.bad', {}, 'Some of them wait in a circle.') : el('p.none', {}, look.waits.length ? 'None of them wait in a circle.' : 'No handler waits for another actor.');
    const rows = [['Actor', (wait) => actorLink(wait.path), '.path'], ['waits for', (wait) => el('span', {}, ...wait.on.flatMap((path, at) => [at ? ', ' : '', actorLink(path)])), '.path']];
    return [el('section.card', {}, el('h2', {}, 'Who waits for whom'), words, look.waits.length ? graph(look.waits) : null, look.waits.length ? table(look.waits, rows, '') : null)];
  },
  letters(look) {
    const top = Math.max(...look.dead.map((dead) => dead.count), 1);
    const rows = [['Reason', (dead) => dead.reason, '.path'], ['Messages', (dead) => number(dead.count), '.n'], ['', (dead) => bar(dead.count / top), '.part']];
    return [el('section.card', {}, el('h2', {}, 'Dead letters ', el('small', {}, 'accepted and not handled, since the system began')), table(look.dead, rows, 'Every message was handled.')), asks(look)];
  },
  nodes({ nodes }) {
    if (!nodes) return [el('section.card', {}, el('h2', {}, 'Nodes'), el('p.none', {}, 'This program shows no other nodes: it has none, or does not hand them to the observer.'))];
    const peers = [['Node', (peer) => el('span', { title: peer.id }, peer.name), '.path'], ['For', (peer) => duration(peer.connected_ms), '.n'], ['Round trip', (peer) => (peer.round_trip_ms === null ? '–' : duration(peer.round_trip_ms)), '.n'],
      ['Silent for', (peer) => duration(peer.silent_ms), '.n'], ['Read', (peer) => bytes(peer.read_bytes), '.n'], ['Written', (peer) => bytes(peer.written_bytes), '.n'], ['To write', (peer) => `${bytes(peer.outbox_bytes)} of ${bytes(peer.outbox_bytes_max)}`, '.n'],
      ['Asks', (peer) => `${peer.asks} out, ${peer.asked} in`, '.n'], ['Senders waiting', (peer) => number(peer.waiting), '.n']];
    const past = [['Node', (met) => met.name, '.path'], ['Connected', (met) => `${met.begun} times`, '.n'], ['Lost or in vain', (met) => `${met.lost} times`, '.n'],
      ['Last time', (met) => (met.lost_ago_ms === null ? '–' : `${duration(met.lost_ago_ms)} ago`), '.n'], ['Why', (met) => met.why ?? '', '.why']];
    const members = [['Member', (member) => el('span', { title: member.id }, member.name), '.path'], ['State', (member) => member.state], ['Reached', (member) => (member.unreachable ? el('span.bad', {}, `not by ${member.unreachable.by}, for ${duration(member.unreachable.since_ms)}`) : 'yes'), '.path'],
      ['Address', (member) => member.address, '.path'], ['Version', (member) => member.version], ['Roles', (member) => member.roles.join(', ')]];
    const title = nodes.standing ? `its side of the cluster is ${nodes.standing}` : '';
    return [el('section.card', {}, el('h2', {}, `${nodes.me} `, el('small', {}, title)), map(nodes)), el('section.card', {}, el('h2', {}, 'Connections'), table(nodes.peers, peers, 'There is no connection now.')),
      nodes.members ? el('section.card', {}, el('h2', {}, 'Members'), table(nodes.members, members, 'There are none.')) : null, ...nodes.shares.map(shared), el('section.card', {}, el('h2', {}, 'What became of connections'), table(nodes.past, past, 'None was made yet.'))].filter(Boolean);
  },
  events(look) {
    const rows = [['Ago', (event) => duration(event.ago_ms), '.n'], ['Actor', (event) => actorLink(event.path), '.path'], ['', (event) => el(`span${event.is_bad ? '.bad' : ''}`, {}, event.what), '.path']];
    return [el('section.card', {}, el('h2', {}, 'The last that happened'), table(look.events, rows, 'Nothing yet.'))];
  },
};

function bar(part) {
  const made = el('span.bar');
  made.style.width = `${Math.max(part, 0) * 100}%`;
  return made;
}

/** Whether a view is drawn anew: not while a part of it has the keyboard, which would be lost. */
function draw(...parts) {
  const focused = main.contains(document.activeElement) ? document.activeElement.dataset.key ?? document.activeElement.getAttribute('href') : null;
  main.replaceChildren(...parts);
  if (focused) [...main.querySelectorAll('a,button')].find((one) => (one.dataset.key ?? one.getAttribute('href')) === focused)?.focus();
}

// --- the tree ---------------------------------------------------------------------------------------------------------

function remember(actor) {
  const past = state.past.get(actor.id) ?? [];
  state.past.set(actor.id, [...past, actor.messages].slice(-40));
}

/** One page of many: the server is asked for what is shown, and told where that begins. */
async function paged(what, query, key, max = PAGE) {
  const turned = state.pages.get(key) ?? [];
  const after = turned.at(-1);
  const page = await ask(what, { ...query, max, ...(after === undefined ? {} : { after }) }).catch(() => ({ actors: [], next: null }));
  const turn = (pages) => { state.pages.set(key, pages); refresh(); };
  const first = turned.length * max;
  const pager = (page.next !== null || turned.length > 0) && el('div.pager', {},
    el('button', { 'data-key': `back ${key}`, disabled: !turned.length, 'aria-label': `Earlier ones of ${key}`, onclick: () => turn(turned.slice(0, -1)) }, '←'),
    el('span', {}, page.actors.length ? `${number(first + 1)} to ${number(first + page.actors.length)}` : 'none here any more'),
    el('button', { 'data-key': `on ${key}`, disabled: page.next === null, 'aria-label': `Later ones of ${key}`, onclick: () => turn([...turned, page.next]) }, '→'));
  return { actors: page.actors, pager };
}

async function branch(path) {
  const page = await paged('children', { path }, path);
  const rows = await Promise.all(page.actors.map(async (actor) => {
    remember(actor);
    const isOpen = state.opened.has(actor.path);
    const opener = el('button.open', {
      'data-key': `open ${actor.path}`, 'aria-expanded': String(isOpen), 'aria-label': `${isOpen ? 'Hide' : 'Show'} the children of ${actor.path}`, disabled: actor.children === 0,
      onclick: () => { if (!state.opened.delete(actor.path)) state.opened.add(actor.path); refresh(); },
    }, actor.children === 0 ? '·' : isOpen ? '−' : '+');
    const row = el('div.row', {}, opener, el('span.name', {}, actorLink(actor.path, actor.path.split('/').pop())), mood(actor),
      actor.messages > 0 && el('span', {}, `${number(actor.messages)} waiting`), actor.busy > 0.005 && el('span', {}, share(actor.busy)),
      actor.restarts > 0 && el('span.bad', {}, `${actor.restarts} restarts`), actor.children > 0 && el('span.soft', {}, `${number(actor.children)} below`),
      chart(state.past.get(actor.id), 40, `messages waiting at ${actor.path}`));
    return el('li', {}, row, isOpen && actor.children > 0 && await branch(actor.path));
  }));
  return el('ul.tree', {}, ...rows, page.pager && el('li', {}, page.pager));
}

// --- one actor --------------------------------------------------------------------------------------------------------

async function actorView(path) {
  const detail = await ask('actor', { path }).catch((error) => ({ error: error.message }));
  if (detail.error) return [el('section.card', {}, el('h2', {}, path), el('p.bad', {}, detail.error))];
  const { actor } = detail;
  remember(actor);
  const links = (paths) => (paths.length ? el('span', {}, ...paths.flatMap((one, at) => [at ? ', ' : '', actorLink(one)])) : '–');
  const parent = path.slice(0, path.lastIndexOf('/'));
  const facts = [['State', el('span', {}, mood(actor), actor.lasts_ms > 0 ? ` ${atLeast(actor.lasts_ms)}, ${since(actor.lasts_ms)}` : '')], ['Why', why(actor) || '–'], ['Waits for', links(actor.waits_for)],
    ['Mailbox', `${number(actor.messages)}${actor.bound ? ` of ${number(actor.bound)}` : ', unbounded'}${actor.oldest_ms ? `, the oldest ${atLeast(actor.oldest_ms)}` : ''}`],
    ['Accepted, dealt with', `${number(actor.accepted)}, ${number(actor.finished)}`], ['At work', `${share(actor.busy)} of the last seconds`],
    ['Messages', detail.message_type], ['Policy', detail.policy], ['Restarts, failures', `${actor.restarts}, ${actor.failures}`],
    ['Restarts of its children left', detail.budget ? `${detail.budget}, ${detail.strategy}` : '–'], ['Names', detail.names.join(', ') || '–'], ['Groups', detail.groups.join(', ') || '–'],
    ['Watched by', el('span', {}, `${detail.watched_by} `, detail.watchers.length ? links(detail.watchers) : '')], ['Linked to', links(detail.links)],
    ['Parent', parent.lastIndexOf('/') > 0 ? actorLink(parent) : parent], ['Id', actor.id]];
  const exits = [['Ago', (exit) => duration(exit.ago_ms), '.n'], ['It', (exit) => exit.reason, '.path']];
  const act = (what, words) => el('button', { 'data-key': what, disabled: !state.mayAct, onclick: () => order(actor, what) }, words);
  const parts = [el('section.card', {}, el('h2', {}, path),
    el('div.acts', {}, el('button', { 'data-key': 'trace', disabled: Boolean(state.trace), onclick: () => { if (state.mayAct) order(actor, 'trace'); trace(path); } }, 'Watch closely for 10 s'), act('restart', 'Restart'), act('stop', 'Stop'), act('kill', 'Kill'),
      !state.mayAct && el('span.soft', {}, 'To act takes the token, and so does to see its messages.'), el('span', { id: 'said', role: 'status' })),
    el('div', { id: 'trace' }),
    el('dl.facts', {}, ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]))),
  ...(detail.closeup ? closeup(detail.closeup) : []),
  el('section.card', {}, el('h2', {}, 'Messages waiting ', el('small', {}, 'while this page shows it')), chart(state.past.get(actor.id), 40, 'messages waiting')),
  el('section.card', {}, el('h2', {}, 'Its last ends'), table(detail.exits, exits, 'Nothing is known of an end.'))];
  if (actor.children) {
    const page = await paged('children', { path }, path, 100);
    parts.push(el('section.card', {}, el('h2', {}, 'Children ', el('small', {}, number(actor.children))), table(page.actors, [columns.path, columns.kind, columns.state, columns.messages, columns.restarts], ''), page.pager));
  }
  return [el('div.grid.wide', {}, ...parts)];
}

/** What was seen of it while it was watched closely: its messages by kind, and the last of them. */
function closeup({ left_ms: left, kinds, last, in_hand: hand }) {
  const all = kinds.reduce((sum, kind) => sum + kind.took_ms, 0) || 1e-9;
  const rows = [['Kind', (kind) => kind.name, '.path'], ['Handled', (kind) => number(kind.handled), '.n'], ['Failed', (kind) => (kind.failed ? el('span.bad', {}, number(kind.failed)) : '0'), '.n'],
    ['Time', (kind) => duration(kind.took_ms), '.n'], ['Each', (kind) => duration(kind.took_ms / kind.handled), '.n'], ['Longest', (kind) => duration(kind.longest_ms), '.n'], ['', (kind) => bar(kind.took_ms / all), '.part']];
  const each = [['Ago', (one) => duration(one.ago_ms), '.n'], ['Message', (one) => `${one.kind}${one.asked ? ', a question' : ''}`, '.path'], ['Took', (one) => duration(one.took_ms), '.n'],
    ['In mailbox', (one) => number(one.messages), '.n'], ['', (one) => (one.failure ? el('span.bad', {}, one.failure) : ''), '.path']];
  const state = left > 0 ? `for ${duration(left)} more` : 'as it was then';
  return [el('section.card', {}, el('h2', {}, 'Messages by time ', el('small', {}, state)), hand && el('p', {}, `In hand: ${hand.kind}, for ${duration(hand.took_ms)}`), table(kinds, rows, 'None was handled.'),
    el('p.soft', {}, 'Kinds are what the actor says of its messages, or else the number of the variant. Time has in it what the handlers awaited.')),
  el('section.card', {}, el('h2', {}, 'Its last messages ', el('small', {}, `the latest ${Math.min(last.length, 50)}`)), table(last.slice(0, 50), each, 'None was handled.'))];
}

async function order(actor, what) {
  const answer = await fetch('api/act', { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body: JSON.stringify({ path: actor.path, id: actor.id, what }) });
  const said = document.querySelector('#said');
  if (said) said.textContent = answer.ok ? (what === 'trace' ? '' : `told to ${what}`) : (await answer.text()).trim();
}

/** What it does, ten times a second for ten seconds. */
async function trace(path) {
  const moods = [];
  state.trace = { path, moods };
  const end = Date.now() + TRACE_MS;
  while (Date.now() < end && state.view === 'actor' && state.words === path) {
    const detail = await ask('actor', { path }).catch(() => null);
    moods.push(detail?.actor.mood ?? 'down');
    drawTrace();
    await new Promise((resolve) => setTimeout(resolve, TRACE_EVERY_MS));
  }
  state.trace = null;
}

function drawTrace() {
  const place = document.querySelector('#trace');
  if (!place || !state.trace) return;
  const { moods } = state.trace;
  const counts = Object.entries(Object.groupBy(moods, (one) => one)).map(([one, all]) => `${one} ${Math.round((all.length / moods.length) * 100)} %`);
  place.replaceChildren(el('div.trace', {}, ...moods.map((one) => el(`i.${one}`, { title: one }))), el('p.soft', {}, counts.join(', ')));
}

async function findView(words) {
  const page = await paged('find', { text: words }, `“${words}”`);
  const count = page.pager ? '' : `${page.actors.length} found`;
  return [el('section.card', {}, el('h2', {}, `“${words}” `, el('small', {}, count)), page.pager, table(page.actors, [columns.path, columns.kind, columns.state, columns.messages, columns.busy, columns.restarts], 'Nobody of that name or kind.'))];
}

// --- navigation -------------------------------------------------------------------------------------------------------

let drawing = 0;
async function refresh() {
  const own = (drawing += 1);
  const { look, view, words } = state;
  if (!look) return;
  let parts;
  if (view === 'tree') parts = [el('section.card', {}, await branch(`/${look.system}`))];
  else if (view === 'actor') parts = await actorView(words);
  else if (view === 'find') parts = await findView(words);
  else parts = views[view](look);
  // A later one has been begun meanwhile, and knows better.
  if (own !== drawing) return;
  draw(...parts);
  if (view === 'actor') drawTrace();
}

function route() {
  const [, view = 'now', ...rest] = location.hash.split('/');
  const isKnown = view in VIEWS || view === 'actor' || view === 'find';
  state.view = isKnown ? view : 'now';
  state.words = view === 'actor' ? `/${rest.map(decodeURIComponent).join('/')}` : rest.map(decodeURIComponent).join('/');
  if (view === 'find') text.value = state.words;
  document.querySelector('#tabs').replaceChildren(...Object.entries(VIEWS).map(([name, title]) => el('a', { href: `${location.pathname}#/${name}`, 'aria-current': state.view === name ? 'page' : null }, title)));
  refresh();
}

document.querySelector('#search').addEventListener('submit', (event) => {
  event.preventDefault();
  if (text.value) location.hash = `#/find/${encodeURIComponent(text.value)}`;
});
addEventListener('keydown', (event) => {
  if (event.target === text) {
    if (event.key === 'Escape') main.focus();
    return;
  }
  const at = Object.keys(VIEWS)[Number(event.key) - 1];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/') {
    event.preventDefault();
    text.focus();
  } else if (at) {
    location.hash = `#/${at}`;
  }
});
addEventListener('hashchange', route);
route();
follow();
