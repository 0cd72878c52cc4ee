// Finding rooms, keyboard, scrolling, and a flood.
import { assert, check, enter, line, person, place, say, shot, textIs, until } from '../harness.mjs';

export async function hands(stage) {
  const { server, browser, open, home, anna, carol, irssi } = stage;

  await check('the list of rooms shows people and topics, is searched, and joins by click', async () => {
    await home();
    await say(anna, '/topic Good morning');
    await textIs(carol, '#topic', /Good morning/);
    await say(anna, '/join #quiet');
    await textIs(anna, '#title', /^#quiet$/);
    await carol.click('#browse-button');
    const lobby = carol.locator('#room-list [data-name="#lobby"]');
    await lobby.waitFor();
    // The list of a moment ago may still be on the screen while the new one comes.
    await until('topic and people are in the list', async () => /Good morning\s+3\s/.test(await lobby.innerText()));
    await shot(carol, 'rooms');
    await carol.fill('#room-search', 'quie');
    await until('only the matching room is left', async () => (await carol.locator('#room-list [role=option]').count()) === 1);
    await carol.locator('#room-list [data-name="#quiet"]').click();
    await textIs(carol, '#title', /^#quiet$/);
    await person(carol, 'anna').waitFor();
    await home();
  });

  await check('everything goes by keyboard: sign in, talk, complete, recall, switch, leave', async () => {
    const keys = await open({ name: 'keys' });
    const press = (key) => keys.keyboard.press(key);
    await keys.keyboard.type('kim');
    await press('Enter');
    await textIs(keys, '#title', /^#lobby$/);
    await until('the field has the focus', () => keys.evaluate(() => document.activeElement.id === 'text'));
    await person(keys, 'carol').waitFor();
    await keys.keyboard.type('car');
    await press('Tab');
    assert((await keys.inputValue('#text')) === 'carol: ', `completed to ${await keys.inputValue('#text')}`);
    await keys.keyboard.type('first words');
    await press('Enter');
    await line(keys, 'carol: first words');
    await press('ArrowUp');
    assert((await keys.inputValue('#text')) === 'carol: first words', 'ArrowUp brings nothing back');
    await press('ArrowDown');
    assert((await keys.inputValue('#text')) === '', 'ArrowDown does not return to the draft');
    await keys.keyboard.type('/jo');
    await keys.waitForSelector('#menu [aria-selected=true]');
    await shot(keys, 'commands');
    await press('Tab');
    await keys.keyboard.type('#quiet');
    await press('Enter');
    await textIs(keys, '#title', /^#quiet$/);
    await press('Alt+ArrowUp');
    await textIs(keys, '#title', /^#lobby$/);
    await press('Alt+ArrowDown');
    await textIs(keys, '#title', /^#quiet$/);
    await press('Control+k');
    await keys.waitForSelector('#switcher[open]');
    await keys.keyboard.type('lob');
    await shot(keys, 'switcher');
    await press('Enter');
    await textIs(keys, '#title', /^#lobby$/);
    // Shift+Tab walks out of the field to everything else, each stop with a ring to be seen.
    const stops = new Set();
    for (let i = 0; i < 25; i += 1) {
      await press('Shift+Tab');
      const stop = await keys.evaluate(() => {
        const here = document.activeElement;
        return { name: here.id || here.dataset.id || here.dataset.nick || here.className, ring: getComputedStyle(here).outlineStyle !== 'none' || here === document.body || here.id === 'text' };
      });
      assert(stop.ring, `${stop.name} has the focus and does not show it`);
      stops.add(stop.name);
    }
    for (const wanted of ['log', 'people-button', 'leave', '#lobby', 'browse-button', 'switch-button', 'me-button', 'theme-button', 'help-button']) {
      assert(stops.has(wanted), `${wanted} cannot be reached: ${[...stops].join(', ')}`);
    }
    await keys.locator('#people-list [tabindex="0"]').focus();
    await press('ArrowDown');
    await press('Enter');
    await keys.waitForSelector('#card[open]');
    await press('Escape');
    await press('Control+/');
    await keys.waitForSelector('#help[open]');
    await shot(keys, 'help');
    await press('Escape');
    await keys.locator('#text').focus();
    await keys.keyboard.type('/part');
    await press('Enter');
    await until('the room is left', async () => (await place(keys, '#lobby').count()) === 0);
    await keys.context().close();
  });

  await check('who scrolled up keeps the place, is told what came, and jumps to it', async () => {
    await home();
    for (let i = 0; i < 60; i += 1) {
      irssi.send(`PRIVMSG #lobby :line ${i} of many`);
      if (i % 5 === 4) await line(anna, `line ${i} of many`);
    }
    await anna.locator('#log').evaluate((log) => (log.scrollTop = log.scrollHeight / 2));
    await anna.waitForSelector('#jump:not([hidden])');
    const top = () => anna.evaluate(() => {
      const log = document.querySelector('#log').getBoundingClientRect();
      const row = [...document.querySelectorAll('#lines .row')].find((element) => element.getBoundingClientRect().bottom > log.top + 5);
      return `${row.dataset.id} ${Math.round(row.getBoundingClientRect().top)}`;
    });
    const before = await top();
    irssi.send('PRIVMSG #lobby :while you read');
    await textIs(anna, '#jump', /1 new message/);
    assert((await top()) === before, `the text moved from ${before} to ${await top()}`);
    await shot(anna, 'scrolled-up');
    await anna.click('#jump');
    await until('the end is reached', () => anna.locator('#log').evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 5));
    assert(await anna.locator('#jump').isHidden(), 'the button stays');
  });

  await check('ten thousand lines neither freeze nor fill the page', async () => {
    const busy = await browser.newPage();
    // The flood protection of a good server forbids this load, so the lines come from a socket of the test's own.
    await busy.addInitScript(() => {
      window.WebSocket = class {
        static OPEN = 1;
        readyState = 1;
        constructor() {
          window.__hear = (...lines) => lines.forEach((data) => this.onmessage({ data }));
          setTimeout(() => this.onopen());
        }
        send(sent) {
          if (/^NICK/.test(sent)) window.__hear(':s 001 busy :hi', ':s 376 busy :end');
          if (/^JOIN/.test(sent)) window.__hear(':busy!b@h JOIN #flood', ':s 353 busy = #flood :busy bob', ':s 366 busy #flood :end');
        }
        close() {}
      };
    });
    await busy.goto(server.url);
    await enter(busy, 'busy', '#flood');
    const { gap, ms } = await busy.evaluate(async () => {
      const begun = performance.now();
      let last = begun;
      let gap = 0;
      for (let i = 0; i < 10_000; i += 1) {
        window.__hear(`:bob!b@h PRIVMSG #flood :line ${i} with https://example.org/${i} and \x02bold\x02 words`);
        if (i % 200 === 199) {
          const now = await new Promise(requestAnimationFrame);
          gap = Math.max(gap, performance.now() - last, now - last);
          last = performance.now();
        }
      }
      return { gap, ms: performance.now() - begun };
    });
    await line(busy, 'line 9999 with');
    const rows = await busy.locator('#lines .row').count();
    assert(rows <= 500, `${rows} lines are kept`);
    assert(gap < 1_000, `the page stood still for ${Math.round(gap)} ms`);
    console.log(`      10,000 lines in ${Math.round(ms)} ms, longest frame ${Math.round(gap)} ms, ${rows} lines kept`);
    await busy.close();
  });
}
