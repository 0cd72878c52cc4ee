// The observer's page in a real browser, beside a system with known troubles: `node observer.mjs [PROGRAM]`.
import { execFileSync, spawn } from 'node:child_process';
import { assert, check, close, launch, openPage, shot, textIs, until } from './harness.mjs';

const program = process.argv[2] ?? '../../target/debug/examples/observed';
/** Starts the program, and gives it with the address of its page. */
async function start(...flags) {
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  const url = await until('the program says where it is', () => {
    if (child.exitCode !== null) throw new Error('it ended at once');
    return /^http:\S+(?=\n)/m.exec(said)?.[0];
  });
  return { child, url };
}

const { child, url } = await start('--sleepers', '3000', '--nodes', '2');
const browser = await launch();
const pages = [];
const open = async (options, from = url) => {
  const page = await openPage(browser, from, { ready: '#link.live', ...options });
  pages.push(page);
  return page;
};
const go = (page, hash) => page.evaluate((to) => (location.hash = to), hash);
const isNarrow = (page) => page.evaluate(() => document.scrollingElement.scrollWidth <= innerWidth);

try {
  const page = await open({ name: 'wide' });

  await check('a slow actor and those who wait for it are among the worst, with the reason', async () => {
    const worst = page.locator('section', { hasText: 'Longest in one handler' });
    await worst.locator('tr', { hasText: '/demo/reader 1' }).getByText('waits for /demo/library').first().waitFor();
    await worst.locator('tr', { hasText: '/demo/library' }).getByText(/actors? waits? for it/).first().waitFor();
    const waited = page.locator('section', { hasText: 'Most waited for' });
    await waited.locator('tr', { hasText: '/demo/library' }).getByText(/actors? waits? for it/).waitFor();
    const full = page.locator('section', { hasText: 'Fullest mailboxes' });
    await full.locator('tr', { hasText: '/demo/printer' }).getByText(/of 500/).waitFor();
    await shot(page, 'observer-now');
  });

  await check('a child that is killed shows its restart and the cause', async () => {
    await go(page, '#/actor/demo/sensors/sensor%201');
    await textIs(page, 'main h2 >> nth=0', /sensor 1/);
    await page.getByRole('button', { name: 'Kill' }).click();
    await page.locator('td', { hasText: 'was killed' }).first().waitFor();
    await until('a restart is counted', async () => {
      const facts = await page.locator('.facts').innerText();
      return /Restarts, failures\s+[1-9]/.test(facts);
    });
    await go(page, '#/events');
    await page.locator('tr', { hasText: '/demo/sensors/sensor 1' }).getByText('was killed').first().waitFor();
  });

  await check('an actor is watched closely, and seen to wait', async () => {
    await go(page, '#/actor/demo/library');
    await page.getByRole('button', { name: /Watch closely/ }).click();
    await page.locator('.trace i.waiting').nth(3).waitFor();
    const kinds = page.locator('section', { hasText: 'Messages by time' });
    await kinds.locator('td', { hasText: 'lend' }).first().waitFor();
    await shot(page, 'observer-actor');
  });

  await check('it is used by the keyboard alone, and finds one of thousands', async () => {
    await page.keyboard.press('2');
    await page.locator('.tree .name', { hasText: 'library' }).waitFor();
    const opener = page.getByRole('button', { name: 'Show the children of /demo/sensors' });
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.locator('.tree .tree .name', { hasText: 'sensor 2' }).waitFor();
    await page.getByRole('button', { name: 'Later ones of /demo', exact: true }).click();
    await page.locator('.pager', { hasText: '201 to 400' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('sleeper 2999');
    await page.keyboard.press('Enter');
    await page.locator('main td', { hasText: '/demo/sleeper 2999' }).waitFor();
    await page.locator('#text').press('Escape');
    await page.keyboard.press('4');
    await page.locator('svg.graph', { hasText: '/demo/library' }).waitFor();
    await shot(page, 'observer-waits');
  });

  await check('who waits in a circle is drawn so', async () => {
    await go(page, '#/waits');
    await page.getByText('Some of them wait in a circle.').waitFor();
    assert((await page.locator('svg.graph path.cycle').count()) >= 2, 'the mayor waits for a clerk, and the clerk for the mayor');
    const waits = (who, whom) => page.locator('tr', { hasText: who }).locator('td', { hasText: whom }).first().waitFor();
    await waits('/demo/mayor', '/demo/clerks/clerk-0');
    await waits('/demo/clerks/clerk-0', '/demo/mayor');
    assert((await page.locator('svg.graph path.edge').count()) >= 1, 'the readers wait in no circle');
    await shot(page, 'observer-circle');
  });

  await check('a circle that would never end is refused, and shown as a failure with who waits for whom', async () => {
    await go(page, '#/actor/demo/egg');
    await page.locator('td', { hasText: /deadlock: \/demo\/egg waits for \/demo\/hen, which waits for \/demo\/egg/ }).first().waitFor();
    await until('it goes on in another life', async () => /Restarts, failures\s+[1-9]/.test(await page.locator('.facts').innerText()));
  });

  await check('what goes to dead letters is counted by its reason, and questions by how they ended', async () => {
    await go(page, '#/letters');
    await page.locator('tr', { hasText: 'dropped oldest' }).waitFor();
    const asks = page.locator('section', { hasText: 'Questions' });
    for (const outcome of ['answered', 'deadlock', 'failed']) await asks.locator('tr', { hasText: outcome }).waitFor();
    await shot(page, 'observer-letters');
  });

  await check('how long messages wait and are handled is drawn by how many were how long', async () => {
    await go(page, '#/now');
    for (const title of ['How long messages waited', 'How long handlers took']) {
      const spread = page.locator('section', { hasText: title });
      await spread.getByText(/half below .*, 99 % below/).waitFor();
      await spread.locator('svg.bars rect').first().waitFor();
    }
    await go(page, '#/kinds');
    await page.locator('tr', { hasText: 'Page' }).locator('td', { hasText: /^< / }).first().waitFor();
  });

  await check('a node that stands still is shown as out of reach, with who says so', async () => {
    await go(page, '#/nodes');
    const section = (name) => page.locator('section', { has: page.getByRole('heading', { name }) });
    const member = section(/^Members/).locator('tr', { hasText: 'node-1' });
    await member.getByText('yes').waitFor();
    const [groups, visitors] = [section(/^Groups/), section(/^Presence visitors/)];
    await groups.locator('tr', { hasText: 'town hall' }).getByText('demo: 1, node-1: 1, node-2: 1').waitFor();
    await visitors.locator('tr', { hasText: 'postman' }).getByText('demo: 1, node-1: 1, node-2: 1').waitFor();
    const pid = execFileSync('pgrep', ['-P', String(child.pid), '-f', 'node-1']).toString().trim();
    process.kill(Number(pid), 'SIGSTOP');
    await member.getByText(/not by (demo|node-2), for/).waitFor();
    await groups.locator('tr', { hasText: 'node-1' }).getByText(/not for/).waitFor();
    await shot(page, 'observer-nodes');
    process.kill(Number(pid), 'SIGCONT');
    await member.getByText('yes').waitFor();
  });

  await check('one that does not give its thread back is stuck, and since when', async () => {
    // Of a program of its own, as it takes a thread from everybody else there.
    const digs = await start('--quiet', '--digger');
    try {
      const aside = await open({ name: 'aside' }, digs.url);
      const digger = aside.locator('section', { hasText: 'Longest in one handler' }).locator('tr', { hasText: '/demo/digger' });
      await digger.filter({ has: aside.locator('.mood.stuck') }).getByText(/without awaiting, since \d+:\d\d:\d\d/).waitFor();
      await shot(aside, 'observer-stuck');
      await aside.context().close();
      pages.splice(pages.indexOf(aside), 1);
    } finally {
      digs.child.kill('SIGKILL');
    }
  });

  await check('it fits a phone, and the dark', async () => {
    const phone = await open({ name: 'phone', viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
    for (const view of ['now', 'tree', 'kinds', 'waits', 'letters', 'events', 'nodes', 'actor/demo/library']) {
      await go(phone, `#/${view}`);
      await phone.locator('main section h2, main .tree').first().waitFor();
      assert(await isNarrow(phone), `${view} is wider than the phone`);
    }
    await go(phone, '#/now');
    await phone.locator('section', { hasText: 'Fullest mailboxes' }).locator('tr', { hasText: 'printer' }).waitFor();
    await shot(phone, 'observer-phone');
  });

  await check('the page says when the program has ended', async () => {
    child.kill('SIGKILL');
    await page.locator('#link.lost').waitFor();
    // That the connection is lost is a complaint of the browser's own.
    pages.forEach((one) => (one.complaints = one.complaints.filter((words) => !words.includes('ERR_'))));
  });

  await check('it asked nobody else for anything, and nothing went wrong in it', async () => {
    for (const one of pages) {
      assert(one.foreign.length === 0, `asked ${one.foreign}`);
      assert(one.complaints.length === 0, one.complaints.join('\n'));
      assert((await one.evaluate(() => window.__violations)).length === 0, 'the page did what its policy forbids');
    }
  });
} finally {
  await browser.close();
  child.kill('SIGKILL');
}
process.exit(close());
