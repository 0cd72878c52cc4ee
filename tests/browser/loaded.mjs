// The observer beside a chat under load: `node loaded.mjs CHAT CHAT_LOAD [CLIENTS]`.
import { spawn } from 'node:child_process';
import { Irc, Server, assert, check, close, launch, openPage, shot, textIs, until } from './harness.mjs';

const [, , chat, generator, clients = '200'] = process.argv;
const ROOMS = Math.max(4, Number(clients) / 40);
/** The issue's word: a room that has become slow is seen by then. Printed, as a machine that does other things as well may take longer. */
const SEEN_MS = 2000;

const server = await Server.create(chat, ['--observe=word', '--test-commands']);
await server.start();
const load = spawn(generator, ['--server', `127.0.0.1:${server.ircPort}`, '--clients', clients, '--rooms', String(ROOMS), '--rate', '1', '--seconds', '600'], { stdio: 'ignore' });
const browser = await launch();
const page = await openPage(browser, `${server.url}observer#token=word`, { ready: '#link.live' });
const tester = await Irc.create(server.ircPort, 'tester');
let killed;
const go = (hash) => page.evaluate((to) => (location.hash = to), hash);
const row = (title, path) => page.locator('section', { hasText: title }).locator('tr').filter({ has: page.getByTitle(path, { exact: true }) });
/** The path of a room, whose actor has a number behind its name. */
const room = async (name) => {
  const answer = await fetch(`${server.url}observer/api/find?${new URLSearchParams({ text: `${name}.` })}`);
  return (await answer.json()).actors[0].path;
};

const metric = async (line) => {
  const answer = await fetch(`${server.url}metrics`);
  assert(answer.status === 200, `/metrics answers ${answer.status}`);
  const found = (await answer.text()).split('\n').find((one) => one.startsWith(`${line} `));
  return found ? Number(found.slice(line.length + 1)) : 0;
};

try {
  await check(`${clients} clients talk in ${ROOMS} rooms, and are counted so`, async () => {
    const living = (kind) => metric(`actor_living{kind="chat::${kind}"}`);
    await until('all clients are there', async () => (await living('connection::ConnectionMsg')) === Number(clients) + 1, 120_000);
    assert((await living('channel::request::RoomMsg')) === ROOMS, 'as many rooms');
    await until('they talk', async () => (await metric('actor_handler_duration_seconds_count{kind="chat::channel::request::RoomMsg"}')) > 10);
    assert((await metric('actor_asks_total{outcome="answered"}')) > Number(clients), 'each has asked to come in');
    assert((await metric('actor_mailbox_wait_duration_seconds_bucket{kind="chat::channel::request::RoomMsg",le="10"}')) > 10, 'waits have buckets');
  });

  await check('a room that is made slow is among the worst, with the reason', async () => {
    await tester.join('#load0');
    await textIs(page, '#sums', /messages/);
    const begun = Date.now();
    tester.send('SLOW #load0 5000');
    const slow = await room('#load0');
    const waited = row('Most waited for', slow);
    await waited.getByText(/awaits something that is no actor.*\d+ actors? waits? for it/).waitFor();
    const took = Date.now() - begun;
    console.log(`      seen after ${took} ms${took > SEEN_MS ? `: more than ${SEEN_MS} ms` : ''}`);
    await row('Fullest mailboxes', slow).getByText(/actors? waits? for it/).waitFor();
    await shot(page, 'observer-slow-room');
  });

  await check('its messages are seen by their kind', async () => {
    killed = await room('#load1');
    await go(`#/actor${killed.split('/').map(encodeURIComponent).join('/')}`);
    await textIs(page, 'main h2 >> nth=0', /#load1/);
    await page.getByRole('button', { name: /Watch closely/ }).click();
    await page.locator('section', { hasText: 'Messages by time' }).locator('td', { hasText: 'speak' }).waitFor();
    await shot(page, 'observer-room');
  });

  await check('a room that is killed shows its restart and the cause', async () => {
    await page.getByRole('button', { name: 'Kill' }).click();
    await page.locator('td', { hasText: 'was killed' }).first().waitFor();
    await until('a restart is counted', async () => /Restarts, failures\s+[1-9]/.test(await page.locator('.facts').innerText()));
    await go('#/now');
    await row('Most restarts', killed).waitFor();
    await until('it is counted', async () => (await metric('actor_lives_restarted_total')) >= 1);
  });

  await check('nothing went wrong in the page', async () => {
    assert(page.foreign.length === 0, `asked ${page.foreign}`);
    assert(page.complaints.length === 0, page.complaints.join('\n'));
  });
} finally {
  await browser.close();
  tester.close();
  load.kill('SIGKILL');
  await server.stop();
}
process.exit(close());
