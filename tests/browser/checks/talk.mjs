// Two pages and a TCP client in one room: words, marks, typing, absence, topics, private talk.
import { assert, check, enter, Irc, line, person, place, say, shot, text, textIs, titleIs, until } from '../harness.mjs';

export async function talk(stage) {
  const { server, open, home } = stage;
  let anna;
  let carol;
  let irssi;

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
    anna = stage.anna = await open({ name: 'anna' });
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
    irssi = stage.irssi = await Irc.create(server.ircPort, 'irssi');
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
    carol = stage.carol = await open({ name: 'carol' });
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
}
