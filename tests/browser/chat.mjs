// The page in a real browser against the real server, with a plain IRC client in the same rooms: `node chat.mjs [SERVER]`.
import { breaks } from './checks/breaks.mjs';
import { hands } from './checks/hands.mjs';
import { looks } from './checks/looks.mjs';
import { moves } from './checks/moves.mjs';
import { talk } from './checks/talk.mjs';
import { trouble } from './checks/trouble.mjs';
import { Server, close, launch, openPage, place, textIs } from './harness.mjs';

const server = await Server.create();
await server.start();
const browser = await launch();

/** What the checks share: they run in this order, as one story of anna and carol on pages and irssi in a terminal. */
const stage = {
  server,
  browser,
  pages: [],
  anna: null,
  carol: null,
  irssi: null,
  async open(options) {
    const page = await openPage(browser, server.url, options);
    stage.pages.push(page);
    return page;
  },
  /** Both pages in the first room, whatever the check before left behind. */
  async home() {
    for (const page of [stage.anna, stage.carol]) {
      await page.keyboard.press('Escape');
      await place(page, '#lobby').click();
      await textIs(page, '#title', /^#lobby$/);
    }
  },
};

try {
  for (const checks of [talk, trouble, hands, breaks, looks, moves]) await checks(stage);
} finally {
  stage.irssi?.close();
  await browser.close();
  await server.stop();
}
const code = close();
if (code !== 0) console.log(`\nThe server’s last words:\n${server.log.slice(-2_000)}`);
process.exit(code);
