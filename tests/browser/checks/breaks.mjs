// Connections that break, servers that die, nicks that are taken in between.
import { assert, check, Irc, line, person, place, say, shot, text, textIs, until } from '../harness.mjs';

export async function breaks(stage) {
  const { server, home, anna, carol } = stage;
  let { irssi } = stage;

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
    irssi = stage.irssi = await Irc.create(server.ircPort, 'irssi');
    await irssi.join('#lobby');
    irssi.send('PRIVMSG #lobby :good to see you again, anna');
    await line(anna, 'good to see you again');
  });

  await check('a server that ends in good order says so, and the page waits for it', async () => {
    await server.stop('SIGINT');
    await textIs(anna, '#banner', /connection is lost|not connected/i);
    await server.start();
    await Promise.all([anna, carol].map((page) => until(`${page.label} is back`, async () => (await text(page, '#me-state')) === 'here', 60_000)));
    irssi = stage.irssi = await Irc.create(server.ircPort, 'irssi');
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
    irssi = stage.irssi = await Irc.create(server.ircPort, 'irssi');
    await irssi.join('#lobby');
    await irssi.join('#club');
    irssi.send('INVITE carol #club');
    await textIs(carol, '#flash-words', /irssi invites you to #club/);
    await carol.click('#flash-act');
    await textIs(carol, '#title', /^#club$/);
    await carol.click('#leave');
    await home();
  });
}
