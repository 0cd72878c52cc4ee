// What goes wrong is told kindly, and what is hostile stays text.
import { assert, check, line, person, place, say, shot, textIs, until } from '../harness.mjs';

export async function trouble(stage) {
  const { open, anna, carol, irssi } = stage;

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
}
