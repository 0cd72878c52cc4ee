// Two servers that are one network: who loses one goes on at the other.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Irc, Server, assert, check, enter, freePort, line, openPage, person, say, serverPath, shot, text, until } from '../harness.mjs';

export async function moves({ browser }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'chat-network-'));
  const secret = path.join(folder, 'secret');
  writeFileSync(secret, 'a secret that only this test knows');
  const nodes = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const flags = (at) => ['--name', `${'ab'[at]}.test`, '--node', nodes[at], '--join', nodes[1 - at], '--secret-file', secret];
  const servers = [await Server.create(serverPath(), flags(0)), await Server.create(serverPath(), flags(1))];
  const here = async (page) => (await text(page, '#me-state')) === 'here';
  let dora;
  let irssi;
  try {
    await check('people on two servers meet in one room', async () => {
      for (const server of servers) await server.start();
      irssi = await Irc.create(servers[1].ircPort, 'irssi');
      await until('the servers know each other', async () => {
        const from = irssi.lines.length;
        irssi.send('LINKS');
        await irssi.sees(/ 365 /, from);
        return irssi.lines.slice(from).some((words) => words.includes('a.test'));
      });
      await irssi.join('#lobby');
      dora = await openPage(browser, servers[0].url, { name: 'dora' });
      await enter(dora, 'dora');
      await person(dora, 'irssi').waitFor();
      irssi.send('PRIVMSG #lobby :hello from the other server');
      await line(dora, 'hello from the other server');
      await say(dora, 'hello back');
      await irssi.sees(/:dora!\S+ PRIVMSG #lobby :hello back/);
    });

    await check('a page whose server is killed goes on at the other one, under its nick', async () => {
      const from = irssi.lines.length;
      await servers[0].stop('SIGKILL');
      await irssi.sees(/:dora!\S+ QUIT :b.test a.test/, from);
      await until('dora is back', () => here(dora), 60_000);
      await irssi.sees(/:dora_?!\S+ JOIN (:?)#lobby/, from);
      await until('the nick is the same', async () => (await text(dora, '#me-nick')) === 'dora', 60_000);
      await person(dora, 'irssi').waitFor();
      irssi.send('PRIVMSG #lobby :good that you are here again');
      await line(dora, 'good that you are here again');
      await say(dora, 'as if nothing had happened');
      await irssi.sees(/:dora!\S+ PRIVMSG #lobby :as if nothing had happened/);
      await shot(dora, 'moved');
    });

    await check('and back, when that one is killed', async () => {
      await servers[0].start();
      await until('the servers know each other', async () => {
        const from = irssi.lines.length;
        irssi.send('LINKS');
        await irssi.sees(/ 365 /, from);
        return irssi.lines.slice(from).some((words) => words.includes('a.test'));
      });
      const again = await Irc.create(servers[0].ircPort, 'again');
      await again.join('#lobby');
      const from = again.lines.length;
      await servers[1].stop('SIGKILL');
      // Until this the page may not know yet that it has lost its server, and shows what it has shown.
      await again.sees(/:dora!\S+ QUIT :a.test b.test/, from);
      await until('dora is back', () => here(dora), 60_000);
      await again.sees(/:dora_?!\S+ JOIN (:?)#lobby/, from);
      await say(dora, 'still here');
      await again.sees(/:dora_?!\S+ PRIVMSG #lobby :still here/, from);
      again.close();
      assert((await dora.evaluate(() => window.__violations)).length === 0, 'the policy was violated');
    });
  } finally {
    irssi?.close();
    await dora?.context().close();
    for (const server of servers) await server.stop();
    rmSync(folder, { recursive: true });
  }
}
