// Colours, contrast, narrow screens, and a page that complains of nothing.
import { assert, check, line, person, place, say, shot, textIs, until } from '../harness.mjs';

export async function looks(stage) {
  const { pages, anna, carol, irssi } = stage;

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
    for (const words of ['Morning! The kettle is on.', 'Notes of yesterday: https://example.org/notes', 'anna, have a look when you find the time']) {
      irssi.send(`PRIVMSG #lobby :${words}`);
    }
    await line(anna, 'have a look');
    await say(anna, 'Gladly, from the train');
    await say(carol, 'Then let us meet in #quiet at ten');
    await line(anna, 'meet in #quiet');
    await until('nothing is pending', async () => (await anna.locator('#lines .pending').count()) === 0);
    await shot(anna, 'phone');
    irssi.send('PRIVMSG #lobby :a-word-without-any-end-'.padEnd(300, 'x'));
    await line(anna, 'a-word-without-any-end');
    assert((await overflow(anna)) === 0, 'a long word makes the page wider');
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
}
