// The page in a real browser against the real server, with a plain IRC client in the same rooms.
import {
  Irc, Server, assert, check, close, enter, launch, line, openPage, person, place, say, shot, until,
} from './harness.mjs';

const server = await Server.create();
await server.start();
const browser = await launch();
const pages = [];
const open = async (options) => {
  const page = await openPage(browser, server.url, options);
  pages.push(page);
  return page;
};
const text = (page, selector) => page.locator(selector).innerText();
const textIs = (page, selector, wanted) =>
  until(`${selector} of ${page.label} matches ${wanted}`, async () => wanted.test(await page.locator(selector).innerText()));
const titleIs = (page, wanted) => until(`the title of ${page.label} matches ${wanted}`, async () => wanted.test(await page.title()));

/** Both pages in the first room, whatever the check before left behind. */
const home = async () => {
  for (const page of [anna, carol]) {
    await page.keyboard.press('Escape');
    await place(page, '#lobby').click();
    await textIs(page, '#title', /^#lobby$/);
  }
};

let anna;
let carol;
let irssi;

try {
  await check('the page and all its files come from the server, under a strict policy', async () => {
    const response = await fetch(server.url);
    assert(response.ok, `the page answers ${response.status}`);
    const policy = response.headers.get('content-security-policy') ?? '';
    assert(/script-src 'self'/.test(policy) && !/unsafe/.test(policy), `the policy is ${policy || 'missing'}`);
    assert(response.headers.get('x-content-type-options') === 'nosniff', 'nosniff is missing');
    const html = await response.text();
    for (const [, file] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      const answer = await fetch(new URL(file, server.url));
      assert(answer.ok, `${file} answers ${answer.status}`);
    }
    assert((await fetch(new URL('/no-such-file', server.url))).status === 404, 'an unknown path is no 404');
  });

  await check('a nick and Enter lead into the first room', async () => {
    anna = await open({ name: 'anna' });
    await shot(anna, 'welcome');
    await anna.press('#welcome-nick', 'Enter');
    await textIs(anna, '#welcome-trouble', /need a nick/);
    await enter(anna, 'anna');
    await person(anna, 'anna').waitFor();
    await textIs(anna, '#empty-words', /first one here/);
    await textIs(anna, '#me-state', /here/);
    await shot(anna, 'empty-room');
  });

  await check('a client over TCP that enters is seen to come in', async () => {
    irssi = await Irc.create(server.ircPort, 'irssi');
    await irssi.join('#lobby');
    await person(anna, 'irssi').waitFor();
    await line(anna, 'irssi joined');
  });

  await check('what the page says reaches the TCP client, and is confirmed on the page', async () => {
    await say(anna, 'hello from the page, with an ümlaut and 🦀');
    await irssi.sees(/:anna!\S+ PRIVMSG #lobby :hello from the page, with an ümlaut and 🦀/);
    const own = await line(anna, 'hello from the page');
    await until('the line is no longer pending', async () => !(await own.getAttribute('class')).includes('pending'));
    assert((await anna.locator('#lines .line', { hasText: 'hello from the page' }).count()) === 1, 'the echo is shown twice');
  });

  await check('what the TCP client says reaches the page, with its time', async () => {
    irssi.send('PRIVMSG #lobby :hello from the terminal');
    const heard = await line(anna, 'hello from the terminal');
    const shown = await heard.locator('time').first().getAttribute('datetime');
    assert(Math.abs(Date.now() - Date.parse(shown)) < 120_000, `the time is ${shown}`);
    assert(/^\d\d:\d\d$/.test(await heard.locator('time').first().textContent()), 'the time is not shown as hours and minutes');
  });

  await check('two pages talk, act and write formatted words to each other', async () => {
    carol = await open({ name: 'carol' });
    await enter(carol, 'carol');
    await say(carol, 'hello anna');
    await line(anna, 'hello anna');
    await say(anna, '/me waves');
    const waved = await line(carol, 'anna waves');
    assert((await waved.getAttribute('class')).includes('action'), 'an action does not look like one');
    irssi.send('PRIVMSG #lobby :plain \x02bold\x02 \x0304red\x03 \x1ditalic\x1d end');
    const styled = await line(carol, 'plain bold red italic end');
    assert((await styled.locator('.bold').textContent()) === 'bold', 'bold is lost');
    assert((await styled.locator('.fg-4').textContent()) === 'red', 'colour is lost');
  });

  await check('links can be followed safely, and only those that are links', async () => {
    irssi.send('PRIVMSG #lobby :read https://example.org/a_(b). not javascript:alert(1) nor data:text/html,x');
    const heard = await line(anna, 'read https://example.org');
    const links = await heard.locator('a').evaluateAll((all) => all.map(({ href, rel, target }) => ({ href, rel, target })));
    assert(links.length === 1 && links[0].href === 'https://example.org/a_(b)', JSON.stringify(links));
    assert(/noopener/.test(links[0].rel) && /noreferrer/.test(links[0].rel) && links[0].target === '_blank', JSON.stringify(links));
  });

  await check('talk in another room leaves a mark, a mention a stronger one, and the title counts', async () => {
    await say(anna, '/join #quiet');
    await textIs(anna, '#title', /^#quiet$/);
    irssi.send('PRIVMSG #lobby :something new');
    await titleIs(anna, /^\(1\) /);
    await until('the mark shows 1', async () => (await place(anna, '#lobby').locator('.badge').innerText()) === '1');
    irssi.send('PRIVMSG #lobby :anna: this one is for you');
    await titleIs(anna, /^\(2!\) /);
    await until('the mark shows a mention', async () => (await place(anna, '#lobby').locator('.badge').innerText()) === '@ 1');
    assert(/2 unread, 1 for you/.test(await place(anna, '#lobby').getAttribute('aria-label')), 'the mark is not read out');
    await shot(anna, 'unread');
    await place(anna, '#lobby').click();
    await titleIs(anna, /^#lobby/);
    const divider = anna.locator('#lines .row', { has: anna.locator('.divider') });
    assert(/something new/.test(await divider.innerText()), 'the divider is not before the first new line');
    assert((await (await line(anna, 'this one is for you')).getAttribute('class')).includes('mention'), 'a mention is not marked');
  });

  await check('typing is seen on the other page and by the TCP client, and ends with the message', async () => {
    const from = irssi.lines.length;
    await carol.locator('#text').pressSequentially('I am wri');
    await textIs(anna, '#typing', /carol is typing/);
    await until('the list of people shows it', async () => (await person(anna, 'carol').getAttribute('class')).includes('typing'));
    await irssi.sees(/\+typing=active.* :carol!\S+ TAGMSG #lobby/, from);
    await shot(anna, 'typing');
    await say(carol, 'I am writing');
    await line(anna, 'I am writing');
    await until('the notice is gone', async () => (await text(anna, '#typing')) === '');
    irssi.send('@+typing=active TAGMSG #lobby');
    await textIs(anna, '#typing', /irssi is typing/);
    irssi.send('@+typing=done TAGMSG #lobby');
    await until('the notice is gone', async () => (await text(anna, '#typing')) === '');
  });

  await check('who is away is shown, in both directions, also to those who come later', async () => {
    irssi.send('AWAY :at lunch');
    await until('irssi is grey', async () => (await person(anna, 'irssi').getAttribute('class')).includes('away'));
    const late = await open({ name: 'late' });
    await enter(late, 'late');
    await until('irssi is grey for the newcomer', async () => (await person(late, 'irssi').getAttribute('class')).includes('away'));
    await say(late, '/quit');
    await late.waitForSelector('#welcome[open]');
    irssi.send('AWAY');
    await until('irssi is back', async () => !(await person(anna, 'irssi').getAttribute('class')).includes('away'));
    await say(anna, '/away gone fishing');
    await textIs(anna, '#me-state', /away/);
    const from = irssi.lines.length;
    irssi.send('WHOIS anna');
    await irssi.sees(/ 301 irssi anna :gone fishing/, from);
    await say(anna, '/back');
    await textIs(anna, '#me-state', /here/);
  });

  await check('the topic is changed from the page and from the terminal', async () => {
    await anna.click('#topic-edit');
    await anna.fill('#topic-field', 'Tea and https://example.org/tea');
    await anna.press('#topic-field', 'Enter');
    await textIs(carol, '#topic', /Tea and/);
    assert((await carol.locator('#topic a').getAttribute('href')) === 'https://example.org/tea', 'the link in the topic is no link');
    await irssi.sees(/TOPIC #lobby :Tea and/);
    irssi.send('MODE #lobby -t');
    await say(anna, '/mode #lobby -t');
    await line(carol, 'let everyone change the topic');
    irssi.send('TOPIC #lobby :Coffee now');
    await textIs(anna, '#topic', /Coffee now/);
    await say(anna, '/mode +t');
    await until('who may not change the topic has no button for it', async () => !(await carol.locator('#topic-edit').isVisible()));
    assert(await anna.locator('#topic-edit').isVisible(), 'the operator lost the button');
  });

  await check('a private message opens a place of its own on both sides', async () => {
    await say(anna, '/msg carol just for you');
    await textIs(anna, '#title', /^carol$/);
    await until('carol has the mark', async () => (await place(carol, 'anna').locator('.badge').innerText()) === '1');
    await place(carol, 'anna').click();
    await line(carol, 'just for you');
    await say(carol, 'thank you');
    await line(anna, 'thank you');
    await anna.click('#leave');
    await until('the talk is closed', async () => (await place(anna, 'carol').count()) === 0);
    await home();
  });

  await check('a refused message says why in its place and can be sent again', async () => {
    await say(anna, '/mode +m');
    await line(carol, 'only voices and operators speak');
    await say(carol, 'nobody hears this');
    const refused = await line(carol, 'nobody hears this');
    await refused.locator('.why').waitFor();
    assert(/Not sent/.test(await refused.innerText()), 'the reason is missing');
    await shot(carol, 'refused');
    await say(anna, '/mode -m');
    await line(carol, 'ended moderation');
    await refused.getByRole('button', { name: 'Send again' }).click();
    await line(anna, 'nobody hears this');
    await until('it counts as sent', async () => (await carol.locator('#lines .failed').count()) === 0);
  });

  await check('errors are told in human words where one looks', async () => {
    await say(carol, '/nonsense');
    await textIs(carol, '#note', /no command \/nonsense/);
    await carol.fill('#text', '');
    await say(carol, '/kick anna');
    await line(carol, 'You need to be an operator of #lobby');
    await say(anna, '/join #club secret');
    await textIs(anna, '#title', /^#club$/);
    await say(anna, '/mode +k secret');
    await line(anna, 'put a key on the room');
    await say(carol, '/join #club');
    await line(carol, '#club needs a key');
    await say(carol, '/join #club secret');
    await textIs(carol, '#title', /^#club$/);
    await carol.click('#leave');
    await until('the room is left', async () => (await place(carol, '#club').count()) === 0);
    await place(carol, '#lobby').click();
    await anna.click('#leave');
    await until('the room is left', async () => (await place(anna, '#club').count()) === 0);
    await place(anna, '#lobby').click();
  });

  await check('a nick that is taken is refused kindly, and another one offered', async () => {
    const twin = await open({ name: 'twin' });
    await twin.fill('#welcome-nick', 'anna');
    await twin.press('#welcome-nick', 'Enter');
    await textIs(twin, '#welcome-trouble', /anna is taken/);
    await shot(twin, 'nick-taken');
    await twin.getByRole('button', { name: 'Be anna_ instead' }).click();
    await person(twin, 'anna_').waitFor();
    await say(twin, '/nick carol');
    await line(twin, 'The nick carol is taken');
    await say(twin, '/nick twin');
    await textIs(twin, '#me-nick', /^twin$/);
    await line(anna, 'is now twin');
    await twin.context().close();
    await until('the closed page has left', async () => (await person(anna, 'twin').count()) === 0);
  });

  await check('markup in names, topics, rooms and messages stays text', async () => {
    const evil = '<img src=x onerror=alert(1)><script>alert(2)</script>';
    irssi.send(`PRIVMSG #lobby :${evil}`);
    irssi.send(`PRIVMSG #lobby :https://example.org/"onmouseover="alert(3) [x](javascript:alert(4))`);
    irssi.send(`NOTICE anna :${evil}`);
    irssi.send(`PRIVMSG anna :\x01ACTION ${evil}\x01`);
    await irssi.join('#<b>x</b>');
    irssi.send(`TOPIC #<b>x</b> :${evil}`);
    irssi.send(`AWAY :${evil}`);
    await line(anna, '<script>alert(2)</script>');
    await person(anna, 'irssi').click();
    await textIs(anna, '#card-body', /<img src=x onerror=alert\(1\)>/);
    await anna.keyboard.press('Escape');
    irssi.send('AWAY');
    await say(anna, `/topic ${evil}`);
    await textIs(carol, '#topic', /<img src=x/);
    await say(anna, '/join #<b>x</b>');
    await textIs(anna, '#title', /^#<b>x<\/b>$/);
    await textIs(anna, '#topic', /<script>/);
    await anna.click('#leave');
    await say(anna, `/join ${'#quiet'}`);
    await say(anna, '/clear');
    await place(anna, '#lobby').click();
    for (const page of [anna, carol]) {
      const found = await page.evaluate(() => document.querySelectorAll('main img, main script, main b, aside img, dialog#card img, [onerror], [onmouseover], a[href^="javascript"]').length);
      assert(found === 0, `${page.label} has ${found} elements made of user data`);
    }
  });

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

  await check('a reload finds its rooms again', async () => {
    for (const room of ['#quiet', '#lobby']) {
      await say(carol, `/join ${room}`);
      await textIs(carol, '#title', new RegExp(`^${room}$`));
    }
    await home();
    await carol.reload();
    await textIs(carol, '#title', /^#lobby$/);
    await person(carol, 'anna').waitFor();
    assert((await place(carol, '#quiet').count()) === 1, 'a room is missing');
    await textIs(carol, '#topic', /Good morning/);
    await until('the nick is the same', async () => (await text(carol, '#me-nick')) === 'carol');
  });

  await check('when the server dies the page says so, keeps the draft, comes back by itself and into its rooms', async () => {
    await home();
    await anna.fill('#text', 'a half-written thought');
    irssi.close();
    await server.stop('SIGKILL');
    await textIs(anna, '#banner', /connection is lost|not connected/i);
    await textIs(anna, '#banner-count', /Next try in \d+ s|Trying/);
    await textIs(anna, '#me-state', /not connected/);
    await anna.press('#text', 'Enter');
    await textIs(anna, '#note', /not connected/);
    assert((await anna.inputValue('#text')) === 'a half-written thought', 'the draft is gone');
    await shot(anna, 'lost');
    await until('it says how often it tried', async () => /[2-9] tries/.test(await text(anna, '#banner-words')));
    await server.start();
    await Promise.all([anna, carol].map((page) => until(`${page.label} is back`, async () => (await text(page, '#me-state')) === 'here', 60_000)));
    assert(await anna.locator('#banner').isHidden(), 'the banner stays');
    await person(anna, 'carol').waitFor();
    await person(carol, 'anna').waitFor();
    await line(anna, 'You are back');
    assert((await place(anna, '#quiet').count()) === 1 && (await text(anna, '#title')) === '#lobby', 'a room is missing');
    await anna.press('#text', 'Enter');
    await line(carol, 'a half-written thought');
  });

  await check('the button in the banner reconnects at once', async () => {
    await server.stop('SIGKILL');
    await until('some tries have failed', async () => /[3-9] tries/.test(await text(anna, '#banner-words')), 60_000);
    await server.start();
    await anna.getByRole('button', { name: 'Reconnect now' }).click();
    await until('anna is back', async () => (await text(anna, '#me-state')) === 'here');
    await carol.getByRole('button', { name: 'Reconnect now' }).click({ timeout: 5_000 }).catch(() => {}); // It may have come back by itself.
    await person(anna, 'carol').waitFor();
    irssi = await Irc.create(server.ircPort, 'irssi');
    await irssi.join('#lobby');
    irssi.send('PRIVMSG #lobby :good to see you again, anna');
    await line(anna, 'good to see you again');
  });

  await check('a server that ends in good order says so, and the page waits for it', async () => {
    await server.stop('SIGINT');
    await textIs(anna, '#banner', /connection is lost|not connected/i);
    await server.start();
    await Promise.all([anna, carol].map((page) => until(`${page.label} is back`, async () => (await text(page, '#me-state')) === 'here', 60_000)));
    irssi = await Irc.create(server.ircPort, 'irssi');
    await irssi.join('#lobby');
    await home();
    for (const words of ['Morning! The kettle is on.', 'Notes of yesterday: https://example.org/notes']) irssi.send(`PRIVMSG #lobby :${words}`);
    await line(anna, 'Notes of yesterday');
    await say(carol, 'Thanks, irssi. anna, shall we look at them together in #quiet?');
    await line(anna, 'shall we look');
    await say(anna, 'Gladly, give me a minute');
    await line(carol, 'Gladly');
  });

  await check('a nick that was taken in the meantime is got back as soon as it is free', async () => {
    await server.stop('SIGKILL');
    // Only with some seconds left until the next try does the stranger come first for certain.
    await until('there is time', async () => Number(/in (\d+) s/.exec(await text(anna, '#banner-count'))?.[1] ?? 0) >= 3, 90_000);
    await server.start();
    const stranger = await Irc.create(server.ircPort, 'anna');
    await anna.getByRole('button', { name: 'Reconnect now' }).click();
    await textIs(anna, '#me-nick', /^anna_$/);
    await textIs(anna, '#me-state', /here/);
    stranger.send('QUIT :done');
    await textIs(anna, '#me-nick', /^anna$/);
    await until('carol is back', async () => (await text(carol, '#me-state')) === 'here', 60_000);
    await home();
    await person(carol, 'anna').waitFor();
    irssi = await Irc.create(server.ircPort, 'irssi');
    await irssi.join('#lobby');
    await irssi.join('#club');
    irssi.send('INVITE carol #club');
    await textIs(carol, '#flash-words', /irssi invites you to #club/);
    await carol.click('#flash-act');
    await textIs(carol, '#title', /^#club$/);
    await carol.click('#leave');
    await home();
  });

  const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

  await check('light and dark follow the system, the button changes them, and the choice is kept', async () => {
    const ground = () => anna.evaluate(() => getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0));
    assert((await ground()) > 600, 'light is not light');
    await shot(anna, 'light');
    await anna.emulateMedia({ colorScheme: 'dark' });
    await until('it is dark', async () => (await ground()) < 150);
    await shot(anna, 'dark');
    await anna.click('#theme-button');
    await until('it is light', async () => (await ground()) > 600);
    await anna.reload();
    await textIs(anna, '#me-state', /here/);
    assert((await ground()) > 600, 'the choice is forgotten');
    await say(anna, '/theme system');
    await until('it is dark again', async () => (await ground()) < 150);
  });

  await check('names and words can be read on both grounds (contrast of 4.5 and more)', async () => {
    for (const scheme of ['dark', 'light']) {
      await anna.emulateMedia({ colorScheme: scheme });
      const poor = await anna.evaluate(() => {
        const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const light = (colour) => {
          canvas.fillStyle = '#000';
          canvas.fillStyle = colour;
          canvas.fillRect(0, 0, 1, 1);
          const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
        const grounds = [document.documentElement, document.querySelector('#side')].map((element) => getComputedStyle(element).backgroundColor);
        const probe = document.body.appendChild(document.createElement('span'));
        const poor = [];
        for (const name of [...Array(12).keys()].map((i) => `hue-${i}`).concat([...Array(16).keys()].map((i) => `fg-${i}`), 'time', 'topic', 'topic faint', 'group-label', 'nick mine', 'note')) {
          probe.className = name;
          for (const ground of grounds) {
            const found = ratio(getComputedStyle(probe).color, ground);
            if (found < 4.5) poor.push(`${name} ${found.toFixed(2)}`);
          }
        }
        probe.remove();
        return poor;
      });
      assert(poor.length === 0, `${scheme}: ${poor.join(', ')}`);
    }
  });

  await check('at the width of a phone nothing overflows, and rooms and people are drawers', async () => {
    await anna.setViewportSize({ width: 390, height: 780 });
    await until('the layout is narrow', () => anna.locator('#side-button').isVisible());
    assert((await overflow(anna)) === 0, `the page is ${await overflow(anna)} px too wide`);
    await line(anna, 'The kettle is on').catch(() => {}); // After a reload the log is new.
    irssi.send('PRIVMSG #lobby :a-word-without-any-end-'.padEnd(300, 'x'));
    await line(anna, 'a-word-without-any-end');
    assert((await overflow(anna)) === 0, 'a long word makes the page wider');
    await shot(anna, 'phone');
    assert(await anna.locator('#side').evaluate((side) => side.inert), 'the hidden list can get the focus');
    await anna.click('#side-button');
    await place(anna, '#quiet').click();
    await textIs(anna, '#title', /^#quiet$/);
    await until('the drawer closes', () => anna.locator('#side').evaluate((side) => side.inert));
    await anna.click('#side-button');
    await until('the drawer is open', () => anna.locator('#side').evaluate((side) => side.getBoundingClientRect().left === 0));
    await shot(anna, 'phone-rooms');
    await anna.keyboard.press('Escape');
    await anna.click('#people-button');
    await person(anna, 'anna').waitFor();
    await shot(anna, 'phone-people');
    await anna.click('#people-close');
    await anna.emulateMedia({ colorScheme: 'dark' });
    await anna.click('#side-button');
    await place(anna, '#lobby').click();
    await textIs(anna, '#title', /^#lobby$/);
    await shot(anna, 'phone-dark');
    for (const selector of ['#side-button', '#leave', '#people-button', '#send']) {
      const box = await anna.locator(selector).boundingBox();
      assert(box.width >= 36 && box.height >= 36, `${selector} is too small for a finger: ${JSON.stringify(box)}`);
    }
    for (const width of [320, 600, 761, 900, 1041, 1600]) {
      await anna.setViewportSize({ width, height: 700 });
      assert((await overflow(anna)) === 0, `the page overflows at ${width} px`);
    }
  });

  await check('no page complained, broke its policy, or asked anyone but the server', async () => {
    // While the server is down the browser itself reports each connection that fails.
    const expected = /WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/;
    const complaints = pages.flatMap((page) => page.complaints).filter((words) => !expected.test(words));
    assert(complaints.length === 0, complaints.join('\n'));
    assert(pages.every(({ foreign }) => foreign.length === 0), pages.flatMap(({ foreign }) => foreign).join('\n'));
    for (const page of [anna, carol]) {
      const violations = await page.evaluate(() => window.__violations);
      assert(violations.length === 0, violations.join('\n'));
    }
  });
} finally {
  irssi?.close();
  await browser.close();
  await server.stop();
}
const code = close();
if (code !== 0) console.log(`\nThe server’s last words:\n${server.log.slice(-2_000)}`);
process.exit(code);
